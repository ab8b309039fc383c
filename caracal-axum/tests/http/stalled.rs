//! Clients that ask for the page and do not read it.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response, StatusCode};
use caracal_axum::MetricsEndpoint;
use caracal_metrics_core::MetricsRegistry;
use futures_util::future::join_all;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;
use tower::ServiceExt;

use super::support::{Client, Gateway, until, within};
use crate::collectors::long_page;

const SLOTS: usize = 4;
/// Long enough that no reader seems to stall on a slow machine.
const READ_TIMEOUT: Duration = Duration::from_secs(3_600);

fn limited(metrics: &MetricsRegistry) -> MetricsEndpoint {
    MetricsEndpoint::new(metrics).max_concurrent_scrapes(SLOTS).read_timeout(READ_TIMEOUT)
}

async fn endpoint() -> Gateway {
    Gateway::start_with(|metrics| limited(metrics).into_router()).await
}

/// Advances the time of timers without waiting.
async fn pass(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
}

fn in_flight(metrics: &MetricsRegistry) -> f64 {
    metrics.sample("caracal_metrics_scrapes_in_flight", &[]).unwrap()
}

fn given_up(metrics: &MetricsRegistry, reason: &str) -> Option<f64> {
    metrics.sample("caracal_metrics_scrapes_given_up_total", &[("reason", reason)])
}

async fn stalled_http1(gateway: &Gateway) -> Vec<Client> {
    let mut clients = Vec::new();
    for _ in 0..SLOTS {
        let mut client = gateway.send_with("GET /metrics", "Connection: close\r\n").await;
        client.read_until("\r\n\r\n").await;
        clients.push(client);
    }
    clients
}

#[tokio::test]
async fn stalled_readers_of_http1_do_not_shut_others_out() {
    let gateway = endpoint().await;
    long_page(&gateway.metrics);
    let stalled = stalled_http1(&gateway).await;
    assert_eq!(in_flight(&gateway.metrics), SLOTS as f64);

    pass(READ_TIMEOUT).await;
    let answer = gateway.ask("GET /metrics").await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{}", &answer[..200]);
    until(|| in_flight(&gateway.metrics) == 0.0, || "still in flight".to_owned()).await;
    assert_eq!(given_up(&gateway.metrics, "timeout"), Some(SLOTS as f64));

    // A dropped scrape is never taken for a complete page.
    for client in stalled {
        assert!(client.rest().await.len() < gateway.metrics.generate_metrics().len());
    }
}

#[tokio::test]
async fn one_http2_connection_does_not_shut_others_out() {
    let gateway = endpoint().await;
    let stream = TokioIo::new(TcpStream::connect(gateway.address).await.unwrap());
    let (mut client, connection) = hyper::client::conn::http2::Builder::new(TokioExecutor::new())
        .initial_stream_window_size(1)
        .handshake(stream)
        .await
        .unwrap();
    tokio::spawn(connection);
    let mut stalled: Vec<Response<Incoming>> = Vec::new();
    for _ in 0..SLOTS {
        let uri = format!("http://{}/metrics", gateway.address);
        let request = Request::get(uri).body(Body::empty()).unwrap();
        let response = within(client.send_request(request)).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        stalled.push(response);
    }
    let answer = gateway.ask("GET /metrics").await;
    assert!(answer.starts_with("HTTP/1.1 503"), "{}", &answer[..200]);

    pass(READ_TIMEOUT).await;
    let answer = gateway.ask("GET /metrics").await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{}", &answer[..200]);
    until(|| in_flight(&gateway.metrics) == 0.0, || "still in flight".to_owned()).await;
}

fn get() -> Request<Body> {
    Request::get("/metrics").body(Body::empty()).unwrap()
}

/// Bodies that are never polled, like those of clients that do not read.
async fn stalled_bodies(app: &Router, count: usize) -> Vec<Body> {
    let mut bodies = Vec::new();
    for _ in 0..count {
        let response = app.clone().oneshot(get()).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        bodies.push(response.into_body());
    }
    bodies
}

