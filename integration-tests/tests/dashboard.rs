//! What is in `monitoring/` against the running gateway and the real Prometheus: every expression of the
//! dashboard, of the recording rules and of the Python module's dashboards has something to show.

use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use integration_tests::{Gateway, Needs, Prometheus, run, test};
use serde_json::Value;

fn main() -> ExitCode {
    run(vec![test(
        "every_expression_returns_data_within_a_minute",
        &[Needs::Prometheus],
        every_expression_returns_data_within_a_minute,
    )])
}

/// Where an expression comes from, and the expression.
type Expression = (String, String);

fn monitoring(file: &str) -> Result<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../monitoring").join(file);
    fs::read_to_string(&path).with_context(|| format!("can't read {}", path.display()))
}

/// The queries of every panel, with the variables filled in as Grafana would: all jobs, and a few scrapes of
/// a second each.
fn of_the_dashboard() -> Result<Vec<Expression>> {
    let dashboard: Value = serde_json::from_str(&monitoring("grafana/caracal.json")?)?;
    let panels = dashboard["panels"].as_array().context("a dashboard has panels")?;
    let mut expressions = Vec::new();
    for panel in panels.iter().filter(|panel| panel["type"] != "row") {
        let title = panel["title"].as_str().context("a panel has a title")?;
        let targets = panel["targets"].as_array().filter(|targets| !targets.is_empty());
        for target in targets.with_context(|| format!("the panel {title} asks for nothing"))? {
            let expression = target["expr"].as_str().context("a target has an expression")?;
            let expression = expression.replace("$__rate_interval", "10s").replace("$job", ".+");
            ensure!(!expression.contains('$'), "{title} uses another variable: {expression}");
            expressions.push((format!("panel {title}"), expression));
        }
    }
    Ok(expressions)
}

fn of_the_python_module() -> Result<Vec<Expression>> {
    let text = monitoring("classic-expressions.txt")?;
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    Ok(lines.map(|line| ("classic".to_owned(), line.to_owned())).collect())
}

/// The series that the rules record, which the Prometheus of the test does, too.
fn recorded() -> Result<Vec<Expression>> {
    let text = monitoring("rules.yml")?;
    let records = text.lines().filter_map(|line| line.trim().strip_prefix("- record: "));
    Ok(records.map(|name| ("recording rule".to_owned(), name.to_owned())).collect())
}

async fn every_expression_returns_data_within_a_minute() -> Result<()> {
    let mut expressions = of_the_dashboard()?;
    expressions.extend(of_the_python_module()?);
    expressions.extend(recorded()?);
    ensure!(expressions.len() > 80, "where are the others? {expressions:?}");

    // Its database fails as often as it may, so that failures show soon.
    let gateway = Gateway::start(&["--outage-interval", "8"]).await?;
    let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("../monitoring/rules.yml");
    let prometheus = Prometheus::scraping_with_rules(gateway.server().address(), &[&rules]).await?;
    let deadline = Instant::now() + Duration::from_mins(1);
    while !expressions.is_empty() {
        let mut empty = Vec::new();
        for (source, expression) in expressions {
            let samples = prometheus.query(&expression).await?;
            // Not a number is what a division by nothing or a quantile of nothing comes to.
            if !samples.iter().any(|sample| sample.value.is_finite()) {
                empty.push((source, expression));
            }
        }
        ensure!(empty.is_empty() || Instant::now() < deadline, "no data in a minute: {empty:#?}");
        expressions = empty;
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    Ok(())
}
