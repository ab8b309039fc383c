//! The live page over HTTP: authorization, its documents, and how often the metrics are read for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use axum::Router;
use caracal_axum::{MetricsEndpoint, live_page};
use caracal_metrics_core::{Counter, Family, MetricsRegistry, labels};
use futures_util::future::join_all;
use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;

use super::support::Gateway;

labels! { struct Caller<'a> { caller: &'a str } }
static CALLS: Family<Counter, Caller<'_>> = Family::counter("calls_total", "Calls.");

pub(crate) async fn page() -> Gateway {
    Gateway::start_with(|metrics| Router::new().merge(live_page(metrics))).await
}

pub(crate) fn body(answer: &str) -> &str {
    answer.split_once("\r\n\r\n").unwrap().1
}

fn header<'a>(answer: &'a str, name: &str) -> Option<&'a str> {
    let head = answer.split_once("\r\n\r\n").unwrap().0;
    head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

#[tokio::test]
async fn every_file_of_the_page_is_there_and_guarded() {
    let gateway = page().await;
    for (path, content_type) in [
        ("/", "text/html; charset=utf-8"),
        ("/live.js", "text/javascript; charset=utf-8"),
        ("/live.css", "text/css; charset=utf-8"),
        ("/icon.svg", "image/svg+xml"),
        ("/live.json", "application/json"),
        ("/families.json", "application/json"),
        ("/series.json?family=calls_total", "application/json"),
        ("/cardinality.json", "application/json"),
        ("/dashboard.json", "application/json"),
        ("/rules.yml", "application/yaml"),
        ("/scrape.yml", "application/yaml"),
    ] {
        let answer = gateway.ask(&format!("GET {path}")).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{path}: {answer}");
        assert_eq!(header(&answer, "content-type"), Some(content_type), "{path}");
        assert_eq!(header(&answer, "x-content-type-options"), Some("nosniff"), "{path}");
        let policy = header(&answer, "content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none';"), "{policy}");
        assert!(!policy.contains("unsafe") && !policy.contains("http"), "{policy}");
        let cache =
            if path.contains("json") || path.contains("yml") { "no-store" } else { "no-cache" };
        assert_eq!(header(&answer, "cache-control"), Some(cache), "{path}");
        assert!(!body(&answer).is_empty(), "{path}");
        let answer = gateway.ask_with(&format!("HEAD {path}"), "Accept-Encoding: gzip\r\n").await;
        assert_eq!(header(&answer, "content-encoding"), Some("gzip"), "{path}");
        let answer = gateway.ask(&format!("POST {path}")).await;
        assert!(answer.starts_with("HTTP/1.1 405"), "{path}: {answer}");
    }
}

