//! Many scrapes: how many at once, what they share, and how the endpoint counts them.

use std::convert::Infallible;
use std::pin::Pin;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{Request, Response, StatusCode};
use caracal_axum::MetricsEndpoint;
use caracal_metrics_core::MetricsRegistry;
use futures_util::future::{self, poll_immediate};
use http_body_util::BodyExt;
use tower::ServiceExt;

use super::support::{Gateway, until, within};
use crate::collectors::{Gate, long_page};

fn get(uri: &str) -> Request<Body> {
    Request::get(uri).body(Body::empty()).unwrap()
}

async fn body(response: Response<Body>) -> Bytes {
    response.into_body().collect().await.unwrap().to_bytes()
}

async fn text(response: Response<Body>) -> String {
    String::from_utf8(body(response).await.to_vec()).unwrap()
}

type Begun = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>>>>;

fn scrapes(metrics: &MetricsRegistry, status: &str) -> f64 {
    metrics.sample("caracal_metrics_scrapes_total", &[("status_code", status)]).unwrap_or(0.0)
}

fn in_flight(metrics: &MetricsRegistry) -> Option<f64> {
    metrics.sample("caracal_metrics_scrapes_in_flight", &[])
}

#[tokio::test]
async fn one_scrape_more_than_allowed_is_told_to_come_again() {
    let metrics = MetricsRegistry::new();
    let gate = Gate::register(&metrics);
    let app: Router = MetricsEndpoint::new(&metrics).max_concurrent_scrapes(2).into_router();
    let mut allowed: Vec<_> = (0..2).map(|_| app.clone().oneshot(get("/metrics"))).collect();
    for scrape in &mut allowed {
        assert!(poll_immediate(scrape).await.is_none());
    }
    let refused = within(app.clone().oneshot(get("/metrics"))).await.unwrap();
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(refused.headers()["retry-after"], "1");

    gate.open();
    for response in future::join_all(allowed).await {
        assert_eq!(response.unwrap().status(), StatusCode::OK);
    }
    let response = app.oneshot(get("/metrics")).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(scrapes(&metrics, "200"), 3.0);
    assert_eq!(scrapes(&metrics, "503"), 1.0);
}

#[tokio::test]
async fn no_limit() {
    let metrics = MetricsRegistry::new();
    let gate = Gate::register(&metrics);
    let app: Router = MetricsEndpoint::new(&metrics).max_concurrent_scrapes(0).into_router();
    let mut scrapes: Vec<_> = (0..200).map(|_| app.clone().oneshot(get("/metrics"))).collect();
    for scrape in &mut scrapes {
        assert!(poll_immediate(scrape).await.is_none());
    }
    gate.open();
    for response in future::join_all(scrapes).await {
        assert_eq!(response.unwrap().status(), StatusCode::OK);
    }
}

/// A page larger than the buffers of two sockets, and a client that does not read it.
#[tokio::test]
async fn a_scrape_lasts_until_its_last_byte_is_sent() {
    let gateway = Gateway::start_with(|metrics| {
        // Long enough that the client does not seem to stall on a slow machine.
        let hour = Duration::from_secs(3_600);
        MetricsEndpoint::new(metrics).max_concurrent_scrapes(1).read_timeout(hour).into_router()
    })
    .await;
    long_page(&gateway.metrics);
    let mut slow = gateway.send_with("GET /metrics", "Connection: close\r\n").await;
    slow.read_until("\r\n\r\n").await;
    assert_eq!(in_flight(&gateway.metrics), Some(1.0));
    let answer = gateway.ask("GET /metrics").await;
    assert!(answer.starts_with("HTTP/1.1 503"), "{}", &answer[..200]);

    drop(slow);
    until(|| in_flight(&gateway.metrics) == Some(0.0), || "in flight".to_owned()).await;
    let answer = gateway.ask("GET /metrics").await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{}", &answer[..200]);
}

const COUNTER: &str = "/metrics?name[]=caracal_gateway_degraded_mode_requests_total";

/// Scrapes that have begun to wait, and wait until the gate is opened.
async fn begin(app: &Router, uri: &str, scrapes: usize) -> Vec<Begun> {
    let mut begun: Vec<Begun> =
        (0..scrapes).map(|_| Box::pin(app.clone().oneshot(get(uri))) as _).collect();
    for scrape in &mut begun {
        assert!(poll_immediate(scrape).await.is_none());
    }
    begun
}

