//! Responses that end normally, in different ways.

use std::convert::Infallible;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::header::{CONTENT_LENGTH, TRAILER};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum::routing::get;
use futures_util::{StreamExt, stream};
use http_body_util::StreamBody;
use http_body_util::channel::Channel;
use hyper::body::Frame;
use tower::Layer;

use super::support::{Gateway, stalled};

async fn answering(handler: fn() -> Response) -> Gateway {
    Gateway::start(|layer| Router::new().route("/", get(async move || handler())).layer(layer))
        .await
}

fn stream_of(frames: Vec<Frame<Bytes>>) -> Body {
    let frames = stream::iter(frames.into_iter().map(Ok::<_, Infallible>));
    Body::new(StreamBody::new(frames))
}

fn data(text: &'static str) -> Frame<Bytes> {
    Frame::data(Bytes::from_static(text.as_bytes()))
}

#[tokio::test]
async fn a_body_of_known_size() {
    let gateway = answering(|| Response::new("whole".into())).await;
    assert!(gateway.ask("GET /").await.ends_with("whole"));
    gateway.assert_counted(&["GET 200 none 1"]).await;
}

#[tokio::test]
async fn an_empty_body() {
    let gateway = answering(|| Response::new(Body::empty())).await;
    assert!(gateway.ask("GET /").await.starts_with("HTTP/1.1 200"));
    gateway.assert_counted(&["GET 200 none 1"]).await;
}

#[tokio::test]
async fn an_empty_stream() {
    let gateway = answering(|| Response::new(stream_of(vec![]))).await;
    assert!(gateway.ask("GET /").await.starts_with("HTTP/1.1 200"));
    gateway.assert_counted(&["GET 200 none 1"]).await;
}

#[tokio::test]
async fn a_stream_read_to_its_end() {
    let gateway = answering(|| Response::new(stream_of(vec![data("a"), data("b")]))).await;
    assert!(gateway.ask("GET /").await.ends_with("0\r\n\r\n"));
    gateway.assert_counted(&["GET 200 none 1"]).await;
}

/// hyper stops at the announced length and never asks whether the stream has ended.
#[tokio::test]
async fn a_stream_of_announced_length() {
    let gateway = answering(|| {
        let mut response = Response::new(stalled("first"));
        response.headers_mut().insert(CONTENT_LENGTH, 5.into());
        response
    })
    .await;
    assert!(gateway.ask("GET /").await.ends_with("first"));
    gateway.assert_counted(&["GET 200 none 1"]).await;
}

/// hyper stops at trailers, which are always last.
#[tokio::test]
async fn trailers() {
    let gateway = answering(|| {
        let mut trailers = HeaderMap::new();
        trailers.insert("checksum", "1".parse().unwrap());
        let frames = stream::iter([data("first"), Frame::trailers(trailers)]);
        let frames = frames.chain(stream::pending()).map(Ok::<_, Infallible>);
        let mut response = Response::new(Body::new(StreamBody::new(frames)));
        let headers = response.headers_mut();
        headers.insert(TRAILER, "checksum".parse().unwrap());
        response
    })
    .await;
    let answer = gateway.ask_with("GET /", "TE: trailers\r\n").await;
    assert!(answer.ends_with("checksum: 1\r\n\r\n"), "{answer}");
    gateway.assert_counted(&["GET 200 none 1"]).await;
}

#[tokio::test]
async fn head_of_a_get_route() {
    let gateway = answering(|| Response::new("whole".into())).await;
    let answer = gateway.ask("HEAD /").await;
    assert!(answer.contains("content-length: 5") && answer.ends_with("\r\n\r\n"));
    gateway.assert_counted(&["HEAD 200 none 1"]).await;
}

#[tokio::test]
async fn head_of_a_get_route_that_streams() {
    let gateway = answering(|| Response::new(stalled("first"))).await;
    assert!(gateway.ask("HEAD /").await.ends_with("\r\n\r\n"));
    gateway.assert_counted(&["HEAD 200 none 1"]).await;
}

/// hyper drops these bodies without reading them, whatever they contain.
#[tokio::test]
async fn responses_that_have_no_body() {
    for (line, status, counted) in [
        ("HEAD /", StatusCode::OK, "HEAD 200 none 1"),
        ("HEAD /", StatusCode::NOT_FOUND, "HEAD 404 none 1"),
        ("CONNECT a:443", StatusCode::OK, "CONNECT 200 none 1"),
        ("GET /", StatusCode::NO_CONTENT, "GET 204 none 1"),
        ("GET /", StatusCode::NOT_MODIFIED, "GET 304 none 1"),
    ] {
        let service = tower::service_fn(move |_| async move {
            let mut response = Response::new(stalled("first"));
            *response.status_mut() = status;
            Ok::<_, Infallible>(response)
        });
        let gateway = Gateway::start_plain(|layer| layer.layer(service)).await;
        let answer = gateway.ask(line).await;
        assert!(answer.ends_with("\r\n\r\n"), "{answer}");
        gateway.assert_counted(&[counted]).await;
    }
}

#[tokio::test]
async fn many_requests_on_one_connection() {
    let gateway = answering(|| Response::new("whole".into())).await;
    let mut client = gateway.send("GET /").await;
    for _ in 0..4 {
        client.read_until("whole").await;
        client.write("GET / HTTP/1.1\r\nHost: gateway\r\n\r\n").await;
    }
    client.read_until("whole").await;
    gateway.assert_counted(&["GET 200 none 5"]).await;
}

#[tokio::test]
async fn an_invented_method_is_other() {
    let gateway = answering(|| Response::new("whole".into())).await;
    assert!(gateway.ask("BREW /").await.starts_with("HTTP/1.1 405"));
    gateway.assert_counted(&["OTHER 405 none 1"]).await;
}

#[tokio::test]
async fn the_duration_runs_to_the_end_of_the_body() {
    let (sender, body) = Channel::<Bytes>::new(1);
    let sender = std::sync::Mutex::new(Some((sender, body)));
    let (give, mut take) = tokio::sync::mpsc::unbounded_channel();
    let sender = std::sync::Arc::new(sender);
    let app = |layer| {
        let handler = async move || {
            let (sender, body) = sender.lock().unwrap().take().unwrap();
            give.send(sender).unwrap();
            Response::new(Body::new(body))
        };
        Router::new().route("/", get(handler)).layer(layer)
    };
    let gateway = Gateway::start(app).await;
    let mut client = gateway.send("GET /").await;
    client.read_until("\r\n\r\n").await;
    let head = Instant::now();
    assert_eq!(gateway.in_flight(), 1);

    let mut sender = take.recv().await.unwrap();
    sender.send_data(Bytes::from_static(b"first")).await.unwrap();
    client.read_until("first").await;
    // This sleep does not wait for an event. It is the duration to be measured.
    tokio::time::sleep(Duration::from_millis(30)).await;
    let body = head.elapsed();
    drop(sender);
    client.read_until("0\r\n\r\n").await;

    gateway.assert_counted(&["GET 200 none 1"]).await;
    let labels = [("method", "GET"), ("status_code", "200")];
    let sum =
        gateway.metrics.sample("caracal_gateway_request_duration_seconds_sum", &labels).unwrap();
    assert!(sum >= body.as_secs_f64(), "{sum} s, the body took {body:?}");
}