#[tokio::test]
async fn the_page_finds_its_files_wherever_it_is_nested() {
    let gateway =
        Gateway::start_with(|metrics| Router::new().nest("/admin/live", live_page(metrics))).await;
    let answer = gateway.ask("GET /admin/live").await;
    assert!(body(&answer).contains("<script type=\"module\" src=\"./live/live.js\">"), "{answer}");
    assert!(gateway.ask("GET /admin/live/live.js").await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn a_file_that_the_browser_has_is_not_sent_again() {
    let gateway = page().await;
    let answer = gateway.ask("GET /live.js").await;
    let tag = header(&answer, "etag").unwrap();
    let again = gateway.ask_with("GET /live.js", &format!("If-None-Match: {tag}\r\n")).await;
    assert!(again.starts_with("HTTP/1.1 304") && body(&again).is_empty(), "{again}");
    let other = gateway.ask_with("GET /live.js", "If-None-Match: \"other\"\r\n").await;
    assert!(other.starts_with("HTTP/1.1 200"), "{other}");
}

/// Counts how often it is collected.
struct Counted(Arc<AtomicUsize>);

impl Collector for Counted {
    fn desc(&self) -> Vec<&Desc> {
        vec![]
    }

    fn collect(&self) -> Vec<MetricFamily> {
        self.0.fetch_add(1, Relaxed);
        vec![]
    }
}

#[tokio::test]
async fn fifty_viewers_cost_as_much_as_one() {
    let gateway = page().await;
    let collected = Arc::new(AtomicUsize::new(0));
    gateway.metrics.register(Box::new(Counted(Arc::clone(&collected)))).unwrap();
    gateway.ask("GET /live.json").await;
    let for_one = collected.load(Relaxed);
    assert!(for_one > 0);
    let answers = join_all((0..50).map(|_| gateway.ask("GET /live.json"))).await;
    assert!(answers.iter().all(|answer| answer.starts_with("HTTP/1.1 200")));
    // On a slow machine, this may take longer than a document is used.
    let mut different: Vec<_> = answers.iter().map(|answer| body(answer)).collect();
    different.sort_unstable();
    different.dedup();
    let for_fifty = collected.load(Relaxed) - for_one;
    assert!(for_fifty <= different.len() * for_one, "{for_fifty} for {}", different.len());
    assert!(different.len() < 10, "{} documents", different.len());
}

/// Returns the numbers of the callers in a document, in the order of the document.
fn callers(answer: &str) -> Vec<u64> {
    let callers = body(answer).split("{\"caller\":\"caller-").skip(1);
    callers.map(|rest| rest.split('"').next().unwrap().parse().unwrap()).collect()
}

#[tokio::test]
async fn what_the_documents_have_is_what_the_metrics_have() {
    let gateway = page().await;
    let calls = gateway.metrics.family(&CALLS).unwrap();
    for number in 0..700_u64 {
        calls.with(Caller { caller: &format!("caller-{number}") }).inc_by(number);
    }
    let overview = gateway.ask("GET /live.json").await;
    // The sum of 0 to 699.
    let family = "\"name\":\"calls_total\",\"type\":\"counter\",\"help\":\"Calls.\",\"count\":700,\
                  \"total\":244650,\"labels\":{\"caller\":{\"values\":700,\"top\":[[\"caller-699\",699],";
    assert!(body(&overview).contains(family), "{}", body(&overview));
    // The largest series first.
    let largest = "\"series\":[[{\"caller\":\"caller-699\"},699],";
    assert!(body(&overview).contains(largest), "{}", body(&overview));
    assert_eq!(body(&overview).matches("{\"caller\":\"caller-").count(), 20);

    let series = gateway.ask("GET /series.json?family=calls_total").await;
    assert!(body(&series).contains("\"matched\":700,"), "{series}");
    assert_eq!(callers(&series), (500..700).rev().collect::<Vec<_>>());
    // The next part starts where the viewer has scrolled to.
    let series = gateway.ask("GET /series.json?family=calls_total&first=650").await;
    assert!(body(&series).contains("\"matched\":700,\"first\":650,"), "{series}");
    assert_eq!(callers(&series), (0..50).rev().collect::<Vec<_>>());
    for behind in ["700", "99999999999", "18446744073709551615"] {
        let path = format!("GET /series.json?family=calls_total&first={behind}");
        let series = gateway.ask(&path).await;
        assert!(body(&series).contains("\"first\":700,\"series\":[]"), "{series}");
    }
    let series = gateway.ask("GET /series.json?family=calls_total&sort=labels&first=1").await;
    assert_eq!(callers(&series)[..4], [1, 10, 100, 101]);
    let found = gateway.ask("GET /series.json?family=calls_total&search=CALLER-12").await;
    assert!(body(&found).contains("\"matched\":11,"), "{found}");
    let none = gateway.ask("GET /series.json?family=nothing").await;
    assert!(body(&none).contains("\"matched\":0,\"first\":0,\"series\":[]"), "{none}");

    let cardinality = gateway.ask("GET /cardinality.json").await;
    let known =
        "\"name\":\"calls_total\",\"series\":700,\"counted\":700,\"limit\":10000,\"merged\":0,";
    assert!(body(&cardinality).contains(known), "{cardinality}");
}

#[tokio::test]
async fn the_endpoint_has_the_page_behind_its_authorization() {
    let gateway = Gateway::start_with(|metrics| {
        MetricsEndpoint::new(metrics).basic_auth("ops", "secret").live().into_router()
    })
    .await;
    for path in [
        "/",
        "/live.js",
        "/live.json",
        "/families.json",
        "/series.json",
        "/cardinality.json",
        "/rules.yml",
    ] {
        let answer = gateway.ask(&format!("GET {path}")).await;
        assert!(answer.starts_with("HTTP/1.1 401"), "{path}: {answer}");
        assert!(header(&answer, "www-authenticate").unwrap().starts_with("Basic"), "{path}");
        // ops:secret
        let authorized = "Authorization: Basic b3BzOnNlY3JldA==\r\n";
        let answer = gateway.ask_with(&format!("GET {path}"), authorized).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{path}: {answer}");
    }
    let scrape = gateway.ask("GET /metrics").await;
    assert!(scrape.starts_with("HTTP/1.1 401"), "{scrape}");
}

/// Without `live()`, there is only `/metrics`.
#[tokio::test]
async fn the_page_is_there_only_where_it_was_asked_for() {
    let gateway = Gateway::start_with(|metrics| MetricsEndpoint::new(metrics).into_router()).await;
    assert!(gateway.ask("GET /metrics").await.starts_with("HTTP/1.1 200"));
    assert!(gateway.ask("GET /").await.starts_with("HTTP/1.1 404"));
}

/// Viewers are not counted as scrapes. Otherwise, the count would not show whether Prometheus scrapes.
#[tokio::test]
async fn viewers_are_not_scrapes() {
    let gateway = page().await;
    gateway.ask("GET /live.json").await;
    let scrapes = [("status_code", "200")];
    assert_eq!(gateway.metrics.sample("caracal_metrics_scrapes_total", &scrapes), Some(0.0));
    assert_eq!(gateway.metrics.sample("caracal_metrics_scrapes_in_flight", &[]), Some(0.0));
}

#[tokio::test]
async fn a_target_that_is_none_is_refused() {
    let gateway = page().await;
    for query in ["job=", "job=a&address=http%3A%2F%2Fa", "job=a&path=metrics"] {
        let answer = gateway.ask(&format!("GET /scrape.yml?{query}")).await;
        assert!(answer.starts_with("HTTP/1.1 400"), "{query}: {answer}");
    }
    let answer = gateway.ask("GET /scrape.yml?job=a%22%0Ab&address=shop:9000&path=/m").await;
    assert!(body(&answer).contains("shop:9000") && !body(&answer).contains("a\"\nb"), "{answer}");
}

/// Without a runbook, the alerts have no link.
#[tokio::test]
async fn alerts_link_to_the_runbook_that_was_given() {
    let rules = async |endpoint: fn(MetricsEndpoint) -> MetricsEndpoint, query: &str| {
        let gateway = Gateway::start_with(|metrics| {
            endpoint(MetricsEndpoint::new(metrics)).live().into_router()
        });
        gateway.await.ask(&format!("GET /rules.yml?{query}")).await
    };
    let without = rules(|endpoint| endpoint, "job=shop&runbook=").await;
    assert!(without.contains("alert: ShopTargetDown"), "{without}");
    assert!(!without.contains("runbook_url"), "{without}");
    let given = |endpoint: MetricsEndpoint| endpoint.runbook("https://wiki/alerts");
    let link = |url| format!("runbook_url: \"https://wiki/{url}#shoptargetdown\"");
    let of_the_service = rules(given, "job=shop&runbook=").await;
    assert!(of_the_service.contains(&link("alerts")), "{of_the_service}");
    let of_the_query = rules(given, "job=shop&runbook=https%3A%2F%2Fwiki%2Fmine").await;
    assert!(of_the_query.contains(&link("mine")), "{of_the_query}");
}

/// The server of the endpoint also has the page, in addition to `/metrics`.
#[cfg(feature = "serve")]
#[tokio::test]
async fn the_server_has_the_page() {
    let metrics = MetricsRegistry::new();
    let server = MetricsEndpoint::new(&metrics).live().serve("127.0.0.1:0").await.unwrap();
    let client = Gateway { address: server.local_addr(), metrics };
    for path in ["/", "/live.json", "/live.js", "/metrics"] {
        let answer = client.ask(&format!("GET {path}")).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{path}: {answer}");
    }
    server.shutdown().await.unwrap();
}
