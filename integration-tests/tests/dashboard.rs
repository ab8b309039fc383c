//! What is in `monitoring/` against the running gateway and the real Prometheus: every expression of the
//! dashboard, of the recording rules and of the Python module's dashboards has something to show.

use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use integration_tests::{Gateway, Needs, Prometheus, expressions, run, test, without_sample};

fn main() -> ExitCode {
    run(vec![test(
        "every_expression_returns_data_within_a_minute",
        &[Needs::Prometheus],
        every_expression_returns_data_within_a_minute,
    )])
}

async fn every_expression_returns_data_within_a_minute() -> Result<()> {
    let mut expressions = expressions()?;
    // Its database fails as often as it may, so that failures show soon.
    let gateway = Gateway::start(&["--outage-interval", "8"]).await?;
    let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("../monitoring/rules.yml");
    let prometheus = Prometheus::scraping_with_rules(gateway.server().address(), &[&rules]).await?;
    let deadline = Instant::now() + Duration::from_mins(1);
    while !expressions.is_empty() {
        // Not a number is what a division by nothing or a quantile of nothing comes to.
        expressions = without_sample(&prometheus, expressions, f64::is_finite).await?;
        ensure!(
            expressions.is_empty() || Instant::now() < deadline,
            "no data in a minute: {expressions:#?}"
        );
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    Ok(())
}
