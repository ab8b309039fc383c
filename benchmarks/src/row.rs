//! The measurements of a row.

use std::fmt::Write;

use crate::cases::Table;
use crate::rounds::{Measured, Sample};

/// If threads ran for less than this share of the time, they did not run at the same time.
const RAN: f64 = 0.9;

pub(crate) struct Row {
    pub(crate) what: String,
    pub(crate) table: Table,
    /// The measurement of each library. The first one is the one to compare with.
    pub(crate) cells: Vec<Cell>,
}

pub(crate) struct Cell {
    pub(crate) name: String,
    /// Nanoseconds of processor time, and of wall-clock time.
    pub(crate) cpu: f64,
    pub(crate) wall: f64,
    /// Processor time relative to the first one, round by round.
    pub(crate) ratio: Spread,
    pub(crate) wall_ratio: f64,
    /// The share of the time in which its threads ran, if they did not run at the same time.
    pub(crate) waited: Option<f64>,
}

pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) low: f64,
    pub(crate) high: f64,
}

impl Row {
    pub(crate) fn new(what: String, table: Table, threads: usize, measured: &Measured) -> Self {
        let first = &measured[0].1;
        let cell = |(name, samples): &(String, Vec<Sample>)| {
            let of = |value: fn(&Sample) -> f64| spread(samples.iter().map(value)).median;
            let ratio = |value: fn(&Sample) -> f64| {
                spread(samples.iter().zip(first).map(|(one, first)| value(one) / value(first)))
            };
            let ran = of(|sample| sample.ran);
            Cell {
                name: name.clone(),
                cpu: of(|sample| sample.cpu),
                wall: of(|sample| sample.wall),
                ratio: ratio(|sample| sample.cpu),
                wall_ratio: ratio(|sample| sample.wall).median,
                waited: (threads > 1 && ran < RAN).then_some(ran),
            }
        };
        Self { what, table, cells: measured.iter().map(cell).collect() }
    }

    /// All measurements, as a table in Markdown.
    pub(crate) fn details(&self) -> String {
        let mut table = format!("\n{}\n\n", self.what);
        table.push_str("| | processor | wall | ratio | spread | ratio, wall |\n");
        table.push_str("|---|--:|--:|--:|--:|--:|\n");
        for cell in &self.cells {
            let Cell { name, cpu, wall, ratio, wall_ratio, waited } = cell;
            let waited = waited.map(|ran| format!(" (ran {:.0}% of the time)", ran * 100.0));
            let (waited, cpu, wall) = (waited.unwrap_or_default(), time(*cpu), time(*wall));
            let Spread { median, low, high } = ratio;
            writeln!(
                table,
                "| {name}{waited} | {cpu} | {wall} | {median:.3} | {low:.3} to {high:.3} | {wall_ratio:.3} |"
            )
            .expect("room");
        }
        table
    }
}

fn spread(values: impl Iterator<Item = f64>) -> Spread {
    let mut sorted: Vec<_> = values.collect();
    sorted.sort_by(f64::total_cmp);
    // If there are few rounds, all are included. If there are many, the extremes are left out, because
    // a single round may have been disturbed.
    let edge = usize::from(sorted.len() > 4);
    Spread {
        median: sorted[sorted.len() / 2],
        low: sorted[edge],
        high: sorted[sorted.len() - 1 - edge],
    }
}

/// Formats a time in a suitable unit.
pub(crate) fn time(nanos: f64) -> String {
    match nanos.abs() {
        0.0..1e4 => format!("{nanos:.1} ns"),
        1e4..1e6 => format!("{:.1} µs", nanos / 1e3),
        _ => format!("{:.1} ms", nanos / 1e6),
    }
}
