//! Panics and errors.

use std::io;

use axum::Router;
use axum::body::Body;
use axum::http::StatusCode;
use axum::http::header::CONTENT_LENGTH;
use axum::response::Response;
use axum::routing::{MethodRouter, get};
use futures_util::{StreamExt, stream};
use http_body_util::StreamBody;
use hyper::body::Frame;
use tower::{Layer, ServiceBuilder};
use tower_http::catch_panic::CatchPanicLayer;

use super::support::{Gateway, around, never};

async fn panics() -> &'static str {
    // After a wait, so that the panic happens in a later poll than the first one.
    tokio::task::yield_now().await;
    panic!("the handler panics")
}

fn body_then(last: impl Fn() -> Result<Frame<&'static [u8]>, io::Error> + Send + 'static) -> Body {
    let first = stream::iter([Ok(Frame::data(&b"first"[..]))]);
    let last = stream::once(async move {
        // hyper writes to the socket only when the body yields.
        tokio::task::yield_now().await;
        last()
    });
    let frames = first
        .chain(last)
        .map(|frame| frame.map(|frame| frame.map_data(axum::body::Bytes::from_static)));
    Body::new(StreamBody::new(frames))
}

#[tokio::test]
async fn a_handler_that_panics() {
    let gateway = Gateway::start(|layer| Router::new().route("/", get(panics)).layer(layer)).await;
    assert_eq!(gateway.ask("GET /").await, "", "the connection breaks");
    gateway.assert_counted(&["GET 500 none 1"]).await;
}

#[tokio::test]
async fn a_panic_caught_inside_of_the_layer() {
    let app =
        |layer| Router::new().route("/", get(panics)).layer(CatchPanicLayer::new()).layer(layer);
    let gateway = Gateway::start(app).await;
    assert!(gateway.ask("GET /").await.starts_with("HTTP/1.1 500"));
    gateway.assert_counted(&["GET 500 none 1"]).await;
}

/// The code that catches the panic drops the request's future when the panic is over.
#[tokio::test]
async fn a_panic_caught_outside_of_the_layer() {
    let app =
        |layer| Router::new().route("/", get(panics)).layer(layer).layer(CatchPanicLayer::new());
    let gateway = Gateway::start(app).await;
    assert!(gateway.ask("GET /").await.starts_with("HTTP/1.1 500"));
    gateway.assert_counted(&["GET 500 none 1"]).await;
}

#[tokio::test]
async fn a_service_that_panics_when_called() {
    fn call(_: hyper::Request<hyper::body::Incoming>) -> std::future::Ready<io::Result<Response>> {
        panic!("the service panics")
    }
    let gateway = Gateway::start_plain(|layer| {
        ServiceBuilder::new().layer(CatchPanicLayer::new()).layer(layer).service_fn(call)
    })
    .await;
    assert!(gateway.ask("GET /").await.starts_with("HTTP/1.1 500"));
    gateway.assert_counted(&["GET 500 none 1"]).await;
}

async fn a_layer_outside_panics_on(answer: MethodRouter) {
    let app = |layer| {
        Router::new()
            .route("/", answer)
            .layer(layer)
            .layer(axum::middleware::map_response(async |_: Response| panics().await))
    };
    let gateway = Gateway::start(app).await;
    assert_eq!(gateway.ask("GET /").await, "", "the connection breaks");
    gateway.assert_counted(&["GET 500 none 1"]).await;
}

#[tokio::test]
async fn a_panic_of_a_layer_outside_is_no_abort() {
    a_layer_outside_panics_on(get(async || "never read")).await;
    // It has no body that could be incomplete, but it was not sent either.
    a_layer_outside_panics_on(get(async || ())).await;
}

/// hyper sends one response for a request, and a 1xx does not count as one.
#[tokio::test]
async fn an_answer_that_can_be_none() {
    let processing = async || StatusCode::PROCESSING;
    let app = |layer| Router::new().route("/", get(processing)).layer(layer);
    let gateway = Gateway::start(app).await;
    let answer = gateway.ask("GET /").await;
    assert!(answer.starts_with("HTTP/1.1 500"), "{answer}");
    gateway.assert_counted(&["GET 500 none 1"]).await;
}

#[tokio::test]
async fn a_service_that_fails() {
    let service = tower::service_fn(async |_| Err::<Response, _>(io::Error::other("down")));
    let gateway = Gateway::start_plain(|layer| layer.layer(service)).await;
    assert_eq!(gateway.ask("GET /").await, "", "hyper has no answer to make of it");
    gateway.assert_counted(&["GET 500 none 1"]).await;
}

/// tower's own timeout is an error, not a response.
#[tokio::test]
async fn a_timeout_that_fails_inside_of_the_layer() {
    let gateway = Gateway::start_plain(|layer| {
        ServiceBuilder::new()
            .layer(layer)
            .timeout(std::time::Duration::from_millis(1))
            .service_fn(async |_| io::Result::Ok(never().await))
    })
    .await;
    assert_eq!(gateway.ask("GET /").await, "");
    gateway.assert_counted(&["GET 500 none 1"]).await;
}

#[tokio::test]
async fn a_body_that_fails() {
    let app = |layer| {
        let handler = async || body_then(|| Err(io::Error::other("the upstream is gone")));
        Router::new().route("/", get(handler)).layer(layer)
    };
    let gateway = Gateway::start(app).await;
    let answer = gateway.ask("GET /").await;
    assert!(answer.starts_with("HTTP/1.1 200") && !answer.ends_with("0\r\n\r\n"));
    gateway.assert_counted(&["GET 500 none 1"]).await;
}

#[tokio::test]
async fn a_body_that_falls_short_of_its_announced_length() {
    let app = |layer| {
        let handler = async || {
            let frames = stream::iter([io::Result::Ok("first")]);
            ([(CONTENT_LENGTH, "6")], Body::from_stream(frames))
        };
        Router::new().route("/", get(handler)).layer(layer)
    };
    let gateway = Gateway::start(app).await;
    gateway.ask("GET /").await;
    gateway.assert_counted(&["GET 500 none 1"]).await;
}

#[tokio::test]
async fn a_body_that_panics() {
    let app = |layer| {
        let handler = async || body_then(|| panic!("the body panics"));
        Router::new().route("/", get(handler)).layer(layer)
    };
    let gateway = Gateway::start(app).await;
    let answer = gateway.ask("GET /").await;
    assert!(answer.starts_with("HTTP/1.1 200") && !answer.ends_with("0\r\n\r\n"));
    gateway.assert_counted(&["GET 500 none 1"]).await;
}

#[tokio::test]
async fn a_classifier_that_panics() {
    let app = |metrics: &caracal_metrics_core::MetricsRegistry| {
        let layer = caracal_axum::GatewayMetricsLayer::new(metrics)
            .classify_auth_method(|_| -> Option<&str> { panic!("the classifier panics") });
        Router::new().route("/", get(async || "")).layer(around(layer, metrics))
    };
    let gateway = Gateway::start_with(app).await;
    assert_eq!(gateway.ask("GET /").await, "", "the connection breaks");
    gateway.assert_counted(&["GET 500 none 1"]).await;
}
