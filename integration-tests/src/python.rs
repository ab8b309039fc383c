//! Python: `prometheus_client`, the reference implementation of OpenMetrics, and Grafana's own models.

use std::collections::BTreeMap;
use std::env;
use std::io::Write;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

/// A sample that `prometheus_client` has parsed. Numbers are in Python's notation, which keeps every
/// bit.
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub struct PythonSample {
    /// The name of the sample.
    pub name: String,
    /// The labels.
    pub labels: BTreeMap<String, String>,
    /// The value.
    pub value: String,
    /// The labels and the value of the exemplar.
    pub exemplar: Option<(BTreeMap<String, String>, String)>,
}

/// Parses a page with `prometheus_client`: `openmetrics` with its strict parser, or `text`.
///
/// # Errors
///
/// Returns an error if Python or the package is missing, or if the parser rejects the page. It contains
/// the message of the parser.
pub fn python_samples(format: &str, page: &[u8]) -> Result<Vec<PythonSample>> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/python/samples.py");
    let samples = run(&[script, format], page).context("prometheus_client refused the page")?;
    Ok(serde_json::from_slice(&samples)?)
}

/// Reads a dashboard with Grafana's own models.
///
/// # Errors
///
/// Returns an error if Python or the package `grafana_foundation_sdk` is missing, or if the models do
/// not know a part of the dashboard. It contains the unknown parts.
pub fn grafana_reads(dashboard: &str) -> Result<()> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../monitoring/grafana/check_schema.py");
    run(&[script, "-"], dashboard.as_bytes()).context("Grafana does not know the dashboard")?;
    Ok(())
}

/// Runs a script with this input, and returns its output.
fn run(arguments: &[&str], input: &[u8]) -> Result<Vec<u8>> {
    let program = env::var("CARACAL_TEST_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let mut python = Command::new(&program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("{program} can't be started (`cargo xtask test` installs it)"))?;
    let mut pipe = python.stdin.take().context("Python has no standard input")?;
    // An error here means that the script ended early. Its standard error contains the reason.
    let written = pipe.write_all(input);
    drop(pipe);
    let finished = python.wait_with_output()?;
    let said = [&*finished.stdout, &finished.stderr].concat();
    ensure!(finished.status.success(), "its output:\n{}", String::from_utf8_lossy(&said));
    written?;
    Ok(finished.stdout)
}
