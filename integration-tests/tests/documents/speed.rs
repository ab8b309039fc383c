//! The benchmark rows in the README, copied from the page with all rows.

use std::fmt::Write;

use anyhow::{Context, Result};
use integration_tests::region;

/// The page with the tables that `cargo xtask bench --write` writes.
const PAGE: &str = "docs/performance.md";

const COLUMNS: [&str; 6] =
    ["what", "prometheus", "prometheus-client", "metrics + exporter", "measured, text", "caracal"];

const ROWS: [&str; 6] = [
    "counter, 3 labels by value",
    "custom histogram, one enum and one text label",
    "gateway request: in flight ±1, counter, histogram",
    "a thread with ten gateway requests, from start to end",
    "counter, 3 labels by value, 2 threads",
    "page of 10,000 histograms, per series",
];

/// The table of these rows and columns, and the line with the date and the machine.
fn summary(page: &str) -> Result<String> {
    let measured = page.lines().find(|line| line.starts_with("Measured on "));
    let header = table_line(page, COLUMNS[0])?;
    let places = COLUMNS
        .iter()
        .map(|column| {
            let place = header.iter().position(|cell| cell == column);
            place.with_context(|| format!("{PAGE} has no column `{column}`"))
        })
        .collect::<Result<Vec<_>>>()?;
    let mut text = format!(
        "{}\n\n| {} |\n|---|{}\n",
        measured.with_context(|| format!("{PAGE} does not say when it was measured"))?,
        COLUMNS.join(" | "),
        "--:|".repeat(COLUMNS.len() - 1)
    );
    for row in ROWS {
        let cells = table_line(page, row)?;
        let shown = places.iter().map(|place| cells.get(*place).copied().unwrap_or_default());
        writeln!(text, "| {} |", shown.collect::<Vec<_>>().join(" | "))?;
    }
    Ok(text)
}

/// The cells of the first line of a table that begins with this cell.
fn table_line<'a>(page: &'a str, first: &str) -> Result<Vec<&'a str>> {
    let mut lines = page.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"));
    let line = lines.find(|line| line.split(" | ").next() == Some(first));
    Ok(line.with_context(|| format!("{PAGE} has no row `{first}`"))?.split(" | ").collect())
}

const TEXT: &str = include_str!("../../../docs/performance.md");

#[test]
fn the_readme_has_the_rows() {
    region("README.md", "benchmarks", &summary(TEXT).unwrap()).unwrap();
}

#[test]
fn the_rows_are_those_of_the_page() {
    let table = summary(TEXT).unwrap();
    for row in ROWS {
        let (ours, line) = (table_line(&table, row).unwrap(), table_line(TEXT, row).unwrap());
        assert_eq!((ours.len(), ours[1], ours[5]), (6, line[1], *line.last().unwrap()), "{row}");
    }
    assert!(table.starts_with("Measured on "), "{table}");
}

#[test]
fn a_row_that_is_missing_is_an_error() {
    let page = TEXT.replace(ROWS[2], "something else");
    let error = summary(&page).unwrap_err().to_string();
    assert!(error.contains(ROWS[2]), "{error}");
}
