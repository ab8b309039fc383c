//! Clients that never read their page. Its memory is released while their connections stay open.

use std::alloc::System;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::Request;
use caracal_axum::MetricsEndpoint;
use caracal_metrics_core::MetricsRegistry;
use http_body_util::BodyExt;
use prometheus::{Gauge, Opts};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use tower::ServiceExt;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const READERS: usize = 20;
const PAGE: usize = 4 << 20;
const READ_TIMEOUT: Duration = Duration::from_secs(60);

/// The number of bytes that are allocated now.
fn live() -> usize {
    let stats = ALLOCATOR.stats();
    stats.bytes_allocated.saturating_sub(stats.bytes_deallocated)
}

async fn scrape(app: &Router, uri: &str) -> Body {
    let request = Request::get(uri).body(Body::empty()).unwrap();
    let response = app.clone().oneshot(request).await.unwrap();
    assert_eq!(response.status(), 200);
    response.into_body()
}

#[tokio::test(start_paused = true)]
async fn the_pages_of_stalled_readers_are_freed() {
    let metrics = MetricsRegistry::new();
    let long = Gauge::with_opts(Opts::new("long", "x".repeat(PAGE))).unwrap();
    metrics.register(Box::new(long)).unwrap();
    let app: Router = MetricsEndpoint::new(&metrics).read_timeout(READ_TIMEOUT).into_router();
    drop(scrape(&app, "/metrics").await);
    let before = live();

    // What a server keeps for each client: the body, and a piece that the client does not take.
    let mut stalled: Vec<(Body, Bytes)> = Vec::new();
    for _ in 0..READERS {
        let mut body = scrape(&app, "/metrics").await;
        let piece = body.frame().await.unwrap().unwrap().into_data().unwrap();
        stalled.push((body, piece));
    }
    let held = live() - before;
    assert!(held > READERS * PAGE, "each has a page of its own: {held}");

    tokio::time::advance(READ_TIMEOUT).await;
    drop(scrape(&app, "/metrics?name[]=nobody").await);
    let held = live().saturating_sub(before);
    assert!(held < PAGE, "{held} bytes are held by {READERS} readers that were given up");
    drop(stalled);
}
