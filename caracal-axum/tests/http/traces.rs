//! Exemplars: the trace of a request, at the bucket into which the request fell.

use axum::Router;
use axum::routing::get;
use caracal_metrics_core::{Format, MetricsRegistry};

use super::support::Gateway;

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

async fn gateway() -> Gateway {
    Gateway::start(|layer| Router::new().route("/", get(async || "hello")).layer(layer)).await
}

/// The lines of the requests' histogram that have an exemplar. The histogram of the other layer must have
/// the same number.
fn exemplars(metrics: &MetricsRegistry) -> Vec<String> {
    let mut page = Vec::new();
    metrics.encode(Format::OpenMetrics, &mut page);
    let page = String::from_utf8(page).unwrap();
    let lines = page.lines().filter(|line| !line.starts_with('#') && line.contains(" # "));
    let (http, gateway): (Vec<_>, Vec<_>) =
        lines.map(str::to_owned).partition(|line| line.starts_with("http_server_"));
    assert_eq!(http.len(), gateway.len(), "{http:?}");
    gateway
}

#[tokio::test]
async fn the_trace_of_a_request_stands_at_its_bucket() {
    let gateway = gateway().await;
    let header = format!("traceparent: 00-{TRACE}-00f067aa0ba902b7-01\r\n");
    gateway.ask_with("GET /", &header).await;
    gateway.assert_counted(&["GET 200 none 1"]).await;
    let lines = exemplars(&gateway.metrics);
    assert_eq!(lines.len(), 1, "{lines:?}");
    let start =
        r#"caracal_gateway_request_duration_seconds_bucket{method="GET",status_code="200","#;
    assert!(lines[0].starts_with(start), "{lines:?}");
    assert!(lines[0].contains(&format!(" # {{trace_id=\"{TRACE}\"}} 0.0")), "{lines:?}");
}

#[tokio::test]
async fn a_request_without_a_valid_trace_has_none() {
    let gateway = gateway().await;
    gateway.ask("GET /").await;
    gateway.ask_with("GET /", "traceparent: nonsense\r\n").await;
    let twice = format!("traceparent: 00-{TRACE}-00f067aa0ba902b7-01\r\n").repeat(2);
    gateway.ask_with("GET /", &twice).await;
    gateway.assert_counted(&["GET 200 none 3"]).await;
    assert_eq!(exemplars(&gateway.metrics), Vec::<String>::new());
}

/// The tracing backend has no spans of such a trace, so a link to it would lead nowhere.
#[tokio::test]
async fn a_trace_that_is_not_sampled_is_no_exemplar() {
    let gateway = gateway().await;
    for flags in ["00", "02", "fe"] {
        let header = format!("traceparent: 00-{TRACE}-00f067aa0ba902b7-{flags}\r\n");
        gateway.ask_with("GET /", &header).await;
    }
    gateway.assert_counted(&["GET 200 none 3"]).await;
    assert_eq!(exemplars(&gateway.metrics), Vec::<String>::new());

    // Other flags do not matter: `03` is a sampled trace whose id is random (Level 2).
    let header = format!("traceparent: 00-{TRACE}-00f067aa0ba902b7-03\r\n");
    gateway.ask_with("GET /", &header).await;
    gateway.assert_counted(&["GET 200 none 4"]).await;
    assert_eq!(exemplars(&gateway.metrics).len(), 1);
}
