//! The cost of recording during scrapes. 8 threads record, in alternating rounds: alone, and with 50
//! clients that continuously request 100,000 series from the endpoint. The program ends with an error
//! if a record costs over a tenth more during scrapes.
//!
//! The processor time of the recording threads counts, not the wall-clock time. There are more threads
//! than processors, so the scrapes interrupt the recording threads. Wall-clock time would include these
//! interruptions.

#[path = "../recording.rs"]
mod recording;

use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use caracal_axum::MetricsEndpoint;
use caracal_metrics_core::{MetricsRegistry, PolicyDecisionType};
use http::Request;
use http_body_util::BodyExt;
use recording::record;
use tokio::runtime::Runtime;
use tower::ServiceExt;

const SERIES: u64 = 100_000;
const CLIENTS: u64 = 50;
const THREADS: usize = 8;
const ROUNDS: usize = 11;
const ROUND: Duration = Duration::from_millis(500);
const ALLOWED: f64 = 1.1;

fn main() -> ExitCode {
    let metrics = MetricsRegistry::builder().max_series_per_family(SERIES as usize).build();
    let metrics = metrics.expect("valid settings");
    for agent in 0..SERIES {
        let agent = format!("agent-{agent}");
        metrics.record_policy_evaluation(PolicyDecisionType::Allowed, &agent, Duration::ZERO);
    }
    let app = MetricsEndpoint::new(&metrics).into_router();
    let runtime = Runtime::new().expect("a runtime");
    let (mut ratios, mut pages) = (Vec::new(), 0);
    for _ in 0..ROUNDS {
        let alone = record(&metrics, THREADS, ROUND);
        let scraping = Scraping::start(&runtime, &app);
        let scraped = record(&metrics, THREADS, ROUND);
        pages += scraping.stop();
        ratios.push(scraped / alone);
        println!("{alone:.1} ns alone, {scraped:.1} ns while scraped");
    }
    ratios.sort_by(f64::total_cmp);
    let ratio = ratios[ROUNDS / 2];
    println!(
        "recording a gateway request costs {ratio:.2} of its cost alone ({:.2} to {:.2}; {pages} pages)",
        ratios[1],
        ratios[ROUNDS - 2]
    );
    if ratio > ALLOWED { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// Clients that request the page until they are stopped.
struct Scraping<'a> {
    runtime: &'a Runtime,
    state: &'static State,
    clients: Vec<tokio::task::JoinHandle<()>>,
}

#[derive(Default)]
struct State {
    stop: AtomicBool,
    pages: AtomicU64,
}

impl<'a> Scraping<'a> {
    fn start(runtime: &'a Runtime, app: &Router) -> Self {
        let state: &State = Box::leak(Box::default());
        let client = |app: Router| async move {
            while !state.stop.load(Relaxed) {
                let request = Request::get("/metrics").body(Body::empty()).expect("a request");
                let answer = app.clone().oneshot(request).await.unwrap_or_else(|e| match e {});
                // Scrapes beyond the limit of 40 are told to come back later, which does not affect the
                // recorders.
                if answer.status().is_success() {
                    let page = answer.into_body().collect().await.expect("a page").to_bytes();
                    assert!(page.len() as u64 > SERIES * 20);
                    state.pages.fetch_add(1, Relaxed);
                }
                tokio::task::yield_now().await;
            }
        };
        let clients = (0..CLIENTS).map(|_| runtime.spawn(client(app.clone()))).collect();
        Self { runtime, state, clients }
    }

    /// Stops the clients and returns the number of pages that they received.
    fn stop(self) -> u64 {
        self.state.stop.store(true, Relaxed);
        for client in self.clients {
            self.runtime.block_on(client).expect("no panic");
        }
        self.state.pages.load(Relaxed)
    }
}
