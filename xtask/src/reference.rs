//! The README's metric reference, written from the catalogue.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use caracal_metrics_core::catalogue::{
    CATALOGUE, Family, LabelSpec, LabelValues, MetricKind, Origin,
};

/// What a name starts with, and what feeds such families. Of two prefixes that fit, the earlier holds.
const SOURCES: &[(&str, &str)] = &[
    ("caracal_gateway_", "`axum`"),
    ("caracal_policy_cache_", "`cache`"),
    ("caracal_policy_", "recorders"),
    ("caracal_database_", "`sqlx`"),
    ("caracal_circuit_breaker_", "`breaker`"),
    ("caracal_cache_", "`cache`"),
    ("caracal_metrics_scrape", "`axum`"),
    ("caracal_metrics_server_", "`axum-serve`"),
    ("caracal_metrics_", "registry"),
];

/// The tables of the reference, as Markdown.
pub(crate) fn tables() -> Result<String> {
    tables_of(CATALOGUE)
}

fn tables_of(catalogue: &[Family]) -> Result<String> {
    let mut text = String::new();
    for (heading, origins) in [
        (
            "Always in the output: the families of the Python module, and what the registry says \
             about itself.",
            [Origin::Classic, Origin::Registry].as_slice(),
        ),
        ("*Adapter* families, in the output while something is attached.", &[Origin::Adapter]),
    ] {
        writeln!(text, "{heading}\n\n| family | type | unit | labels | meaning | fed by |")?;
        writeln!(text, "|---|---|---|---|---|---|")?;
        for family in catalogue.iter().filter(|family| origins.contains(&family.origin)) {
            writeln!(text, "{}", row(family)?)?;
        }
        writeln!(text)?;
    }
    writeln!(text, "Labels and their values:\n\n| label | values |\n|---|---|")?;
    for row in label_rows(catalogue)? {
        writeln!(text, "{row}")?;
    }
    writeln!(text, "\nBuckets of the histograms, in seconds:\n\n| family | buckets |\n|---|---|")?;
    for family in catalogue.iter().filter(|family| family.kind == MetricKind::Histogram) {
        writeln!(text, "| `{}` | {} |", family.name, buckets(family.buckets))?;
    }
    Ok(text)
}

fn row(family: &Family) -> Result<String> {
    let (_, source) =
        SOURCES.iter().find(|(prefix, _)| family.name.starts_with(prefix)).with_context(|| {
            format!("xtask/src/reference.rs does not know what feeds {}", family.name)
        })?;
    let labels: Vec<_> = family.labels.iter().map(|label| format!("`{}`", label.name)).collect();
    Ok(format!(
        "| `{}` | {} | {} | {} | {} | {source} |",
        family.name,
        family.kind.as_str(),
        family.unit.unwrap_or_default(),
        labels.join(", "),
        cell(family.help),
    ))
}

/// A row for each label; two families may mean different things by one name.
fn label_rows(catalogue: &[Family]) -> Result<BTreeSet<String>> {
    catalogue.iter().flat_map(|family| family.labels).map(label_row).collect()
}

fn label_row(label: &LabelSpec) -> Result<String> {
    let values = match label.values {
        LabelValues::Open => "open: comes from outside".to_owned(),
        LabelValues::Instance => "open: the name of the instance".to_owned(),
        LabelValues::Optional => {
            "open: the name of the instance; left out when there is only one, without a name"
                .to_owned()
        }
        LabelValues::Closed(values) => {
            values.iter().map(|value| format!("`{value}`")).collect::<Vec<_>>().join(", ")
        }
        LabelValues::StatusCode => "`100` to `999`, or `unknown`".to_owned(),
        LabelValues::Metric => "the name of a family".to_owned(),
        other => bail!("xtask/src/reference.rs can't describe the label values {other:?}"),
    };
    Ok(format!("| `{}` | {values} |", label.name))
}

fn buckets(bounds: &[Duration]) -> String {
    bounds.iter().map(|bound| bound.as_secs_f64().to_string()).collect::<Vec<_>>().join(" ")
}

/// Text as a table's cell holds it.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_family_has_one_row() {
        let tables = tables().unwrap();
        for family in CATALOGUE {
            let rows = tables.lines().filter(|line| {
                line.starts_with(&format!("| `{}` | {}", family.name, family.kind.as_str()))
            });
            assert_eq!(rows.count(), 1, "{}", family.name);
        }
    }

    #[test]
    fn a_row_says_all_that_the_catalogue_says() {
        let tables = tables().unwrap();
        for line in [
            "| `caracal_gateway_request_duration_seconds` | histogram | seconds | `method`, \
             `status_code` | Gateway request duration in seconds | `axum` |",
            "| `caracal_policy_evaluation_duration_seconds` | 0.001 0.0025 0.005 0.01 0.025 0.05 \
             0.1 0.25 0.5 1 |",
            "| `decision` | `allowed`, `denied`, `error` |",
            "| `agent_id` | open: comes from outside |",
        ] {
            assert!(tables.lines().any(|other| other == line), "{line}\n{tables}");
        }
    }

    #[test]
    fn every_row_has_as_many_cells_as_its_heading() {
        let mut cells = None;
        for line in tables().unwrap().lines() {
            let count = line.replace("\\|", "").matches('|').count();
            match cells {
                _ if count == 0 => cells = None,
                None => cells = Some(count),
                Some(cells) => assert_eq!(count, cells, "{line}"),
            }
        }
    }
}
