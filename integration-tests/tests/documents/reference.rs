//! The metric reference, generated from the families that the crates declare.

use std::collections::BTreeMap;
use std::fmt::Write;

use anyhow::{Result, bail};
use integration_tests::region;

use crate::families::{FAMILIES, Family, Kind, Label, Values};

/// The tables of the reference, as Markdown.
fn tables() -> Result<String> {
    let mut text = String::from(
        "The column *fed by* names the feature of `caracal-metrics` whose adapter records into the family. \
         `recorders` means that your code calls a method of `MetricsRegistry`, such as \
         `record_policy_evaluation`. `registry` means that the registry itself records into the family.\n\n",
    );
    for (heading, shown_once_used) in [
        (
            "The following table lists the families that are always on the metrics page, unless you call \
             `only_used_families`. They are the families of the Python module and some of the registry's \
             metrics about itself.",
            false,
        ),
        (
            "The following table lists the families that are on the metrics page only while something feeds \
             them. They are the families of the *adapters* (the crates that observe a library) and the \
             registry's other metrics about itself. An adapter feeds its families while an instance of the \
             library is attached, or while a layer or an endpoint is in use. Some tokio families also require \
             the service to be built with `--cfg tokio_unstable`. The documentation of `RuntimeObserver` lists them.",
            true,
        ),
    ] {
        writeln!(text, "{heading}\n\n| family | type | unit | labels | meaning | fed by |")?;
        writeln!(text, "|---|---|---|---|---|---|")?;
        for family in FAMILIES.iter().filter(|f| f.shown_once_used == shown_once_used) {
            writeln!(text, "{}", row(family))?;
        }
        writeln!(text)?;
    }
    writeln!(
        text,
        "Labels and their values. If a label has different values in different families, the last column \
         lists the families:\n\n| label | values | families |\n|---|---|---|"
    )?;
    for row in label_rows()? {
        writeln!(text, "{row}")?;
    }
    writeln!(
        text,
        "\nBuckets of the histograms, in the unit of each histogram:\n\n| family | buckets |\n|---|---|"
    )?;
    for family in FAMILIES.iter().filter(|family| family.kind == Kind::Histogram) {
        let buckets = family.buckets.iter().flatten().map(f64::to_string);
        let buckets = buckets.collect::<Vec<_>>().join(" ");
        writeln!(text, "| `{}` | {buckets} |", family.name)?;
    }
    Ok(text)
}

fn row(family: &Family) -> String {
    let labels: Vec<_> = family.labels.iter().map(|label| format!("`{}`", label.name)).collect();
    let fed_by = family.fed_by.iter().map(|source| match source.as_str() {
        "recorders" | "registry" => source.clone(),
        feature => format!("`{feature}`"),
    });
    format!(
        "| `{}` | {} | {} | {} | {} | {} |",
        family.name,
        family.kind.as_str(),
        family.unit.as_deref().unwrap_or_default(),
        labels.join(", "),
        cell(&family.help),
        fed_by.collect::<Vec<_>>().join(", "),
    )
}

/// A row for each label. If the same label has different values in two families, it has several rows, and
/// each row lists its families.
fn label_rows() -> Result<Vec<String>> {
    let mut families = BTreeMap::<_, Vec<_>>::new();
    for family in &*FAMILIES {
        for label in &family.labels {
            families.entry((&label.name, values(label)?)).or_default().push(&*family.name);
        }
    }
    let rows = families.iter().map(|((label, values), of)| {
        let is_ambiguous = families.keys().filter(|(other, _)| other == label).count() > 1;
        let of = if is_ambiguous { format!("`{}`", of.join("`, `")) } else { String::new() };
        format!("| `{label}` | {values} | {of} |")
    });
    Ok(rows.collect())
}

/// Describes the values of a label.
fn values(label: &Label) -> Result<String> {
    Ok(match &label.values {
        Values::Closed(values) => {
            values.iter().map(|value| format!("`{value}`")).collect::<Vec<_>>().join(", ")
        }
        Values::Word(word) => match word.as_str() {
            "open" if label.name == "metric" => "the name of a family",
            "open" if label.name == "route" => {
                "open: the pattern that the request matched, the name of its group (the layer's option \
                 `group`), or `unmatched`"
            }
            "open" if label.name == "worker" => "open: the index of the worker, from `0`",
            "open" => "open: any text",
            "optional" if matches!(&*label.name, "route" | "http_route") => {
                "open: the pattern that the request matched, or the name of its group (the layer's option \
                 `group`); omitted if there is neither"
            }
            "error type" => {
                "the status code if it is between `500` and `599`; otherwise `client_closed` or `failed`; \
                 omitted if the request did not fail"
            }
            "sent status code" => "`100` to `999`; omitted if no response was sent",
            "optional" if label.name == "pool" => "open: the name of the pool; omitted if it has no name",
            "optional" if label.name == "runtime" => {
                "open: the name of the runtime; omitted if it has no name"
            }
            "status code" => "`100` to `999`, or `unknown`",
            other => bail!("integration-tests/tests/documents/reference.rs can't describe the label values {other:?}"),
        }
        .to_owned(),
    })
}

/// Escapes text for a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

#[test]
fn the_page_has_the_tables() {
    region("docs/metrics.md", "metric-reference", &tables().unwrap()).unwrap();
}

#[test]
fn every_family_has_one_row() {
    let tables = tables().unwrap();
    for family in &*FAMILIES {
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
        "| `decision` | `allowed`, `denied`, `error` |  |",
        "| `agent_id` | open: any text |  |",
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
