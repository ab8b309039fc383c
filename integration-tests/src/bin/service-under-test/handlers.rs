//! The handlers of the service under test.

use std::sync::Arc;

use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use caracal_metrics::axum::{
    AuthFailure, AuthMethod, DegradedMode, GatewayMetricsLayer, MetricsEndpoint, ReplayBlock,
};
use caracal_metrics::{CircuitBreakerState, PolicyDecisionType};
use failsafe::Error;
use integration_tests::service::{
    CACHE, Connections, DATABASE, DEGRADED, GOOD_KEY, KEY, NONCE, POOL,
};

use crate::parts::Parts;

type Shared = State<Arc<Parts>>;
type Asked<T> = Result<T, Error<sqlx::Error>>;

pub(crate) fn router(parts: Parts) -> Router {
    let metrics = parts.metrics.clone();
    let parts = Arc::new(parts);
    Router::new()
        .route("/agents/{agent}/act", post(act))
        .route("/agents/{agent}/ledger", get(read_ledger).post(write_ledger))
        .route("/agents/{agent}/transfer", post(transfer))
        .route("/lock", get(wait_for_lock))
        .layer(middleware::from_fn_with_state(Arc::clone(&parts), authenticate))
        .layer(GatewayMetricsLayer::new(&metrics).by_route())
        .route(POOL, get(connections))
        .route("/metrics", MetricsEndpoint::new(&metrics).into_method_router())
        .with_state(parts)
}

async fn authenticate(State(parts): Shared, request: Request, next: Next) -> Response {
    let header = |headers: &HeaderMap, name| {
        headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
    };
    if header(request.headers(), KEY).as_deref() != Some(GOOD_KEY) {
        let failure = AuthFailure::new("key", "unknown_key");
        return (StatusCode::UNAUTHORIZED, failure, ()).into_response();
    }
    if let Some(nonce) = header(request.headers(), NONCE) {
        if parts.nonces.get(&nonce).await.is_some() {
            let blocked = (AuthMethod::new("key"), ReplayBlock::new("nonce_reused"));
            return (StatusCode::CONFLICT, blocked, ()).into_response();
        }
        parts.nonces.insert(nonce, ()).await;
    }
    (AuthMethod::new("key"), next.run(request).await).into_response()
}

async fn act(State(parts): Shared, Path(agent): Path<String>) -> Response {
    let mut timer = parts.metrics.time_policy_evaluation(PolicyDecisionType::Error, &agent);
    // Set if this request asked the database itself, and did not wait for another request that did.
    let mut asked = None;
    let allowed = parts
        .policies
        .try_get_with(agent.clone(), async {
            let select = sqlx::query_scalar("select effect from policies where agent = $1");
            let effect = select.bind(agent.as_str()).fetch_optional(&parts.pool);
            let effect: Asked<Option<String>> = parts.breaker.call_async(effect).await;
            asked = Some(came_of(&effect));
            effect.map(|effect| effect.as_deref() == Some("allow"))
        })
        .await;
    let database = asked.map(|asked| [(DATABASE, asked)]);
    let Ok(allowed) = allowed else {
        return (StatusCode::SERVICE_UNAVAILABLE, database, [(CACHE, "miss")]).into_response();
    };
    let (decision, status) = if allowed {
        (PolicyDecisionType::Allowed, StatusCode::OK)
    } else {
        (PolicyDecisionType::Denied, StatusCode::FORBIDDEN)
    };
    timer.set_decision(decision);
    let cache = if asked.is_none() { "hit" } else { "miss" };
    let alone = asked.is_none() && parts.breaker.state() != CircuitBreakerState::Closed;
    let degraded = alone.then_some((DegradedMode, [(DEGRADED, "true")]));
    (status, database, [(CACHE, cache)], degraded, ()).into_response()
}

async fn read_ledger(State(parts): Shared, Path(agent): Path<String>) -> Response {
    let select = sqlx::query_scalar("select count(*) from ledger where agent = $1").bind(agent);
    let entries: Asked<i64> = parts.breaker.call_async(select.fetch_one(&parts.pool)).await;
    answer(entries.map(|entries| entries.to_string()))
}

async fn write_ledger(State(parts): Shared, Path(agent): Path<String>) -> Response {
    let insert = sqlx::query("insert into ledger (agent) values ($1)").bind(agent);
    let inserted = parts.breaker.call_async(insert.execute(&parts.pool)).await;
    answer(inserted.map(|_| StatusCode::CREATED))
}

/// Four statements in one call through the breaker.
async fn transfer(State(parts): Shared, Path(agent): Path<String>) -> Response {
    let transaction = async {
        let mut transaction = Box::pin(parts.pool.begin()).await?;
        sqlx::query("update policies set uses = uses + 1 where agent = $1")
            .bind(&agent)
            .execute(&mut transaction)
            .await?;
        sqlx::query("insert into ledger (agent) values ($1)")
            .bind(&agent)
            .execute(&mut transaction)
            .await?;
        transaction.commit().await
    };
    answer(parts.breaker.call_async(transaction).await)
}

/// Waits in the database until the test releases a lock. This is a slow query that does not depend on
/// time.
async fn wait_for_lock(State(parts): Shared) -> Response {
    let lock = sqlx::query("select pg_advisory_xact_lock_shared(1)");
    let locked = parts.breaker.call_async(lock.execute(&parts.pool)).await;
    answer(locked.map(|_| StatusCode::OK))
}

async fn connections(State(parts): Shared) -> Json<Connections> {
    let pool = parts.pool.inner();
    Json(Connections { open: pool.size(), idle: pool.num_idle() })
}

fn answer(asked: Asked<impl IntoResponse>) -> Response {
    let database = [(DATABASE, came_of(&asked))];
    match asked {
        Ok(answer) => (database, answer).into_response(),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, database).into_response(),
    }
}

fn came_of<T>(asked: &Asked<T>) -> &'static str {
    match asked {
        Ok(_) => "success",
        Err(Error::Inner(_)) => "failure",
        Err(Error::Rejected) => "rejection",
    }
}
