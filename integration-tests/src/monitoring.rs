//! The contents of `monitoring/`, and its PromQL expressions.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::Prometheus;

/// Reads a file of `monitoring/`.
///
/// # Errors
///
/// Returns an error if the file can't be read.
pub fn monitoring(file: &str) -> Result<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../monitoring").join(file);
    fs::read_to_string(&path).with_context(|| format!("can't read {}", path.display()))
}

/// An expression that a user sees.
#[derive(Clone, Debug)]
pub struct Expression {
    /// Where the user sees it: a panel of the dashboard, or the file that contains it.
    pub source: String,
    /// The PromQL.
    pub promql: String,
}

/// Returns every expression of the dashboard with the values of its variables that Grafana would use
/// (all jobs, and ten seconds for a few scrapes), every expression of the Python module's dashboards,
/// and every series that the rules record.
///
/// # Errors
///
/// Returns an error if a file can't be read, or does not contain the expected expressions.
pub fn expressions() -> Result<Vec<Expression>> {
    let mut expressions = dashboard_expressions(&monitoring("grafana/caracal.json")?)?;
    expressions.extend(of_lines("classic-expressions.txt", |line| {
        (!line.starts_with('#')).then_some(line)
    })?);
    expressions.extend(of_lines("rules.yml", |line| line.trim().strip_prefix("- record: "))?);
    ensure!(expressions.len() > 80, "more than 80 expressions expected: {expressions:?}");
    Ok(expressions)
}

/// Returns the expressions that have no `wanted` sample.
///
/// # Errors
///
/// Returns an error if Prometheus rejects an expression, or does not respond.
pub async fn without_sample(
    prometheus: &Prometheus,
    expressions: Vec<Expression>,
    wanted: impl Fn(f64) -> bool,
) -> Result<Vec<Expression>> {
    let mut without = Vec::new();
    for expression in expressions {
        let samples = prometheus.query(&expression.promql).await?;
        if !samples.iter().any(|sample| wanted(sample.value)) {
            without.push(expression);
        }
    }
    Ok(without)
}

/// Returns every expression of a dashboard (as JSON), with the values of its variables that Grafana
/// would use.
///
/// # Errors
///
/// Returns an error if the dashboard has no panels, or a panel without a query.
pub fn dashboard_expressions(dashboard: &str) -> Result<Vec<Expression>> {
    let dashboard: Value = serde_json::from_str(dashboard)?;
    let panels = dashboard["panels"].as_array().context("a dashboard has panels")?;
    let mut expressions = Vec::new();
    for panel in panels {
        let title = panel["title"].as_str().context("a panel has a title")?;
        if panel["type"] == "row" {
            // Grafana moves the panels of a collapsed row into the row.
            let inside = panel["panels"].as_array().is_some_and(|panels| !panels.is_empty());
            ensure!(!inside, "the row {title} is collapsed: its panels would not be checked");
            continue;
        }
        let targets = panel["targets"].as_array().filter(|targets| !targets.is_empty());
        for target in targets.with_context(|| format!("the panel {title} has no query"))? {
            let promql = target["expr"].as_str().context("a target has an expression")?;
            let promql = promql.replace("$__rate_interval", "10s").replace("$job", ".+");
            ensure!(!promql.contains('$'), "{title} uses another variable: {promql}");
            expressions.push(Expression { source: format!("panel {title}"), promql });
        }
    }
    ensure!(!expressions.is_empty(), "the dashboard has no panel");
    Ok(expressions)
}

/// The expressions in the lines of a file.
fn of_lines(file: &str, expression: impl Fn(&str) -> Option<&str>) -> Result<Vec<Expression>> {
    let text = monitoring(file)?;
    let of_line = |line| Expression { source: file.to_owned(), promql: String::from(line) };
    let expressions: Vec<_> = text.lines().filter_map(expression).map(of_line).collect();
    ensure!(!expressions.is_empty(), "{file} has no expression");
    Ok(expressions)
}
