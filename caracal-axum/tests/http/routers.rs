//! Every place where a layer can be added.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use axum::Router;
use axum::body::Body;
use axum::error_handling::HandleErrorLayer;
use axum::http::{Request, StatusCode};
use axum::middleware::ResponseAxumBodyLayer;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use tower::retry::{Policy, RetryLayer};
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

/// Errors become responses inside of the layer. The error type of the layer is that of the service.
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

/// The queue is outside of the layer, so a waiting request is counted when it is called.
#[tokio::test]
async fn behind_a_buffer() {
    let app = |layer| {
        let stack = ServiceBuilder::new()
            .layer(HandleErrorLayer::new(async |_: tower::BoxError| StatusCode::BAD_GATEWAY))
            .buffer(8)
            .layer(layer);
        Router::new().route("/", get(async || "whole")).route("/never", get(never)).layer(stack)
    };
    let gateway = Gateway::start(app).await;
    assert!(gateway.ask("GET /").await.ends_with("whole"));
    let client = gateway.send("GET /never").await;
    gateway.until_in_flight(1).await;
    drop(client);
    gateway.assert_counted(&["GET 200 none 1", "GET 499 none 1"]).await;
}

/// Repeats a request once after a 503.
#[derive(Clone)]
struct Once(bool);

impl<E> Policy<Request<Body>, Response, E> for Once {
    type Future = std::future::Ready<()>;

    fn retry(
        &mut self,
        _: &mut Request<Body>,
        answer: &mut Result<Response, E>,
    ) -> Option<Self::Future> {
        let failed = answer.as_ref().is_ok_and(|answer| answer.status().is_server_error());
        (failed && !std::mem::replace(&mut self.0, true)).then(|| std::future::ready(()))
    }

    fn clone_request(&mut self, request: &Request<Body>) -> Option<Request<Body>> {
        Request::get(request.uri()).body(Body::empty()).ok()
    }
}

fn fails_once() -> impl Fn() -> std::future::Ready<Response> + Clone + Send + Sync + 'static {
    let asked = Arc::new(AtomicBool::new(false));
    move || {
        let again = asked.swap(true, Relaxed);
        let status = if again { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
        std::future::ready((status, "body").into_response())
    }
}

/// A client sees one request, however many attempts it took.
#[tokio::test]
async fn around_what_asks_again() {
    let app = |layer| {
        let again = ServiceBuilder::new().layer(layer).layer(RetryLayer::new(Once(false)));
        let answer = fails_once();
        Router::new().route("/", get(async move || answer().await)).layer(again)
    };
    let gateway = Gateway::start(app).await;
    assert!(gateway.ask("GET /").await.starts_with("HTTP/1.1 200"));
    gateway.assert_counted(&["GET 200 none 1"]).await;
}

/// Each attempt is a request, and the discarded answers are counted as abandoned.
#[tokio::test]
async fn inside_of_what_asks_again() {
    let app = |layer| {
        let again = ServiceBuilder::new()
            .layer(RetryLayer::new(Once(false)))
            .layer(ResponseAxumBodyLayer)
            .layer(layer);
        let answer = fails_once();
        Router::new().route("/", get(async move || answer().await)).layer(again)
    };
    let gateway = Gateway::start(app).await;
    assert!(gateway.ask("GET /").await.starts_with("HTTP/1.1 200"));
    gateway.assert_counted(&["GET 200 none 1", "GET 499 none 1"]).await;
}

/// A timeout outside of the layer needs a body type with a default value, so ours has one.
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
