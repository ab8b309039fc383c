//! Python: `prometheus_client`, the reference implementation of OpenMetrics, and Grafana's own models.

use std::collections::BTreeMap;
use std::env;
use std::io::Write;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

/// A sample as `prometheus_client` has read it. Numbers are as Python prints them, which keeps every
/// bit.
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub struct PythonSample {
    /// The sample's name.
    pub name: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Its value.
    pub value: String,
    /// Labels and value of its exemplar.
    pub exemplar: Option<(BTreeMap<String, String>, String)>,
}

/// Lets `prometheus_client` read a page: `openmetrics` with its strict parser, or `text`.
///
/// # Errors
/// When Python or the package is missing, or the parser refuses the page; with what it said.
pub fn python_samples(format: &str, page: &[u8]) -> Result<Vec<PythonSample>> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/python/samples.py");
    let samples = run(&[script, format], page).context("prometheus_client refused the page")?;
    Ok(serde_json::from_slice(&samples)?)
}

/// Lets Grafana's own models read a dashboard.
///
/// # Errors
/// When Python or the package `grafana_foundation_sdk` is missing, or the models do not know all of the
/// dashboard; with what they do not know.
pub fn grafana_reads(dashboard: &str) -> Result<()> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../monitoring/grafana/check_schema.py");
    run(&[script, "-"], dashboard.as_bytes()).context("Grafana does not know the dashboard")?;
    Ok(())
}

/// What a script prints that is given this.
fn run(arguments: &[&str], input: &[u8]) -> Result<Vec<u8>> {
    let program = env::var("CARACAL_TEST_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let mut python = Command::new(&program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("{program} can't be started (`cargo xtask test` gets it)"))?;
    let mut pipe = python.stdin.take().context("Python has no standard input")?;
    // An error here says that it ended early: why, stands on its standard error.
    let written = pipe.write_all(input);
    drop(pipe);
    let finished = python.wait_with_output()?;
    let said = [&*finished.stdout, &finished.stderr].concat();
    ensure!(finished.status.success(), "it said:\n{}", String::from_utf8_lossy(&said));
    written?;
    Ok(finished.stdout)
}
