//! What the real Prometheus and its linter make of an exposition.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;

use anyhow::{Result, ensure};
use axum::Router;
use axum::routing::get;
use integration_tests::{Needs, Prometheus, promtool_check, run, test};
use tokio::net::TcpListener;

const EXPOSITION: &str = "\
# HELP caracal_test_requests_total Requests that the test made up.
# TYPE caracal_test_requests_total counter
caracal_test_requests_total{method=\"GET\"} 42
";

fn main() -> ExitCode {
    let needs = &[Needs::Prometheus];
    run(vec![
        test("prometheus_scrapes_what_is_served", needs, prometheus_scrapes_what_is_served),
        test("a_rejected_query_is_an_error", needs, a_rejected_query_is_an_error),
        test("promtool_accepts_a_sound_exposition", needs, promtool_accepts_a_sound_exposition),
        test("promtool_rejects_a_malformed_one", needs, promtool_rejects_a_malformed_one),
    ])
}

/// Serves a constant exposition until the runtime ends.
async fn serve(exposition: &'static str) -> Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    let app = Router::new().route("/metrics", get(move || async move { exposition }));
    tokio::spawn(async { axum::serve(listener, app).await });
    Ok(address)
}

async fn prometheus_scrapes_what_is_served() -> Result<()> {
    let prometheus = Prometheus::scraping(serve(EXPOSITION).await?).await?;
    let samples =
        prometheus.wait_until("caracal_test_requests_total", |samples| !samples.is_empty()).await?;
    ensure!(samples.len() == 1, "one series was served: {samples:?}");
    ensure!(samples[0].labels["method"] == "GET", "{samples:?}");
    ensure!((samples[0].value - 42.0).abs() < f64::EPSILON, "{samples:?}");
    Ok(())
}

async fn a_rejected_query_is_an_error() -> Result<()> {
    let prometheus = Prometheus::scraping(serve(EXPOSITION).await?).await?;
    let error = prometheus.query("sum(").await.expect_err("`sum(` is no expression").to_string();
    ensure!(error.contains("parse error"), "{error}");
    Ok(())
}

async fn promtool_accepts_a_sound_exposition() -> Result<()> {
    let report = promtool_check(EXPOSITION)?;
    ensure!(report.code == 0 && report.output.is_empty(), "{report:?}");
    Ok(())
}

async fn promtool_rejects_a_malformed_one() -> Result<()> {
    let malformed = promtool_check("caracal_test_requests_total{method=\"GET} 42\n")?;
    ensure!(malformed.code == 1, "{malformed:?}");
    let nameless_unit =
        promtool_check("# TYPE caracal_test_requests counter\ncaracal_test_requests 1\n")?;
    ensure!(nameless_unit.code == 3, "{nameless_unit:?}");
    ensure!(nameless_unit.output.contains("_total"), "{nameless_unit:?}");
    Ok(())
}
