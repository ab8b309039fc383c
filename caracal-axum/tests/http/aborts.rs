//! Clients that disconnect, and timeouts that look the same.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::StatusCode;
use axum::http::header::CONTENT_LENGTH;
use axum::routing::get;
use tower_http::timeout::TimeoutLayer;

use super::support::{Gateway, never, stalled};

#[tokio::test]
async fn a_client_gone_before_the_head() {
    let gateway = Gateway::start(|layer| Router::new().route("/", get(never)).layer(layer)).await;
    let client = gateway.send("GET /").await;
    gateway.until_in_flight(1).await;
    assert!(
        gateway.samples("caracal_gateway_requests_total").is_empty(),
        "nothing is counted before its end"
    );
    drop(client);
    gateway.assert_counted(&["GET 499 none 1"]).await;
}

#[tokio::test]
async fn a_client_gone_in_the_middle_of_the_body() {
    let app = |layer| Router::new().route("/", get(async || stalled("first"))).layer(layer);
    let gateway = Gateway::start(app).await;
    let mut client = gateway.send("GET /").await;
    client.read_until("first").await;
    assert_eq!(gateway.in_flight(), 1);
    drop(client);
    gateway.assert_counted(&["GET 499 none 1"]).await;
}

#[tokio::test]
async fn a_client_gone_before_the_first_byte_of_the_body() {
    let app = |layer| Router::new().route("/", get(async || stalled(""))).layer(layer);
    let gateway = Gateway::start(app).await;
    let mut client = gateway.send("GET /").await;
    client.read_until("\r\n\r\n").await;
    assert_eq!(gateway.in_flight(), 1);
    drop(client);
    gateway.assert_counted(&["GET 499 none 1"]).await;
}

#[tokio::test]
async fn a_client_gone_while_bytes_of_the_announced_length_are_missing() {
    let app = |layer| {
        let handler = async || ([(CONTENT_LENGTH, "6")], stalled("first"));
        Router::new().route("/", get(handler)).layer(layer)
    };
    let gateway = Gateway::start(app).await;
    let mut client = gateway.send("GET /").await;
    client.read_until("first").await;
    drop(client);
    gateway.assert_counted(&["GET 499 none 1"]).await;
}

#[tokio::test]
async fn a_client_that_never_sends_its_body() {
    let app = |layer| {
        Router::new().route("/", axum::routing::post(async |body: String| body)).layer(layer)
    };
    let gateway = Gateway::start(app).await;
    let mut client = gateway.send_with("POST /", "Content-Length: 5\r\n").await;
    client.write("abc").await;
    gateway.until_in_flight(1).await;
    drop(client);
    // axum's extractor sees the broken body and answers 400 to a client that is gone, or is dropped before.
    super::support::until(|| gateway.in_flight() == 0, String::new).await;
    let counted = gateway.samples("caracal_gateway_requests_total{");
    assert!(["POST 400 none 1", "POST 499 none 1"].contains(&&*counted.join(", ")), "{counted:?}");
}

#[tokio::test]
async fn a_timeout_inside_of_the_layer_answers() {
    let timeout =
        TimeoutLayer::with_status_code(StatusCode::GATEWAY_TIMEOUT, Duration::from_millis(1));
    let app = |layer| Router::new().route("/", get(never)).layer(timeout).layer(layer);
    let gateway = Gateway::start(app).await;
    assert!(gateway.ask("GET /").await.starts_with("HTTP/1.1 504"));
    gateway.assert_counted(&["GET 504 none 1"]).await;
}

#[tokio::test]
async fn a_timeout_outside_of_the_layer_is_a_caller_that_went_away() {
    let timeout =
        TimeoutLayer::with_status_code(StatusCode::GATEWAY_TIMEOUT, Duration::from_millis(1));
    let app = |layer| Router::new().route("/", get(never)).layer(layer).layer(timeout);
    let gateway = Gateway::start(app).await;
    assert!(gateway.ask("GET /").await.starts_with("HTTP/1.1 504"));
    gateway.assert_counted(&["GET 499 none 1"]).await;
}

#[tokio::test]
async fn a_layer_outside_that_replaces_the_body_is_a_caller_that_went_away() {
    let app = |layer| {
        Router::new().route("/", get(async || "never read")).layer(layer).layer(
            axum::middleware::map_response(async |response: axum::response::Response| {
                response.map(|_| Body::from("other"))
            }),
        )
    };
    let gateway = Gateway::start(app).await;
    assert!(gateway.ask("GET /").await.ends_with("other"));
    gateway.assert_counted(&["GET 499 none 1"]).await;
}
