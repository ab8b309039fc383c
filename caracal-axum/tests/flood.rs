//! A hundred thousand series, scraped by fifty clients at once while eight threads record. Every page is
//! complete, and few pages are in memory.

use std::alloc::System;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::Request;
use caracal_axum::MetricsEndpoint;
use caracal_metrics_core::MetricsRegistry;
use futures_util::future::join_all;
use http_body_util::BodyExt;
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use tower::ServiceExt;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const SERIES: usize = 100_000;
const CLIENTS: usize = 50;

/// The number of bytes that are allocated now.
fn live() -> usize {
    let stats = ALLOCATOR.stats();
    stats.bytes_allocated.saturating_sub(stats.bytes_deallocated)
}

fn reason(n: usize) -> String {
    format!("reason-{:06}", n % SERIES)
}

/// The page as the server gets it: in pieces, none of which is copied here.
async fn scrape(app: Router) -> Vec<Bytes> {
    let request = Request::get("/metrics").body(Body::empty()).unwrap();
    let response = app.oneshot(request).await.unwrap();
    assert_eq!(response.status(), 200);
    let mut body = response.into_body();
    let mut pieces = Vec::new();
    while let Some(frame) = body.frame().await {
        pieces.push(frame.unwrap().into_data().unwrap());
    }
    pieces
}

/// The value of the only sample that starts with this text.
fn value(page: &str, start: &str) -> u64 {
    let line = page.lines().find(|line| line.starts_with(start)).unwrap();
    line.rsplit(' ').next().unwrap().parse().unwrap()
}

fn check(pieces: &[Bytes]) {
    let page = String::from_utf8(pieces.concat()).unwrap();
    let page = page.as_str();
    let series = page.matches("\ncaracal_gateway_replay_blocks_total{").count();
    assert_eq!(series, SERIES);
    // The last family of the catalogue, by name.
    let last = page.lines().next_back().unwrap();
    assert!(last.starts_with("caracal_policy_evaluations_total"), "half a page: {last}");
    let requests = "caracal_gateway_request_duration_seconds";
    let labels = r#"{method="GET",status_code="200""#;
    let bucket = value(page, &format!(r#"{requests}_bucket{labels},le="+Inf"}}"#));
    assert_eq!(bucket, value(page, &format!("{requests}_count{labels}}}")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_scrapes() {
    let metrics = MetricsRegistry::builder().max_series_per_family(2 * SERIES).build().unwrap();
    for n in 0..SERIES {
        metrics.record_replay_block(&reason(n));
    }
    metrics.record_gateway_request("GET", 200, "jwt", Duration::from_millis(1));
    metrics.record_policy_evaluation(
        caracal_metrics_core::PolicyDecisionType::Allowed,
        "agent-1",
        Duration::ZERO,
    );
    let app = MetricsEndpoint::new(&metrics).max_concurrent_scrapes(CLIENTS).into_router();
    let page = scrape(app.clone()).await.concat().len();
    let before = live();

    let stop = AtomicBool::new(false);
    let recorded = AtomicUsize::new(0);
    let peak = AtomicUsize::new(0);
    thread::scope(|scope| {
        for thread in 0..8 {
            let (metrics, stop, recorded) = (&metrics, &stop, &recorded);
            scope.spawn(move || {
                for n in (thread..).step_by(8) {
                    metrics.record_replay_block(&reason(n));
                    metrics.record_gateway_request("GET", 200, "jwt", Duration::from_millis(1));
                    recorded.fetch_add(1, Relaxed);
                    if stop.load(Relaxed) {
                        break;
                    }
                }
            });
        }
        scope.spawn(|| {
            while !stop.load(Relaxed) {
                peak.fetch_max(live(), Relaxed);
                thread::yield_now();
            }
        });
        tokio::task::block_in_place(|| {
            tokio::runtime::Handle::current().block_on(async {
                for _ in 0..2 {
                    let clients = (0..CLIENTS).map(|_| tokio::spawn(scrape(app.clone())));
                    // All clients hold their page until the last one has it.
                    let pages = join_all(clients).await;
                    let mut pages: Vec<_> = pages.into_iter().map(Result::unwrap).collect();
                    // Clients that share a page have the same bytes, at the same address.
                    pages.dedup_by_key(|page| page[0].as_ptr());
                    for page in &pages {
                        check(page);
                    }
                }
            });
        });
        stop.store(true, Relaxed);
    });
    let recorded = recorded.into_inner() as f64;
    let counted = metrics.sample(
        "caracal_gateway_request_duration_seconds_count",
        &[("method", "GET"), ("status_code", "200")],
    );
    assert_eq!(counted, Some(recorded + 1.0));
    // A page that is being written may reserve twice its length. A few others are being read, or checked
    // here.
    let extra = peak.into_inner().saturating_sub(before);
    assert!(extra < 10 * page, "{} pages of {page} bytes", extra / page);
}
