//! The rules of promlint for help texts and names.

use super::{Report, Rule};
use crate::snapshot::FamilyType;

/// The names of types, which a name must not contain.
const TYPES: [&str; 5] = ["counter", "gauge", "gauge_histogram", "histogram", "summary"];

pub(super) fn check(report: &mut Report<'_>) {
    let (name, kind) = (report.family.name().to_owned(), report.family.kind());
    if report.family.help().is_empty() {
        report.add(Rule::Help, "no help text", "describe the values in a sentence");
    }
    check_total(report, &name, kind);
    let lower = name.to_lowercase();
    for word in TYPES {
        if has_word(&lower, word) {
            let text = format!("metric name should not include type '{word}'");
            report.add(Rule::TypeInName, text, "leave the type out: `# TYPE` contains it");
        }
    }
    if name.contains(':') {
        let remedy = "use underscores: colons are for recording rules";
        report.add(Rule::Colon, "metric names should not contain ':'", remedy);
    }
    if is_camel_case(&name) {
        let text = "metric names should be written in 'snake_case' not 'camelCase'";
        report.add(Rule::CamelCase, text, format!("rename it to {}", snake_case(&name)));
    }
    let labels = report.family.series().flat_map(|series| series.labels().map(|(name, _)| name));
    if let Some(label) = labels.clone().find(|label| is_camel_case(label)) {
        let text = "label names should be written in 'snake_case' not 'camelCase'";
        let remedy = format!("rename the label {label} to {}", snake_case(label));
        report.add(Rule::CamelCase, text, remedy);
    }
}

fn check_total(report: &mut Report<'_>, name: &str, kind: FamilyType) {
    let is_total = name.ends_with("_total");
    match kind {
        FamilyType::Counter if !is_total => {
            let text = "counter metrics should have \"_total\" suffix";
            report.add(Rule::Total, text, format!("rename it to {name}_total"));
        }
        FamilyType::Counter | FamilyType::Untyped => {}
        _ if is_total => {
            let text = "non-counter metrics should not have \"_total\" suffix";
            report.add(Rule::Total, text, "leave `_total` out, or make it a counter");
        }
        _ => {}
    }
}

/// Returns whether a name contains this word after an underscore, and not only as a part of a word.
pub(super) fn has_word(lower: &str, word: &str) -> bool {
    lower.match_indices(word).any(|(at, _)| {
        let rest = &lower[at + word.len()..];
        lower[..at].ends_with('_') && (rest.is_empty() || rest.starts_with('_'))
    })
}

fn is_camel_case(name: &str) -> bool {
    let bytes = name.as_bytes();
    bytes.windows(2).any(|pair| pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase())
}

fn snake_case(name: &str) -> String {
    let mut snake = String::with_capacity(name.len() + 4);
    let mut before = '_';
    for c in name.chars() {
        if before.is_ascii_lowercase() && c.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(c.to_ascii_lowercase());
        before = c;
    }
    snake
}
