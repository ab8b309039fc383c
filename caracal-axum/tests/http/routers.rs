//! Every place that a layer can be put in.

use std::convert::Infallible;

use axum::Router;
use axum::body::Body;
use axum::error_handling::HandleErrorLayer;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use tower::{Layer, ServiceBuilder};
use tower_http::timeout::TimeoutLayer;

use super::support::{Gateway, never};

#[tokio::test]
async fn around_a_router_fallback_and_all() {
    let app = |layer| Router::new().route("/", get(async || ())).layer(layer);
    let gateway = Gateway::start(app).await;
    gateway.ask("GET /").await;
    gateway.ask("POST /").await;
    gateway.ask("GET /nowhere/4711").await;
    gateway.assert_counted(&["GET 200 none 1", "GET 404 none 1", "POST 405 none 1"]).await;
}

#[tokio::test]
async fn around_the_routes_alone() {
    let app = |layer| {
        Router::new()
            .route("/", get(async || ()))
            .route_layer(layer)
            .route("/later", get(async || ()))
    };
    let gateway = Gateway::start(app).await;
    gateway.ask("GET /nowhere").await;
    gateway.ask("GET /later").await;
    gateway.ask("GET /").await;
    gateway.assert_counted(&["GET 200 none 1"]).await;
}

#[tokio::test]
async fn around_routers_in_routers() {
    let app = |layer| {
        let inner = Router::new().route("/tools", post(async || ()));
        let counted = Router::new().nest("/v1", Router::new().nest("/agents", inner));
        let merged = Router::new().route("/health", get(async || ()));
        counted.merge(merged).layer(layer)
    };
    let gateway = Gateway::start(app).await;
    gateway.ask("POST /v1/agents/tools").await;
    gateway.ask("GET /v1/agents/nowhere").await;
    gateway.ask("GET /health").await;
    gateway.assert_counted(&["GET 200 none 1", "GET 404 none 1", "POST 200 none 1"]).await;
}

#[tokio::test]
async fn around_a_router_inside_of_another() {
    let app = |layer| {
        let inner = Router::new().route("/tools", get(async || ())).layer(layer);
        Router::new().route("/health", get(async || ())).nest("/v1", inner)
    };
    let gateway = Gateway::start(app).await;
    gateway.ask("GET /health").await;
    gateway.ask("GET /v1/tools").await;
    gateway.assert_counted(&["GET 200 none 1"]).await;
}

#[tokio::test]
async fn around_one_method() {
    let app = |layer| Router::new().route("/", get(async || ()).layer(layer).post(async || ()));
    let gateway = Gateway::start(app).await;
    gateway.ask("POST /").await;
    gateway.ask("GET /").await;
    gateway.assert_counted(&["GET 200 none 1"]).await;
}

/// Errors become responses inside of the layer, whose own error type stays the service's.
#[tokio::test]
async fn in_a_stack_of_layers() {
    let app = |layer| {
        let stack = ServiceBuilder::new()
            .layer(layer)
            .layer(HandleErrorLayer::new(async |_: tower::BoxError| StatusCode::GATEWAY_TIMEOUT))
            .timeout(std::time::Duration::from_millis(1));
        Router::new().route("/", get(never)).layer(stack)
    };
    let gateway = Gateway::start(app).await;
    assert!(gateway.ask("GET /").await.starts_with("HTTP/1.1 504"));
    gateway.assert_counted(&["GET 504 none 1"]).await;
}

/// A timeout outside needs a default body, also of ours.
#[tokio::test]
async fn around_a_plain_service_inside_of_other_layers() {
    let service =
        tower::service_fn(async |_| Ok::<_, Infallible>(Response::new(Body::from("whole"))));
    let gateway = Gateway::start_plain(|layer| {
        let timeout = TimeoutLayer::with_status_code(
            StatusCode::GATEWAY_TIMEOUT,
            std::time::Duration::from_secs(60),
        );
        timeout.layer(layer.layer(service))
    })
    .await;
    assert!(gateway.ask("GET /").await.ends_with("whole"));
    gateway.assert_counted(&["GET 200 none 1"]).await;
}
