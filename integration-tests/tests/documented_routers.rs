//! The routers in the documentation's pages, run as they are written there.

use std::net::Ipv4Addr;

use anyhow::Result;
use axum::Router;
use caracal_metrics::MetricsRegistry;
use integration_tests::eventually;
use tokio::net::TcpListener;

/// The page and the line of each, with its `metrics` and its `app`.
fn documented() -> Vec<(&'static str, (MetricsRegistry, Router))> {
    include!(concat!(env!("OUT_DIR"), "/documented_routers.rs"))
}

async fn get(address: &str, path: &str) -> Result<String> {
    Ok(reqwest::get(format!("http://{address}{path}")).await?.error_for_status()?.text().await?)
}

#[tokio::test]
async fn a_documented_router_does_not_count_its_own_scrapes() -> Result<()> {
    let routers = documented();
    assert!(routers.len() >= 2, "README.md and docs/migrating.md each have one");
    for (place, (metrics, app)) in routers {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?.to_string();
        let server = tokio::spawn(async { axum::serve(listener, app).await });

        for path in ["/metrics", "/metrics", "/hello"] {
            get(&address, path).await?;
        }
        let value = |name| metrics.sample(name, &[]).unwrap_or_default();
        // A response ends a moment after its client has read it.
        eventually("every request is counted", async || {
            let requests = value("caracal_gateway_requests_in_flight");
            Ok(requests == 0.0 && value("caracal_metrics_scrapes_in_flight") == 0.0)
        })
        .await?;
        let page = get(&address, "/metrics").await?;
        let requests: Vec<_> = page
            .lines()
            .filter(|line| line.starts_with("caracal_gateway_requests_total"))
            .collect();
        let labels = r#"{method="GET",status_code="200",auth_method="none"}"#;
        assert_eq!(requests, [format!("caracal_gateway_requests_total{labels} 1")], "{place}");
        server.abort();
    }
    Ok(())
}
