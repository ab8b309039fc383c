//! Rules as YAML.

use std::fmt::Write;

use super::{Alert, Group, Kind, Rule, Severity};
use crate::promql;
use crate::service::Service;
use crate::text::{not_a_template, yaml};

const HEAD: &str = "\
# Recording rules and alerts for one job. Alerts with severity critical should page somebody. Alerts with severity
# warning can wait until working hours. For a service with a different job or different families, generate a separate
# file.
groups:
";

pub(super) fn write(service: &Service<'_>, groups: &[Group]) -> String {
    let mut text = HEAD.to_owned();
    for (place, group) in groups.iter().enumerate() {
        if place > 0 {
            text.push('\n');
        }
        indented(group.comment, "  # ", &mut text);
        let name = format!("{}-{}", service.target.job, group.topic);
        line(&mut text, format_args!("  - name: {}\n    rules:", yaml(&name)));
        for (place, rule) in group.rules.iter().enumerate() {
            if place > 0 && matches!(rule.kind, Kind::Alert(_)) {
                text.push('\n');
            }
            write_rule(service, rule, &mut text);
        }
    }
    text
}

fn write_rule(service: &Service<'_>, rule: &Rule, text: &mut String) {
    indented(rule.comment, "      # ", text);
    let (word, name) = match rule.kind {
        Kind::Record => ("record", promql::named(&rule.name, &service.namespace)),
        Kind::Alert(_) => ("alert", rule.name.clone().into_owned()),
    };
    line(text, format_args!("      - {word}: {name}\n        expr: |"));
    indented(&service.rule(&rule.expression), "          ", text);
    if let Kind::Alert(alert) = &rule.kind {
        write_alert(service, &name, alert, text);
    }
}

fn write_alert(service: &Service<'_>, name: &str, alert: &Alert, text: &mut String) {
    if let Some(hold) = alert.hold {
        line(text, format_args!("        for: {hold}"));
    }
    let severity = match alert.severity {
        Severity::Critical => "critical",
        Severity::Warning => "warning",
    };
    line(text, format_args!("        labels:\n          severity: {severity}"));
    line(text, format_args!("        annotations:\n          summary: {}", yaml(alert.summary)));
    line(text, format_args!("          description: >-"));
    indented(&alert.description, "            ", text);
    if let Some(runbook) = &service.target.runbook {
        let url = not_a_template(&format!("{runbook}#{}", name.to_lowercase()));
        line(text, format_args!("          runbook_url: {}", yaml(&url)));
    }
}

/// Appends each line of `lines` to `text`, with `before` in front of it.
fn indented(lines: &str, before: &str, text: &mut String) {
    for of_text in lines.lines() {
        line(text, format_args!("{before}{of_text}"));
    }
}

fn line(text: &mut String, line: std::fmt::Arguments<'_>) {
    // Writing into a string can't fail.
    let _ = writeln!(text, "{line}");
}
