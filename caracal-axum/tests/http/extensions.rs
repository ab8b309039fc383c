//! Facts that responses report about their requests.

use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::http::header::AUTHORIZATION;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use caracal_axum::{AuthFailure, AuthMethod, DegradedMode, GatewayMetricsLayer, ReplayBlock};

use super::support::{Gateway, never, stalled};

#[derive(Clone)]
struct Claims;

#[tokio::test]
async fn a_handler_says_how_its_caller_was_authenticated() {
    let app = |layer| {
        Router::new()
            .route("/jwt", get(async || (AuthMethod::new("jwt"), ())))
            .route("/key", get(async || (AuthMethod::new("api_key".to_owned()), ())))
            .route("/open", get(async || ()))
            .layer(layer)
    };
    let gateway = Gateway::start(app).await;
    for path in ["/jwt", "/jwt", "/key", "/open"] {
        gateway.ask(&format!("GET {path}")).await;
    }
    // The label sets differ in labels that the histogram does not have.
    super::support::until(|| gateway.in_flight() == 0, String::new).await;
    assert_eq!(
        gateway.samples("caracal_gateway_requests_total{"),
        ["GET 200 api_key 1", "GET 200 jwt 2", "GET 200 none 1"]
    );
    assert_eq!(gateway.samples("caracal_gateway_request_duration_seconds_count{"), ["GET 200 4"]);
}

#[tokio::test]
async fn a_middleware_says_how_the_caller_was_authenticated() {
    async fn authenticate(request: Request, next: Next) -> Response {
        let mut response = next.run(request).await;
        response.extensions_mut().insert(AuthMethod::new("mtls"));
        response
    }
    let app = |layer| {
        Router::new()
            .route("/", get(async || ()))
            .layer(middleware::from_fn(authenticate))
            .layer(layer)
    };
    let gateway = Gateway::start(app).await;
    gateway.ask("GET /").await;
    gateway.assert_counted(&["GET 200 mtls 1"]).await;
}

#[tokio::test]
async fn failures_blocks_and_degraded_mode() {
    let app = |layer| {
        let rejected = async || {
            let failure = AuthFailure::new("jwt", "expired");
            (StatusCode::UNAUTHORIZED, failure, "expired")
        };
        let replayed = async || {
            let block = ReplayBlock::new("nonce_reused");
            (StatusCode::FORBIDDEN, AuthMethod::new("jwt"), block, "replayed")
        };
        Router::new()
            .route("/rejected", get(rejected))
            .route("/replayed", get(replayed))
            .route("/degraded", get(async || (DegradedMode, ())))
            .layer(layer)
    };
    let gateway = Gateway::start(app).await;
    for path in ["/rejected", "/replayed", "/degraded"] {
        gateway.ask(&format!("GET {path}")).await;
    }
    gateway.assert_counted(&["GET 200 none 1", "GET 401 none 1", "GET 403 jwt 1"]).await;
    let samples = |name| gateway.samples(name);
    assert_eq!(samples("caracal_gateway_auth_failures_total"), ["jwt expired 1"]);
    assert_eq!(samples("caracal_gateway_replay_blocks_total"), ["nonce_reused 1"]);
    assert_eq!(samples("caracal_gateway_degraded_mode_requests_total"), ["1"]);
}

#[tokio::test]
async fn what_was_said_stands_when_the_body_is_aborted() {
    let app = |layer| {
        let handler = async || {
            let said = (AuthMethod::new("jwt"), AuthFailure::new("api_key", "unknown"));
            (said.0, said.1, ReplayBlock::new("stale"), DegradedMode, stalled("first"))
        };
        Router::new().route("/", get(handler)).layer(layer)
    };
    let gateway = Gateway::start(app).await;
    let mut client = gateway.send("GET /").await;
    client.read_until("first").await;
    drop(client);
    gateway.assert_counted(&["GET 499 jwt 1"]).await;
    let samples = |name| gateway.samples(name);
    assert_eq!(samples("caracal_gateway_auth_failures_total"), ["api_key unknown 1"]);
    assert_eq!(samples("caracal_gateway_replay_blocks_total"), ["stale 1"]);
    assert_eq!(samples("caracal_gateway_degraded_mode_requests_total"), ["1"]);
}

/// The request, the response, the extension: the source that knows more takes precedence.
#[tokio::test]
async fn classifiers() {
    let app = |metrics: &caracal_metrics_core::MetricsRegistry| {
        let layer = GatewayMetricsLayer::new(metrics)
            .classify_auth_method(|response| response.extensions.get::<Claims>().map(|_| "claims"))
            .classify_auth_method_by_request(|request| {
                let authorization = request.headers.get(AUTHORIZATION)?.to_str().ok()?;
                let (scheme, _) = authorization.split_once(' ')?;
                (scheme == "Bearer").then_some("bearer")
            });
        let claims = async || {
            let mut response = ().into_response();
            response.extensions_mut().insert(Claims);
            response
        };
        let all = async || {
            let mut response = (AuthMethod::new("extension"), ()).into_response();
            response.extensions_mut().insert(Claims);
            response
        };
        Router::new()
            .route("/", get(async || ()))
            .route("/claims", get(claims))
            .route("/all", get(all))
            .route("/never", get(never))
            .layer(layer)
    };
    let gateway = Gateway::start_with(app).await;
    let bearer = "Authorization: Bearer abc\r\n";
    gateway.ask("GET /").await;
    gateway.ask_with("POST /", bearer).await;
    gateway.ask_with("PUT /claims", bearer).await;
    gateway.ask_with("GET /claims", bearer).await;
    gateway.ask_with("HEAD /all", bearer).await;
    let client = gateway.send_with("GET /never", bearer).await;
    gateway.until_in_flight(1).await;
    drop(client);
    super::support::until(|| gateway.in_flight() == 0, String::new).await;
    assert_eq!(
        gateway.samples("caracal_gateway_requests_total{"),
        [
            "GET 200 claims 1",
            "GET 200 none 1",
            "GET 499 bearer 1",
            "HEAD 200 extension 1",
            "POST 405 bearer 1",
            "PUT 405 bearer 1",
        ]
    );
}
