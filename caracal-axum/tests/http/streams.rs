//! Responses that do not end: counted as requests at their head, and as streams from then on.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::response::IntoResponse;
use axum::routing::get;
use futures_util::{StreamExt, stream};
use rand::RngExt;
use tokio::sync::Notify;

use super::support::{Gateway, stalled, until};

const EVENTS: [(axum::http::HeaderName, &str); 1] = [(CONTENT_TYPE, "text/event-stream")];

/// Sends an event, and then runs this function.
async fn events_then(
    last: impl Fn() -> io::Result<Bytes> + Clone + Send + Sync + 'static,
) -> Gateway {
    Gateway::start(move |layer| {
        let handler = async move || {
            let last = last.clone();
            let last = stream::once(async move {
                tokio::task::yield_now().await;
                last()
            });
            let first = stream::iter([Ok(Bytes::from_static(b"data: 1\n\n"))]);
            (EVENTS, Body::from_stream(first.chain(last)))
        };
        Router::new().route("/events", get(handler)).layer(layer)
    })
    .await
}

#[tokio::test]
async fn a_stream_is_open_until_its_client_goes_away_and_that_is_no_499() {
    let handler = async || (EVENTS, stalled("data: 1\n\n"));
    let app = |layer| Router::new().route("/events", get(handler)).layer(layer);
    let gateway = Gateway::start(app).await;
    let mut client = gateway.send("GET /events").await;
    client.read_until("data: 1\n\n").await;
    assert_eq!((gateway.in_flight(), gateway.open_streams()), (0, 1));
    assert_eq!(gateway.samples("caracal_gateway_requests_total{"), ["GET 200 none 1"]);
    drop(client);
    gateway.assert_streams(&["client 1"]).await;
    gateway.assert_counted(&["GET 200 none 1"]).await;
}

#[tokio::test]
async fn a_stream_that_is_sent_to_its_end() {
    let gateway = events_then(|| Ok(Bytes::from_static(b"data: 2\n\n"))).await;
    assert!(gateway.ask("GET /events").await.ends_with("0\r\n\r\n"));
    gateway.assert_streams(&["completed 1"]).await;
    gateway.assert_counted(&["GET 200 none 1"]).await;
}

#[tokio::test]
async fn a_stream_that_fails_or_panics() {
    let failing = events_then(|| Err(io::Error::other("the upstream is gone"))).await;
    let panicking = events_then(|| panic!("the body panics")).await;
    for gateway in [failing, panicking] {
        gateway.ask("GET /events").await;
        gateway.assert_streams(&["error 1"]).await;
        gateway.assert_counted(&["GET 200 none 1"]).await;
    }
}

#[tokio::test]
async fn what_is_no_stream() {
    let app = |layer| {
        let refused = async || (StatusCode::SERVICE_UNAVAILABLE, EVENTS, stalled("later"));
        let announced = async || (EVENTS, [(CONTENT_LENGTH, "5")], stalled("first"));
        Router::new()
            .route("/refused", get(refused))
            .route("/announced", get(announced))
            .route("/whole", get(async || (EVENTS, "data: 1\n\n")))
            .route("/other", get(async || ([(CONTENT_TYPE, "text/event-streams")], stalled("x"))))
            .layer(layer)
    };
    let gateway = Gateway::start(app).await;
    gateway.ask("HEAD /refused").await;
    gateway.ask("GET /whole").await;
    gateway.ask("GET /announced").await;
    for (path, first) in [("/refused", "later"), ("/other", "x")] {
        let mut client = gateway.send(&format!("GET {path}")).await;
        client.read_until(&format!("{first}\r\n")).await;
        assert_eq!((gateway.in_flight(), gateway.open_streams()), (1, 0));
        drop(client);
        gateway.until_in_flight(0).await;
    }
    let counted = ["GET 200 none 2", "GET 499 none 2", "HEAD 503 none 1"];
    gateway.assert_counted(&counted).await;
    gateway.assert_streams(&[]).await;
}

#[tokio::test]
async fn the_content_type_may_have_parameters_and_capitals() {
    let app = |layer| {
        let handler =
            async || ([(CONTENT_TYPE, "Text/Event-Stream ; charset=utf-8")], stalled("x"));
        Router::new().route("/", get(handler)).layer(layer)
    };
    let gateway = Gateway::start(app).await;
    let mut client = gateway.send("GET /").await;
    client.read_until("x\r\n").await;
    assert_eq!(gateway.open_streams(), 1);
    drop(client);
    gateway.assert_streams(&["client 1"]).await;
}

/// Browsers that open event streams and close their tabs. The latency remains that of the heads, no error
/// appears, and the ways of ending are distinguished.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_tabs_that_are_opened_and_closed_at_random() {
    const TABS: u64 = 50;
    let over = Arc::new(Notify::new());
    let wait = Arc::clone(&over);
    let app = move |layer| {
        let handler = async move || {
            let first = stream::iter([io::Result::Ok("data: 1\n\n")]);
            let last = stream::once(async move {
                wait.notified().await;
                Ok("data: last\n\n")
            });
            (EVENTS, Body::from_stream(first.chain(last))).into_response()
        };
        Router::new().route("/events", get(handler)).layer(layer)
    };
    let gateway = Gateway::start(app).await;
    let mut tabs = Vec::new();
    let (mut opened, mut closed) = (0, 0);
    let mut until_heads = Duration::ZERO;
    while opened < TABS {
        if !tabs.is_empty() && rand::rng().random_bool(0.4) {
            let at = rand::rng().random_range(0..tabs.len());
            drop(tabs.swap_remove(at));
            closed += 1;
        } else {
            let start = Instant::now();
            let mut tab = gateway.send_with("GET /events", "Connection: close\r\n").await;
            tab.read_until("data: 1\n\n\r\n").await;
            until_heads += start.elapsed();
            tabs.push(tab);
            opened += 1;
        }
        assert!(gateway.in_flight() <= 1, "a stream is open, and not in flight");
    }
    until(|| gateway.open_streams() == TABS - closed, || gateway.open_streams().to_string()).await;
    let last_opened = Instant::now();
    until(|| last_opened.elapsed() > until_heads, String::new).await;
    over.notify_waiters();
    for tab in tabs {
        assert!(tab.rest().await.contains("data: last"));
    }
    let (completed, left) = (format!("completed {}", TABS - closed), format!("client {closed}"));
    let expected = if closed == 0 { vec![&*completed] } else { vec![&*left, &*completed] };
    gateway.assert_streams(&expected).await;
    gateway.assert_counted(&[&format!("GET 200 none {TABS}")]).await;

    // From the view of the clients, each completed stream was open for longer than all heads took.
    let sum = |name, labels: &[_]| gateway.metrics.sample(name, labels).unwrap();
    let labels = [("method", "GET"), ("status_code", "200")];
    let latency = sum("caracal_gateway_request_duration_seconds_sum", &labels);
    assert!(latency <= until_heads.as_secs_f64(), "{latency} s, and {until_heads:?}");
}
