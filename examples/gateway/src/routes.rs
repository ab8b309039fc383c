//! The HTTP interface.

use std::sync::Arc;

use axum::extract::{Extension, Path, Query, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use caracal_metrics::MetricsRegistry;
use caracal_metrics::axum::{
    AuthMethod, DegradedMode, GatewayMetricsLayer, live_page, metrics_endpoint,
};
use serde::Deserialize;
use serde_json::json;

use crate::auth::{Caller, Credentials};
use crate::breaker::GuardedStore;
use crate::error::ApiError;
use crate::ledger::Ledger;
use crate::policy::Policies;
use crate::replay::{NONCE_HEADER, Nonces};
use crate::store::Effect;

/// The response header that reports that the database was not available.
pub const DEGRADED_HEADER: &str = "x-degraded-mode";

/// The state that the handlers share.
#[derive(Debug)]
pub struct Services {
    /// Authenticates callers.
    pub credentials: Credentials,
    /// The nonces that were used.
    pub nonces: Nonces,
    /// Decides what agents may do.
    pub policies: Policies,
    /// Stores the decisions.
    pub ledger: Ledger,
    /// The database.
    pub store: Arc<GuardedStore>,
}

type Shared = State<Arc<Services>>;

/// Returns the routes of the gateway.
pub fn router(services: Arc<Services>, metrics: &MetricsRegistry) -> Router {
    let authenticated = middleware::from_fn_with_state(Arc::clone(&services), authenticate);
    Router::new()
        .route("/v1/agents/{agent_id}/actions/{action}", post(act))
        .route("/v1/agents/{agent_id}/policies/{action}", put(set_policy).delete(remove_policy))
        .route("/v1/agents/{agent_id}/ledger", get(read_ledger))
        .route_layer(authenticated)
        .fallback(async || ApiError::NotFound)
        .layer(GatewayMetricsLayer::new(metrics).by_route())
        // After the layer, so that scrapes, viewers and health checks do not count as requests to the
        // gateway.
        .route("/metrics", metrics_endpoint(metrics))
        .merge(live_page(metrics))
        .route("/health", get(health))
        .with_state(services)
}

async fn authenticate(State(services): Shared, mut request: Request, next: Next) -> Response {
    match services.credentials.authenticate(request.headers()) {
        Ok(caller) => {
            let method = AuthMethod::new(caller.method);
            request.extensions_mut().insert(caller);
            (method, next.run(request).await).into_response()
        }
        Err(refused) => ApiError::Unauthenticated(refused).into_response(),
    }
}

async fn act(
    State(services): Shared,
    Extension(caller): Extension<Caller>,
    Path((agent_id, action)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    if !caller.is(&agent_id) {
        return Err(ApiError::OtherAgent(caller.method));
    }
    let nonce = headers.get(NONCE_HEADER).and_then(|nonce| nonce.to_str().ok());
    services.nonces.use_up(&caller.name, nonce).await?;

    let decision = services.policies.evaluate(&agent_id, &action).await?;
    services.ledger.record(&agent_id, &action, decision.allowed).await;

    let status = if decision.allowed { StatusCode::OK } else { StatusCode::FORBIDDEN };
    let body = Json(json!({
        "agent_id": agent_id,
        "action": action,
        "decision": if decision.allowed { "allowed" } else { "denied" },
    }));
    let degraded = decision.degraded.then_some((DegradedMode, [(DEGRADED_HEADER, "true")]));
    Ok((status, degraded, body).into_response())
}

#[derive(Deserialize)]
struct PolicyChange {
    effect: Effect,
}

async fn set_policy(
    State(services): Shared,
    Extension(caller): Extension<Caller>,
    Path((agent_id, action)): Path<(String, String)>,
    Json(change): Json<PolicyChange>,
) -> Result<impl IntoResponse, ApiError> {
    operators_only(&caller)?;
    services.policies.set(&agent_id, &action, change.effect).await?;
    Ok(Json(json!({ "agent_id": agent_id, "action": action, "effect": change.effect })))
}

async fn remove_policy(
    State(services): Shared,
    Extension(caller): Extension<Caller>,
    Path((agent_id, action)): Path<(String, String)>,
) -> Result<StatusCode, ApiError> {
    operators_only(&caller)?;
    let removed = services.policies.remove(&agent_id, &action).await?;
    if removed { Ok(StatusCode::NO_CONTENT) } else { Err(ApiError::NotFound) }
}

fn operators_only(caller: &Caller) -> Result<(), ApiError> {
    if caller.operator { Ok(()) } else { Err(ApiError::OperatorsOnly(caller.method)) }
}

#[derive(Deserialize)]
struct LedgerQuery {
    #[serde(default = "default_limit")]
    limit: u32,
}

fn default_limit() -> u32 {
    20
}

async fn read_ledger(
    State(services): Shared,
    Extension(caller): Extension<Caller>,
    Path(agent_id): Path<String>,
    Query(query): Query<LedgerQuery>,
) -> Result<impl IntoResponse, ApiError> {
    if !caller.operator && !caller.is(&agent_id) {
        return Err(ApiError::OtherAgent(caller.method));
    }
    let entries = services.ledger.recent(&agent_id, query.limit.clamp(1, 1000)).await?;
    Ok(Json(entries))
}

/// The gateway is healthy as long as it answers. The response reports the state of the database.
async fn health(State(services): Shared) -> impl IntoResponse {
    let status = if services.store.is_degraded() { "degraded" } else { "ok" };
    let breaker = services.store.state().as_str();
    Json(json!({ "status": status, "circuit_breakers": { "database": breaker } }))
}
