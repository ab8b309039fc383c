//! Checks the files in `monitoring/` against the families and against each other. The test `dashboard`
//! checks them with promtool.

mod compose;
mod rules;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use integration_tests::repository_file;

use crate::families::{FAMILIES, Kind};

/// The metrics that `MetricsRegistryBuilder::process_metrics` exposes through the collector of the
/// `prometheus` crate.
const PROCESS: &[&str] = &[
    "process_cpu_seconds_total",
    "process_max_fds",
    "process_open_fds",
    "process_resident_memory_bytes",
    "process_start_time_seconds",
    "process_threads",
    "process_virtual_memory_bytes",
];

#[test]
fn alerts_name_metrics_that_exist_and_have_a_runbook_and_tests() -> Result<()> {
    let folder = folder();
    let mut alerts = Vec::new();
    for file in ["rules.yml", "alerts-classic.yml"] {
        let path = folder.join(file);
        let text = read(&path)?;
        check_names(&text).with_context(|| format!("in {}", path.display()))?;
        alerts.extend(rules::alerts(&text).with_context(|| format!("in {}", path.display()))?);
    }
    check_names(&read(&folder.join("classic-expressions.txt"))?)
        .context("in monitoring/classic-expressions.txt")?;
    rules::check_runbook(&alerts, &read(&folder.join("RUNBOOK.md"))?)
        .context("in monitoring/RUNBOOK.md")?;
    let mut tested = rules::Tested::default();
    for path in tests(&folder)? {
        tested.add(&read(&path)?).with_context(|| format!("in {}", path.display()))?;
    }
    rules::check_tested(&alerts, &tested).context("in monitoring/tests")
}

fn folder() -> PathBuf {
    repository_file("monitoring")
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("can't read {}", path.display()))
}

/// The promtool tests, in the order of their names.
fn tests(folder: &Path) -> Result<Vec<PathBuf>> {
    let folder = folder.join("tests");
    let entries = fs::read_dir(&folder).with_context(|| format!("no {}", folder.display()))?;
    let mut tests = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    tests.retain(|path| path.extension().is_some_and(|extension| extension == "yml"));
    tests.sort();
    ensure!(!tests.is_empty(), "there are no tests in {}", folder.display());
    Ok(tests)
}

/// Checks that every metric in a text is exposed, or recorded by a rule in the same text. Metrics are
/// recognized by their prefix `caracal_` or `process_`. `up` comes from Prometheus itself.
fn check_names(text: &str) -> Result<()> {
    let known = sample_names();
    let recorded = rules::recorded(text);
    for name in names(text) {
        let found = if name.contains(':') { recorded.contains(name) } else { known.contains(name) };
        ensure!(
            found,
            "{name} is not a metric of any crate here, and no rule of this file records it"
        );
    }
    Ok(())
}

/// The names of all samples that a scrape may contain.
fn sample_names() -> BTreeSet<String> {
    let mut names: BTreeSet<_> = PROCESS.iter().map(ToString::to_string).collect();
    for family in &*FAMILIES {
        let suffixes: &[&str] = match family.kind {
            Kind::Histogram => &["_bucket", "_sum", "_count"],
            _ => &[""],
        };
        names.extend(suffixes.iter().map(|suffix| format!("{}{suffix}", family.name)));
    }
    names
}

/// The names of metrics in a text.
fn names(text: &str) -> BTreeSet<&str> {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == ':'))
        .map(|word| word.trim_matches(':'))
        .filter(|word| {
            let mut parts = word.split(':');
            parts.any(|part| part.starts_with("caracal_") || part.starts_with("process_"))
        })
        .collect()
}

#[test]
fn names_of_metrics_are_found_in_expressions() {
    let text = "sum by (job, process) (rate(caracal_gateway_requests_total{job=~\"$job\"}[5m]))\n\
                / job:caracal_gateway_error_ratio:rate5m # caracal-gateway";
    assert_eq!(
        Vec::from_iter(names(text)),
        ["caracal_gateway_requests_total", "job:caracal_gateway_error_ratio:rate5m"]
    );
}

#[test]
fn a_metric_that_nothing_exposes_is_an_error() {
    check_names("caracal_gateway_requests_total + process_open_fds").unwrap();
    check_names("caracal_gateway_request_duration_seconds_bucket").unwrap();
    for unknown in [
        "caracal_gateway_request_total",
        "caracal_gateway_request_duration_seconds",
        "job:caracal_gateway_error_ratio:rate7m",
        "process_cpu_seconds",
    ] {
        let error = check_names(unknown).unwrap_err().to_string();
        assert!(error.starts_with(unknown), "{error}");
    }
}

#[test]
fn what_a_rule_of_the_file_records_may_be_named() {
    check_names("- record: a:caracal_x:rate5m\n  expr: 1\n- expr: a:caracal_x:rate5m > 1").unwrap();
}
