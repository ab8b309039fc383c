//! The endpoint, as a scraper meets it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Condvar, Mutex};

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use axum::routing::get;
use caracal_axum::metrics_endpoint;
use caracal_metrics_core::MetricsRegistry;
use futures_util::FutureExt;
use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;
use tower::ServiceExt;

use crate::support::{Client, DEADLINE, Gateway};

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
    assert!(head.contains("vary: accept"), "{head}");
    assert_eq!(page.as_bytes(), gateway.metrics.generate_metrics());
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
    let get = gateway.ask("GET /metrics").await;
    let head = gateway.ask("HEAD /metrics").await;
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
        Router::new()
            .route("/metrics", metrics_endpoint(metrics))
            .layer(caracal_axum::GatewayMetricsLayer::new(metrics))
    })
    .await;
    let page = gateway.ask("GET /metrics").await;
    assert!(page.contains("caracal_gateway_requests_in_flight 1\n"), "{page}");
    gateway.assert_counted(&["GET 200 none 1"]).await;
}

/// Does what it was made with when it is scraped.
struct Scraped<F>(Desc, F);

impl<F: Fn() + Send + Sync> Scraped<F> {
    fn register(metrics: &MetricsRegistry, scraped: F)
    where
        F: 'static,
    {
        let help = "What it does".to_owned();
        let desc = Desc::new("scraped".to_owned(), help, vec![], HashMap::new()).unwrap();
        let collector = Box::new(Self(desc, scraped));
        metrics.prometheus_registry().register(collector).unwrap();
    }
}

impl<F: Fn() + Send + Sync> Collector for Scraped<F> {
    fn desc(&self) -> Vec<&Desc> {
        vec![&self.0]
    }

    fn collect(&self) -> Vec<MetricFamily> {
        (self.1)();
        Vec::new()
    }
}

#[tokio::test]
async fn a_collector_that_panics_costs_its_own_families() {
    let gateway = endpoint().await;
    let broken = Arc::new(AtomicBool::new(true));
    let panics = Arc::clone(&broken);
    Scraped::register(&gateway.metrics, move || {
        assert!(!panics.load(Relaxed), "the collector panics");
    });
    let errors = |answer: &str| {
        let line =
            answer.lines().find(|line| line.starts_with("caracal_metrics_collection_errors"));
        line.and_then(|line| line.split(' ').nth(1)?.parse::<u64>().ok())
    };
    let answer = gateway.ask("GET /metrics").await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert_eq!(errors(&answer), Some(1), "{answer}");

    broken.store(false, Relaxed);
    let answer = gateway.ask("GET /metrics").await;
    assert_eq!(errors(&answer), Some(1), "{answer}");
}

/// One worker thread: if the scrape ran on it, the other request could not be answered.
#[tokio::test(flavor = "current_thread")]
async fn a_slow_collector_holds_up_no_other_request() {
    let gateway = Gateway::start_with(|metrics| {
        Router::new().route("/", get(async || "quick")).route("/metrics", metrics_endpoint(metrics))
    })
    .await;
    let gate = Arc::new((Mutex::new(false), Condvar::new()));
    let waits = Arc::clone(&gate);
    let (entered, entering) = tokio::sync::watch::channel(false);
    Scraped::register(&gateway.metrics, move || {
        entered.send_replace(true);
        let open = waits.0.lock().unwrap();
        let waited = waits.1.wait_timeout_while(open, DEADLINE, |open| !*open);
        assert!(!waited.unwrap().1.timed_out(), "the gate never opened");
    });

    let scrape: Client = gateway.send_with("GET /metrics", "Connection: close\r\n").await;
    let mut entering = entering;
    crate::support::within(entering.wait_for(|entered| *entered)).await.unwrap();
    assert!(gateway.ask("GET /").await.ends_with("quick"));

    *gate.0.lock().unwrap() = true;
    gate.1.notify_all();
    assert!(scrape.rest().await.starts_with("HTTP/1.1 200"));
}

/// axum's router needs no tokio, so neither does the endpoint.
#[test]
fn a_scrape_without_a_tokio_runtime() {
    let metrics = MetricsRegistry::new();
    let app: Router = Router::new().route("/metrics", metrics_endpoint(&metrics));
    let request = Request::get("/metrics").body(Body::empty()).unwrap();
    let response = app.oneshot(request).now_or_never().unwrap().unwrap();
    assert_eq!(response.status(), 200);
}