#[tokio::test(start_paused = true)]
async fn where_all_places_are_taken_the_reader_that_stalled_longest_makes_room() {
    let metrics = MetricsRegistry::new();
    long_page(&metrics);
    let app: Router = limited(&metrics).into_router();
    let mut bodies = stalled_bodies(&app, SLOTS).await;
    // No reader has stalled for long enough.
    let refused = app.clone().oneshot(get()).await.unwrap();
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);

    tokio::time::advance(READ_TIMEOUT / 300).await;
    // All except the second one take a piece.
    for (n, body) in bodies.iter_mut().enumerate().filter(|(n, _)| *n != 1) {
        assert!(body.frame().await.unwrap().is_ok(), "{n}");
    }
    assert_eq!(app.clone().oneshot(get()).await.unwrap().status(), StatusCode::OK);
    assert_eq!(given_up(&metrics, "displaced"), Some(1.0));
    assert_eq!(given_up(&metrics, "timeout"), Some(0.0));
    for (n, body) in bodies.iter_mut().enumerate() {
        assert_eq!(body.frame().await.unwrap().is_ok(), n != 1, "{n}");
    }
}

/// A client may begin the maximum number of scrapes at once, again and again.
#[tokio::test]
async fn a_scrape_that_comes_after_a_burst_of_stalled_ones_waits_a_moment() {
    let metrics = MetricsRegistry::new();
    long_page(&metrics);
    let app: Router = MetricsEndpoint::new(&metrics).max_concurrent_scrapes(SLOTS).into_router();
    let uri = "/metrics?name[]=caracal_policy_cache_size";
    let bursts: Vec<_> = (0..SLOTS)
        .map(|_| app.clone().oneshot(Request::get(uri).body(Body::empty()).unwrap()))
        .collect();
    let bursts = join_all(bursts).await;
    assert!(bursts.iter().all(|response| response.as_ref().unwrap().status() == StatusCode::OK));
    assert_eq!(app.oneshot(get()).await.unwrap().status(), StatusCode::OK);
    assert_eq!(given_up(&metrics, "displaced"), Some(1.0));
}

/// The runtime has no timer, so a scrape can't wait for a reader to stall.
#[test]
fn as_many_as_allowed_on_a_runtime_without_a_timer() {
    let runtime = tokio::runtime::Builder::new_current_thread().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let metrics = MetricsRegistry::new();
        long_page(&metrics);
        let app: Router = MetricsEndpoint::new(&metrics).max_concurrent_scrapes(1).into_router();
        let stalled = app.clone().oneshot(get()).await.unwrap();
        let refused = app.oneshot(get()).await.unwrap();
        assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
        drop(stalled);
    });
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_takes_a_little_at_a_time_has_a_time_limit() {
    let metrics = MetricsRegistry::new();
    long_page(&metrics);
    let app: Router = limited(&metrics).into_router();
    let mut slow = app.clone().oneshot(get()).await.unwrap().into_body();
    for _ in 0..10 {
        assert!(slow.frame().await.unwrap().is_ok());
        tokio::time::advance(READ_TIMEOUT / 10).await;
    }
    let other = app.oneshot(get()).await.unwrap();
    assert_eq!(given_up(&metrics, "timeout"), Some(1.0));
    assert_eq!(in_flight(&metrics), 1.0);
    // An error, so that the server breaks the connection.
    let error = slow.frame().await.unwrap().unwrap_err().to_string();
    assert!(error.contains("not read in time"), "{error}");
    assert!(slow.frame().await.is_none());
    drop(other);
    assert_eq!(in_flight(&metrics), 0.0);
}

#[tokio::test]
async fn a_page_without_a_byte_is_no_scrape_that_stalls() {
    let metrics = MetricsRegistry::new();
    let app: Router = limited(&metrics).into_router();
    let request = Request::get("/metrics?name[]=nobody").body(Body::empty()).unwrap();
    let response = app.oneshot(request).await.unwrap();
    assert_eq!(in_flight(&metrics), 0.0);
    assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "");
}