/// Polls them together, as a server does. The pages are made in turn.
async fn ends(scrapes: Vec<Begun>) -> Vec<String> {
    let pages =
        future::join_all(scrapes.into_iter().map(async |scrape| text(scrape.await.unwrap()).await));
    within(pages).await
}

#[tokio::test]
async fn scrapes_that_wait_share_a_page_that_is_no_older_than_they() {
    let metrics = MetricsRegistry::new();
    let gate = Gate::register(&metrics);
    let app: Router = MetricsEndpoint::new(&metrics).into_router();
    let mut scrapes = begin(&app, COUNTER, 1).await;
    gate.entered(1).await;
    scrapes.extend(begin(&app, COUNTER, 10).await);
    scrapes.extend(begin(&app, "/metrics?name[]=gate", 1).await);
    metrics.record_degraded_mode_request();

    gate.open();
    let pages = ends(scrapes).await;
    for page in &pages[1..11] {
        assert!(page.ends_with("\ncaracal_gateway_degraded_mode_requests_total 1\n"), "{page}");
    }
    assert!(pages[11].ends_with("\ngate 1\n"), "{}", pages[11]);
    // One that was in progress, one for the ten, and the other one.
    assert_eq!(gate.pages(), 3);
}

/// Both the scrape that was about to make the page and the scrape that began it may be dropped.
#[tokio::test]
async fn who_leaves_takes_no_page_along() {
    let metrics = MetricsRegistry::new();
    let gate = Gate::register(&metrics);
    let app: Router = MetricsEndpoint::new(&metrics).into_router();
    let first = begin(&app, COUNTER, 1).await;
    gate.entered(1).await;
    let mut others = begin(&app, COUNTER, 10).await;
    drop(first);
    drop(others.remove(0));
    metrics.record_degraded_mode_request();

    gate.open();
    for page in ends(others).await {
        assert!(page.ends_with("\ncaracal_gateway_degraded_mode_requests_total 1\n"), "{page}");
    }
    assert_eq!(gate.pages(), 2);
    assert_eq!(scrapes(&metrics, "499"), 2.0);
    assert_eq!(in_flight(&metrics), Some(0.0));
}

#[tokio::test]
async fn families_asked_for_by_name() {
    let app: Router = MetricsEndpoint::new(&MetricsRegistry::new()).into_router();
    for (query, families) in [
        ("name[]=caracal_policy_cache_size", vec!["caracal_policy_cache_size"]),
        (
            "name%5B%5D=caracal_policy_cache_size&other=1&name[]=caracal_gateway_requests_in_flight",
            vec!["caracal_gateway_requests_in_flight", "caracal_policy_cache_size"],
        ),
        ("name[]=caracal_policy_cache%5fsize", vec!["caracal_policy_cache_size"]),
        ("name[]=caracal_gateway_request_duration_seconds_bucket", vec![]),
        ("name[]=nobody", vec![]),
    ] {
        let page =
            text(app.clone().oneshot(get(&format!("/metrics?{query}"))).await.unwrap()).await;
        let found: Vec<_> = page
            .lines()
            .filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next())
            .collect();
        assert_eq!(found, families, "{query}");
    }
    let page =
        text(app.oneshot(get("/metrics?name=caracal_policy_cache_size")).await.unwrap()).await;
    assert!(page.lines().filter(|line| line.starts_with("# TYPE")).count() > 22, "{page}");
}

#[tokio::test]
async fn what_the_endpoint_says_of_itself() {
    let metrics = MetricsRegistry::new();
    assert_eq!(in_flight(&metrics), None, "nobody scrapes a registry without an endpoint");
    let app: Router = MetricsEndpoint::new(&metrics).into_router();
    for status in ["200", "500", "503"] {
        let labels = &[("status_code", status)];
        assert_eq!(metrics.sample("caracal_metrics_scrapes_total", labels), Some(0.0), "{status}");
    }
    let page = text(app.clone().oneshot(get("/metrics")).await.unwrap()).await;
    assert!(page.contains("\ncaracal_metrics_scrapes_in_flight 1\n"), "{page}");
    app.oneshot(Request::post("/metrics").body(Body::empty()).unwrap()).await.unwrap();

    assert_eq!(scrapes(&metrics, "200"), 1.0);
    assert_eq!(scrapes(&metrics, "405"), 1.0);
    assert_eq!(in_flight(&metrics), Some(0.0));
    let pages = metrics.sample("caracal_metrics_scrape_page_duration_seconds_count", &[]);
    assert_eq!(pages, Some(1.0));
}
