//! Viewers of the live page and scrapes at the same time. Neither takes the places of the other.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response, StatusCode};
use caracal_axum::MetricsEndpoint;
use caracal_metrics_core::MetricsRegistry;
use futures_util::future::join_all;
use http_body_util::BodyExt;
use tower::ServiceExt;

use super::support::within;
use crate::collectors::Gate;

const SLOTS: usize = 4;
/// Long enough that no reader seems to stall on a slow machine.
const READ_TIMEOUT: Duration = Duration::from_secs(3_600);
const SCRAPE: &str = "/metrics";
const DOCUMENT: &str = "/live.json";

fn endpoint(metrics: &MetricsRegistry) -> Router {
    let endpoint = MetricsEndpoint::new(metrics).max_concurrent_scrapes(SLOTS);
    endpoint.read_timeout(READ_TIMEOUT).live().into_router()
}

async fn get(app: &Router, path: &str) -> Response<Body> {
    let request = Request::get(path).body(Body::empty()).unwrap();
    app.clone().oneshot(request).await.unwrap()
}

/// Bodies that are never polled, like those of clients that do not read.
async fn stalled(app: &Router, path: &str, count: usize) -> Vec<Body> {
    let responses = join_all((0..count).map(|_| get(app, path))).await;
    assert!(responses.iter().all(|response| response.status() == StatusCode::OK), "{path}");
    responses.into_iter().map(Response::into_body).collect()
}

fn given_up(metrics: &MetricsRegistry, reason: &str) -> Option<f64> {
    metrics.sample("caracal_metrics_scrapes_given_up_total", &[("reason", reason)])
}

fn in_flight(metrics: &MetricsRegistry) -> f64 {
    metrics.sample("caracal_metrics_scrapes_in_flight", &[]).unwrap()
}

#[tokio::test(start_paused = true)]
async fn stalled_viewers_and_scrapes_do_not_shut_each_other_out() {
    let metrics = MetricsRegistry::new();
    let app = endpoint(&metrics);
    let viewers = stalled(&app, DOCUMENT, SLOTS).await;
    assert_eq!(get(&app, DOCUMENT).await.status(), StatusCode::SERVICE_UNAVAILABLE);
    let scrapes = stalled(&app, SCRAPE, SLOTS).await;
    assert_eq!(in_flight(&metrics), SLOTS as f64);
    assert_eq!(get(&app, SCRAPE).await.status(), StatusCode::SERVICE_UNAVAILABLE);
    // No viewer was dropped for the scrapes, and no scrape for the viewers.
    for body in viewers.into_iter().chain(scrapes) {
        assert!(!body.collect().await.unwrap().to_bytes().is_empty());
    }
    assert_eq!(in_flight(&metrics), 0.0);
}

#[tokio::test(start_paused = true)]
async fn a_viewer_that_stalled_makes_room_for_the_next_one() {
    let metrics = MetricsRegistry::new();
    let app = endpoint(&metrics);
    let mut scrapes = stalled(&app, SCRAPE, SLOTS).await;
    // The scrapes have stalled longer, but a viewer must not displace them.
    tokio::time::advance(Duration::from_secs(1)).await;
    let mut viewers = stalled(&app, DOCUMENT, SLOTS).await;
    tokio::time::advance(READ_TIMEOUT / 300).await;
    assert_eq!(get(&app, DOCUMENT).await.status(), StatusCode::OK);
    let mut gone = 0;
    for viewer in &mut viewers {
        gone += usize::from(viewer.frame().await.unwrap().is_err());
    }
    assert_eq!(gone, 1);
    for scrape in &mut scrapes {
        assert!(scrape.frame().await.unwrap().is_ok());
    }
    // It was not a scrape.
    assert_eq!(given_up(&metrics, "displaced"), Some(0.0));
}

#[tokio::test(start_paused = true)]
async fn a_viewer_has_a_time_limit_as_a_scrape_has() {
    let metrics = MetricsRegistry::new();
    let app = endpoint(&metrics);
    let viewers = stalled(&app, DOCUMENT, SLOTS).await;
    tokio::time::advance(READ_TIMEOUT).await;
    // The next client releases them. Here it is a scrape.
    assert_eq!(get(&app, SCRAPE).await.status(), StatusCode::OK);
    for viewer in viewers {
        let error = viewer.collect().await.unwrap_err().to_string();
        assert!(error.contains("not read in time"), "{error}");
    }
    assert_eq!(given_up(&metrics, "timeout"), Some(0.0));
}

/// A collector blocks the document for which fifty viewers wait.
#[tokio::test]
async fn waiting_viewers_take_no_place_of_a_scrape() {
    let metrics = MetricsRegistry::builder().collection_timeout(READ_TIMEOUT).build().unwrap();
    let gate = Gate::register(&metrics);
    let app = MetricsEndpoint::new(&metrics).max_concurrent_scrapes(1).live().into_router();
    let viewers = (0..50).map(|_| {
        let app = app.clone();
        tokio::spawn(async move { get(&app, DOCUMENT).await.status() })
    });
    let viewers: Vec<_> = viewers.collect();
    gate.entered(1).await;
    let mut scrape = pin!(get(&app, SCRAPE));
    // Without a place, the answer would already be here, with status 503.
    let waits = poll_fn(|context| Poll::Ready(scrape.as_mut().poll(context).is_pending()));
    assert!(waits.await);
    gate.open();
    assert_eq!(within(scrape).await.status(), StatusCode::OK);
    let answers = within(join_all(viewers)).await;
    assert!(answers.into_iter().any(|status| status.unwrap() == StatusCode::OK));
}
