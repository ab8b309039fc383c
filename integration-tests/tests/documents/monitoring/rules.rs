//! Alerts, with their annotations, their runbook and their tests.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

#[derive(Deserialize)]
struct RuleFile {
    groups: Vec<Group>,
}

#[derive(Deserialize)]
struct Group {
    rules: Vec<Rule>,
}

#[derive(Deserialize)]
struct Rule {
    alert: Option<String>,
    #[serde(default)]
    labels: BTreeMap<String, String>,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
}

/// Returns the names of the alerts in a rule file. Each alert must tell the person on call what they
/// need to know.
pub(super) fn alerts(text: &str) -> Result<Vec<String>> {
    let file: RuleFile = serde_saphyr::from_str(text)?;
    let mut alerts = Vec::new();
    for rule in file.groups.into_iter().flat_map(|group| group.rules) {
        let Some(alert) = rule.alert else { continue };
        check_alert(&rule.labels, &rule.annotations)
            .with_context(|| format!("the alert {alert}"))?;
        alerts.push(alert);
    }
    ensure!(!alerts.is_empty(), "there is no alert");
    Ok(alerts)
}

fn check_alert(
    labels: &BTreeMap<String, String>,
    annotations: &BTreeMap<String, String>,
) -> Result<()> {
    let severity = labels.get("severity").context("has no severity")?;
    ensure!(
        ["critical", "warning"].contains(&severity.as_str()),
        "has the severity {severity}, which nobody routes"
    );
    for needed in ["summary", "description"] {
        ensure!(annotations.get(needed).is_some_and(|text| !text.is_empty()), "has no {needed}");
    }
    let description = &annotations["description"];
    ensure!(
        !description.replace(' ', "").contains("{{$value}}"),
        "prints its value with all its digits: format it"
    );
    // Only an operator knows the address of the runbook.
    ensure!(
        !annotations.contains_key("runbook_url"),
        "has a runbook_url, whose address is a guess"
    );
    Ok(())
}

/// Checks that every alert has a section in the runbook, and every section has an alert.
pub(super) fn check_runbook(alerts: &[String], runbook: &str) -> Result<()> {
    let sections: BTreeSet<_> =
        runbook.lines().filter_map(|line| line.strip_prefix("### ")).map(str::trim).collect();
    for alert in alerts {
        ensure!(sections.contains(alert.as_str()), "there is no section `### {alert}`");
    }
    for section in sections {
        ensure!(alerts.iter().any(|alert| alert == section), "there is no alert {section}");
    }
    Ok(())
}

#[derive(Deserialize)]
struct TestFile {
    tests: Vec<Test>,
}

#[derive(Deserialize)]
struct Test {
    alert_rule_test: Vec<AlertTest>,
}

#[derive(Deserialize)]
struct AlertTest {
    alertname: String,
    #[serde(default)]
    exp_alerts: Vec<serde::de::IgnoredAny>,
}

/// The alerts that a test expects to fire, and those that a test expects to be silent.
#[derive(Default)]
pub(super) struct Tested {
    firing: BTreeSet<String>,
    silent: BTreeSet<String>,
}

impl Tested {
    pub(super) fn add(&mut self, text: &str) -> Result<()> {
        let file: TestFile = serde_saphyr::from_str(text)?;
        for test in file.tests.into_iter().flat_map(|test| test.alert_rule_test) {
            let set = if test.exp_alerts.is_empty() { &mut self.silent } else { &mut self.firing };
            set.insert(test.alertname);
        }
        Ok(())
    }
}

/// Checks that tests expect every alert both to fire and to be silent. promtool treats the name of a
/// missing alert as a silent alert.
pub(super) fn check_tested(alerts: &[String], tested: &Tested) -> Result<()> {
    for alert in alerts {
        ensure!(tested.firing.contains(alert), "no test sees {alert} fire");
        ensure!(tested.silent.contains(alert), "no test sees {alert} silent");
    }
    for tested in tested.firing.union(&tested.silent) {
        ensure!(alerts.contains(tested), "a test is about {tested}, which is not an alert");
    }
    Ok(())
}

/// The names that the rules of a file record.
pub(super) fn recorded(text: &str) -> BTreeSet<&str> {
    text.lines().filter_map(|line| line.trim().strip_prefix("- record: ")).map(str::trim).collect()
}

const RULES: &str = r"
groups:
  - name: one
    rules:
      - record: job:caracal_x:rate5m
        expr: 1
      - alert: TooMuch
        expr: x > 1
        labels:
          severity: critical
        annotations:
          summary: Too much
          description: It is {{ $value | humanize }}.
";

#[test]
fn a_complete_alert_is_accepted() {
    assert_eq!(alerts(RULES).unwrap(), ["TooMuch"]);
    assert_eq!(Vec::from_iter(recorded(RULES)), ["job:caracal_x:rate5m"]);
}

#[test]
fn an_alert_that_lacks_something_is_an_error() {
    for (from, to, message) in [
        ("severity: critical", "team: x", "has no severity"),
        ("severity: critical", "severity: loud", "has the severity loud, which nobody routes"),
        ("summary: Too much", "title: x", "has no summary"),
        ("description: It", "text: It", "has no description"),
        ("$value | humanize", "$value", "prints its value with all its digits: format it"),
        ("summary:", "runbook_url: https://a.example\n          summary:", "has a runbook_url"),
    ] {
        let error = alerts(&RULES.replace(from, to)).unwrap_err();
        assert!(format!("{error:#}").starts_with(&format!("the alert TooMuch: {message}")));
    }
}

#[test]
fn runbook_and_alerts_belong_together() {
    let alerts = ["TooMuch".to_owned()];
    check_runbook(&alerts, "# Runbook\n### TooMuch\ntext").unwrap();
    let missing = check_runbook(&alerts, "# Runbook\n").unwrap_err().to_string();
    assert_eq!(missing, "there is no section `### TooMuch`");
    let left_over = check_runbook(&alerts, "### TooMuch\n### Gone\n").unwrap_err().to_string();
    assert_eq!(left_over, "there is no alert Gone");
}

#[test]
fn an_alert_is_tested_both_ways() {
    let alerts = ["TooMuch".to_owned()];
    let fires = "{eval_time: 1m, alertname: TooMuch, exp_alerts: [{exp_labels: {a: b}}]}";
    let silent = "{eval_time: 1m, alertname: TooMuch}";
    let other = "{eval_time: 1m, alertname: TooMuhc}";
    for (cases, message) in [
        (vec![fires], Some("no test sees TooMuch silent")),
        (vec![silent], Some("no test sees TooMuch fire")),
        (vec![fires, silent, other], Some("a test is about TooMuhc, which is not an alert")),
        (vec![fires, silent], None),
    ] {
        let mut tested = Tested::default();
        tested.add(&format!("tests: [{{alert_rule_test: [{}]}}]", cases.join(", "))).unwrap();
        let outcome = check_tested(&alerts, &tested).err().map(|error| error.to_string());
        assert_eq!(outcome.as_deref(), message);
    }
}
