//! Runs the routers in the pages of the documentation as they are written there.

use std::net::Ipv4Addr;

use anyhow::Result;
use axum::Router;
use caracal_metrics::MetricsRegistry;
use integration_tests::eventually;
use tokio::net::TcpListener;

/// The family in which each layer counts requests, and the labels of a request to `/hello`.
const REQUESTS: [(&str, &str); 2] = [
    ("caracal_gateway_requests_total", r#"{method="GET",status_code="200",auth_method="none"}"#),
    (
        "http_server_request_duration_seconds_count",
        r#"{http_request_method="GET",http_response_status_code="200",http_route="/hello",url_scheme="http"}"#,
    ),
];

/// The page and the line of each router, with its `metrics` and its `app`.
fn documented() -> Vec<(&'static str, (MetricsRegistry, Router))> {
    include!(concat!(env!("OUT_DIR"), "/documented_routers.rs"))
}

/// The requests in flight in the layer for any HTTP service.
fn http_requests(metrics: &MetricsRegistry) -> f64 {
    let labels = [("http_request_method", "GET"), ("url_scheme", "http")];
    metrics.sample("http_server_active_requests", &labels).unwrap_or_default()
}

async fn get(address: &str, path: &str) -> Result<String> {
    Ok(reqwest::get(format!("http://{address}{path}")).await?.error_for_status()?.text().await?)
}

#[tokio::test]
async fn a_documented_router_does_not_count_its_own_scrapes() -> Result<()> {
    let routers = documented();
    assert!(routers.len() >= 3, "README.md and docs/migrating.md have some");
    let mut layers = Vec::new();
    for (place, (metrics, app)) in routers {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?.to_string();
        let server = tokio::spawn(async { axum::serve(listener, app).await });

        for path in ["/metrics", "/metrics", "/hello"] {
            get(&address, path).await?;
        }
        let value = |name| metrics.sample(name, &[]).unwrap_or_default();
        // A response ends shortly after its client has read it.
        eventually("every request is counted", async || {
            let requests = value("caracal_gateway_requests_in_flight");
            let requests = requests + http_requests(&metrics);
            Ok(requests == 0.0 && value("caracal_metrics_scrapes_in_flight") == 0.0)
        })
        .await?;
        let page = get(&address, "/metrics").await?;
        let counted = REQUESTS.map(|(name, _)| {
            page.lines().filter(|line| line.starts_with(&format!("{name}{{"))).collect::<Vec<_>>()
        });
        layers.push(counted.each_ref().map(|samples| !samples.is_empty()));
        let expected = REQUESTS.map(|(name, labels)| format!("{name}{labels} 1"));
        assert!(
            counted == [vec![expected[0].as_str()], vec![]]
                || counted == [vec![], vec![expected[1].as_str()]],
            "{place} counts {counted:#?}"
        );
        server.abort();
    }
    for layer in [[true, false], [false, true]] {
        assert!(layers.contains(&layer), "a page has a router of each layer: {layers:?}");
    }
    Ok(())
}
