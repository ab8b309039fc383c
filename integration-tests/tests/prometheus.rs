//! How a real Prometheus and its linter interpret an exposition.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Result, bail, ensure};
use axum::Router;
use axum::routing::get;
use caracal_metrics::axum::MetricsEndpoint;
use caracal_metrics::{Counter, Family, MetricsRegistry, labels};
use integration_tests::{Needs, Prometheus, Sample, promtool_check, run, test};
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
        test(
            "a_hidden_series_goes_stale_and_returns",
            needs,
            a_hidden_series_goes_stale_and_returns,
        ),
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

labels! { struct Order<'a> { tenant: &'a str } }
static ORDERS: Family<Counter, Order<'_>> = Family::counter("orders_total", "Orders.");

/// The claims of `hide_idle_series` about queries.
async fn a_hidden_series_goes_stale_and_returns() -> Result<()> {
    const IDLE: Duration = Duration::from_secs(3);
    let metrics = MetricsRegistry::builder().hide_idle_series(IDLE).build()?;
    let orders = metrics.family(&ORDERS)?;
    let server = MetricsEndpoint::new(&metrics).serve("127.0.0.1:0").await?;
    let prometheus = Prometheus::scraping(server.local_addr()).await?;
    let reads =
        |value: f64| move |samples: &[Sample]| matches!(samples, [sample] if sample.value == value);
    orders.inc_by(Order { tenant: "acme" }, 10);
    prometheus.wait_until("orders_total", reads(10.0)).await?;

    // With the next scrape, and not five minutes later, as for a series of a target that has
    // disappeared.
    prometheus.wait_until("orders_total", <[_]>::is_empty).await?;
    // For longer than the short range below.
    let gap = "count_over_time(orders_total[5s])";
    prometheus.wait_until(gap, <[_]>::is_empty).await?;

    orders.inc_by(Order { tenant: "acme" }, 5);
    // In a range of 5 seconds, there are two samples after the gap and none before it.
    prometheus.wait_until(gap, reads(2.0)).await?;
    let value = async |expression: &str| {
        let samples = prometheus.query(expression).await?;
        let [sample] = &samples[..] else { bail!("{expression}: {samples:?}") };
        anyhow::Ok(sample.value)
    };
    ensure!(value("orders_total").await? == 15.0);
    ensure!(value("resets(orders_total[2m])").await? == 0.0);
    // Prometheus extrapolates by half of the mean distance of samples on both sides.
    let over_the_gap = value("increase(orders_total[2m])").await?;
    ensure!((5.0..10.0).contains(&over_the_gap), "{over_the_gap}");
    let exactly = "max_over_time(orders_total[2m]) - min_over_time(orders_total[2m])";
    ensure!(value(exactly).await? == 5.0);
    // The first record after the gap is not counted if the range contains no sample from before the
    // gap.
    let after_the_gap = value("increase(orders_total[5s])").await?;
    ensure!(after_the_gap == 0.0, "{after_the_gap}");
    server.shutdown().await?;
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
