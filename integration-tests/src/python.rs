//! `prometheus_client`, the reference implementation of OpenMetrics in Python.

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
    let program = env::var("CARACAL_TEST_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/python/samples.py");
    let mut python = Command::new(&program)
        .args([script, format])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("{program} can't be started (`cargo xtask test` gets it)"))?;
    let mut input = python.stdin.take().context("Python has no standard input")?;
    // An error here says that it ended early: why, stands on its standard error.
    let written = input.write_all(page);
    drop(input);
    let finished = python.wait_with_output()?;
    let said = String::from_utf8_lossy(&finished.stderr);
    ensure!(finished.status.success(), "prometheus_client refused the page:\n{said}");
    written?;
    Ok(serde_json::from_slice(&finished.stdout)?)
}
