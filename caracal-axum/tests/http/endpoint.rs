//! The endpoint from the view of a scraper.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use axum::routing::get;
use caracal_axum::metrics_endpoint;
use caracal_metrics_core::MetricsRegistry;
use futures_util::FutureExt;
use tower::ServiceExt;

use super::support::{Client, Gateway, counted_by};
use crate::collectors::{Gate, Scraped};

async fn endpoint() -> Gateway {
    Gateway::start_with(|metrics| Router::new().route("/metrics", metrics_endpoint(metrics))).await
}

fn head_of(answer: &str) -> &str {
    answer.split_once("\r\n\r\n").unwrap().0
}

#[tokio::test]
async fn get_answers_the_page() {
    let gateway = endpoint().await;
    gateway.metrics.record_replay_block("nonce_reused");
    let answer = gateway.ask("GET /metrics").await;
    let (head, page) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    assert!(head.contains("content-type: text/plain; version=0.0.4; charset=utf-8"), "{head}");
    assert!(head.contains("vary: Accept, Accept-Encoding\r\n"), "{head}");
    assert!(!head.contains("content-encoding"), "{head}");
    // Everything except the parts that the scrape itself changes.
    let rest = |page: &str| {
        let lines = page.lines().filter(|line| !line.starts_with("caracal_metrics_scrape"));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(rest(page), rest(&String::from_utf8(gateway.metrics.generate_metrics()).unwrap()));
    assert!(page.contains("caracal_gateway_replay_blocks_total{reason=\"nonce_reused\"} 1\n"));
}

#[tokio::test]
async fn whatever_is_accepted_text_comes() {
    let gateway = endpoint().await;
    for accept in [
        "Accept: */*\r\n",
        "Accept: application/openmetrics-text;version=9\r\n",
        "Accept: text/html\r\nAccept: image/png;q=0\r\n",
        "Accept: \u{fc}\r\n",
        "Accept:\r\n",
    ] {
        let answer = gateway.ask_with("GET /metrics", accept).await;
        let head = head_of(&answer);
        assert!(head.starts_with("HTTP/1.1 200"), "{accept}: {head}");
        assert!(
            head.contains("content-type: text/plain; version=0.0.4; charset=utf-8"),
            "{accept}: {head}"
        );
    }
}

#[tokio::test]
async fn head_answers_the_same_without_the_page() {
    let gateway = endpoint().await;
    // A family whose length does not change with a scrape.
    let get = gateway.ask("GET /metrics?name[]=caracal_policy_cache_size").await;
    let head = gateway.ask("HEAD /metrics?name[]=caracal_policy_cache_size").await;
    assert!(head.ends_with("\r\n\r\n"), "{head}");
    let sorted = |answer: &str| {
        let mut lines: Vec<_> = head_of(answer).lines().map(str::to_owned).collect();
        lines.retain(|line| !line.starts_with("date:"));
        lines.sort();
        lines
    };
    assert_eq!(sorted(&head), sorted(&get));
    assert!(head.contains("content-length: "), "{head}");
}

#[tokio::test]
async fn other_methods_are_told_which_ones_there_are() {
    let gateway = endpoint().await;
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "BREW"] {
        let answer = gateway.ask(&format!("{method} /metrics")).await;
        assert!(answer.starts_with("HTTP/1.1 405"), "{answer}");
        assert!(answer.contains("\r\nallow: GET, HEAD\r\n"), "{answer}");
    }
}

#[tokio::test]
async fn a_router_with_state_of_its_own_takes_it() {
    #[derive(Clone)]
    struct AppState(&'static str);
    async fn hello(state: axum::extract::State<AppState>) -> &'static str {
        state.0.0
    }
    let gateway = Gateway::start_with(|metrics| {
        let admin = Router::new().route("/metrics", metrics_endpoint(metrics));
        Router::new().route("/", get(hello)).nest("/admin", admin).with_state(AppState("hello"))
    })
    .await;
    assert!(gateway.ask("GET /").await.ends_with("hello"));
    assert!(gateway.ask("GET /admin/metrics").await.contains("# TYPE caracal_"));
}

#[tokio::test]
async fn scrapes_under_the_layer_are_requests_as_well() {
    let gateway = Gateway::start_with(|metrics| {
        Router::new().route("/metrics", metrics_endpoint(metrics)).layer(counted_by(metrics))
    })
    .await;
    let page = gateway.ask("GET /metrics").await;
    assert!(page.contains("caracal_gateway_requests_in_flight 1\n"), "{page}");
    gateway.assert_counted(&["GET 200 none 1"]).await;
}

#[tokio::test]
async fn a_collector_that_panics_costs_its_own_families() {
    // Printing a backtrace takes long on a busy machine. It is not to count as a second error.
    let metrics = MetricsRegistry::builder().collection_timeout(Duration::from_secs(60)).build();
    let metrics = metrics.unwrap();
    let app = Router::new().route("/metrics", metrics_endpoint(&metrics));
    let gateway = Gateway::start_of(metrics, app).await;
    let broken = Arc::new(AtomicBool::new(true));
    let panics = Arc::clone(&broken);
    let panicking = Scraped::new("panicking", move || {
        assert!(!panics.load(Relaxed), "the collector panics");
    });
    gateway.metrics.register(Box::new(panicking)).unwrap();
    gateway.metrics.register(Box::new(Scraped::new("sound", || {}))).unwrap();
    let answer = gateway.ask("GET /metrics").await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.contains("\ncaracal_metrics_collection_errors_total 1\n"), "{answer}");
    assert!(answer.contains("\nsound 1\n") && !answer.contains("panicking"), "{answer}");

    broken.store(false, Relaxed);
    let answer = gateway.ask("GET /metrics").await;
    assert!(answer.contains("\ncaracal_metrics_collection_errors_total 1\n"), "{answer}");
    assert!(answer.contains("\nsound 1\n") && answer.contains("\npanicking 1\n"), "{answer}");
}

/// There is one worker thread. If the scrape ran on it, the other request could not be answered.
#[tokio::test(flavor = "current_thread")]
async fn a_slow_collector_holds_up_no_other_request() {
    let gateway = Gateway::start_with(|metrics| {
        Router::new().route("/", get(async || "quick")).route("/metrics", metrics_endpoint(metrics))
    })
    .await;
    let gate = Gate::register(&gateway.metrics);
    let scrape: Client = gateway.send_with("GET /metrics", "Connection: close\r\n").await;
    gate.entered(1).await;
    assert!(gateway.ask("GET /").await.ends_with("quick"));

    gate.open();
    assert!(scrape.rest().await.starts_with("HTTP/1.1 200"));
}

/// axum's router does not need tokio, so the endpoint must not need it either.
#[test]
fn a_scrape_without_a_tokio_runtime() {
    let metrics = MetricsRegistry::new();
    let app: Router = Router::new().route("/metrics", metrics_endpoint(&metrics));
    let request = Request::get("/metrics").body(Body::empty()).unwrap();
    let response = app.oneshot(request).now_or_never().unwrap().unwrap();
    assert_eq!(response.status(), 200);
}
