//! Protocol Buffers: `io.prometheus.client.MetricFamily` messages, each with its length before it.
//!
//! This is written by hand: the messages have five levels and a dozen fields, and the encoder of the
//! `prometheus` crate comes with a feature that changes the types of its accessors for every crate in the
//! build.

use std::time::Duration;

use super::foreign::ForeignFamily;
use super::foreign_metrics::{ForeignValue, Steps, whole};
use super::label_pairs::LabelPairs;
use super::out::Out;
use super::single::Single;
use crate::engine::Cell;
use crate::series::{
    FamilyStore, HistogramSum, Kept, Observed, Rows, Start, Value, Values, earliest, starts_of,
};
use crate::text::seconds;
use crate::wire::{double, double_message, integer, message, text_field, write_labels};

/// Writes one of our families. `join` writes after its samples.
pub(super) fn write_family(
    store: &FamilyStore,
    rows: &Rows,
    values: &mut Values<'_>,
    join: impl FnOnce(&mut Out),
    out: &mut Out,
) {
    let description = &store.description;
    let (kind, unit) = (description.kind.as_str(), description.unit.as_deref());
    let begun = out.begin_message(about_bytes(store, rows));
    write_header(&description.name, store.help(), kind, unit, &mut out.buffer);
    if description.kind.is_histogram() {
        write_histograms(store, rows, values, out);
    } else {
        write_singles(store, rows, values, out);
    }
    join(out);
    out.end_message(begun);
}

/// Estimates the length of a family, in bytes.
fn about_bytes(store: &FamilyStore, rows: &Rows) -> usize {
    // A bucket has a count and a bound. A value has a start timestamp.
    const BUCKET: usize = 15;
    const VALUE: usize = 30;
    let description = &store.description;
    let buckets = description.bounds.len() * BUCKET;
    let header = description.name.len() + store.help().len() + VALUE;
    header + rows.series() * (store.pairs.about_bytes() + rows.first_key() + VALUE + buckets)
}

/// Most foreign families have few series.
const ABOUT_FOREIGN: usize = 1 << 10;

/// Writes the messages of counters or gauges.
fn write_singles(store: &FamilyStore, rows: &Rows, values: &mut Values<'_>, out: &mut Out) {
    let kind = store.kind();
    let field = if kind.is_gauge() { 2 } else { 3 };
    let mut labels = LabelPairs::of(store);
    let mut starts = Vec::new();
    for rows in rows.blocks() {
        // Gauges have no start timestamps.
        if !kind.is_gauge() {
            starts_of(kind).read(rows.cells(), &mut starts);
        }
        if let Some(plain) = rows.plain().filter(|_| store.has_fixed_labels())
            && let Some(counters) = values.counters(rows.cells())
        {
            for ((row, value), start) in plain.zip(counters).zip(&starts) {
                let single = Single { field, number: *value as f64, created: start.noted() };
                labels.write(&row, single, &mut out.buffer);
                out.cut();
            }
            continue;
        }
        let (mut cursor, mut starts) = (rows.cursor(!store.has_fixed_labels()), &*starts);
        while let Some(row) = cursor.next() {
            let number = number(values.read(row.cells));
            let created = earliest(take(&mut starts, row.cells.len()));
            labels.write(&row, Single { field, number, created }, &mut out.buffer);
            out.cut();
        }
    }
}

fn write_histograms(store: &FamilyStore, rows: &Rows, values: &mut Values<'_>, out: &mut Out) {
    let bounds = store.description.bounds.exposed();
    let mut labels = LabelPairs::of(store);
    let mut starts = Vec::new();
    values.want_native();
    for rows in rows.blocks() {
        starts_of(store.kind()).read(rows.cells(), &mut starts);
        let (mut cursor, mut starts) = (rows.cursor(!store.has_fixed_labels()), &*starts);
        while let Some(row) = cursor.next() {
            let created = earliest(take(&mut starts, row.cells.len()));
            message(4, &mut out.buffer, |out| {
                labels.append(&row, out);
                write_our_histogram(store, &bounds, values, row.cells, created, out);
            });
            out.cut();
        }
    }
}

/// Takes the starts of the next row.
fn take<'a>(starts: &mut &'a [Start], cells: usize) -> impl Iterator<Item = Start> + use<'a> {
    starts.split_off(..cells).unwrap_or_default().iter().copied()
}

/// Returns a value or, for a histogram, its sum.
fn number(value: Value) -> f64 {
    match value {
        Value::Counter(value) => value as f64,
        Value::Gauge(value) => value as f64,
        Value::FloatCounter(value)
        | Value::FloatGauge(value)
        | Value::Histogram(HistogramSum::Float(value)) => value,
        Value::Histogram(HistogramSum::Nanos(nanos)) => seconds(nanos),
    }
}

/// Writes a foreign family.
pub(super) fn write_foreign(family: &ForeignFamily, out: &mut Out) {
    let begun = out.begin_message(ABOUT_FOREIGN);
    write_header(&family.name, &family.help, family.kind, None, &mut out.buffer);
    write_foreign_metrics(family, &mut out.buffer);
    out.end_message(begun);
}

fn write_header(name: &str, help: &str, kind: &str, unit: Option<&str>, out: &mut Vec<u8>) {
    text_field(1, name, out);
    text_field(2, help, out);
    let kind = match kind {
        "counter" => 0,
        "gauge" => 1,
        "summary" => 2,
        "histogram" => 4,
        _ => 3,
    };
    integer(3, kind, out);
    if let Some(unit) = unit {
        text_field(5, unit, out);
    }
}

fn write_our_histogram(
    store: &FamilyStore,
    bounds: &[f64],
    values: &mut Values<'_>,
    cells: &[Cell],
    created: Option<Start>,
    out: &mut Vec<u8>,
) {
    // The exemplars are read before the value, so that the value contains their observations.
    let exemplars = store.exemplars.of(cells);
    let sum = number(if exemplars.is_some() { values.read_now(cells) } else { values.read(cells) });
    message(7, out, |out| {
        integer(1, values.buckets().iter().sum(), out);
        double(2, sum, out);
        if let Some(created) = created {
            write_timestamp(15, created.since_epoch(), out);
        }
        if values.write_native(out) {
            // Prometheus stores these together with the native buckets.
            for exemplar in exemplars.iter().flatten().flatten() {
                message(16, out, |out| write_exemplar(exemplar, out));
            }
        }
        let mut count = 0;
        let bounds = bounds.iter().copied().chain([f64::INFINITY]);
        for (index, (bound, observed)) in bounds.zip(values.buckets()).enumerate() {
            count += observed;
            message(3, out, |out| {
                integer(1, count, out);
                double(2, bound, out);
                if let Some(exemplar) = exemplars.as_ref().and_then(|kept| kept[index].as_ref()) {
                    message(3, out, |out| write_exemplar(exemplar, out));
                }
            });
        }
    });
}

fn write_exemplar(exemplar: &Kept, out: &mut Vec<u8>) {
    write_labels(1, exemplar.labels(), out);
    let observed = match exemplar.observed {
        Observed::Nanos(nanos) => seconds(nanos.into()),
        Observed::Float(value) => value,
    };
    double(2, observed, out);
    write_timestamp(3, exemplar.since_epoch(), out);
}

/// Writes a `google.protobuf.Timestamp`.
fn write_timestamp(field: u64, since_epoch: Duration, out: &mut Vec<u8>) {
    message(field, out, |out| {
        integer(1, since_epoch.as_secs(), out);
        integer(2, since_epoch.subsec_nanos().into(), out);
    });
}

pub(super) fn write_foreign_metrics(family: &ForeignFamily, out: &mut Vec<u8>) {
    family.for_each_metric(|mut metric| {
        metric.labels.sort_unstable();
        let labels = metric.labels.iter().map(|(name, value)| (&**name, &**value));
        message(4, out, |out| {
            write_labels(1, labels, out);
            match metric.value {
                ForeignValue::Number(value) => {
                    double_message(if family.kind == "counter" { 3 } else { 2 }, value, out);
                }
                ForeignValue::Steps(steps) => write_steps(family.kind, &steps, out),
            }
            if let Some(at) = metric.timestamp {
                integer(6, at.cast_unsigned(), out);
            }
        });
    });
}

fn write_steps(kind: &str, Steps { pairs, sum, count }: &Steps<'_>, out: &mut Vec<u8>) {
    let histogram = kind == "histogram";
    message(if histogram { 7 } else { 4 }, out, |out| {
        integer(1, *count, out);
        double(2, *sum, out);
        for (step, value) in pairs {
            message(3, out, |out| {
                if histogram {
                    integer(1, whole(value), out);
                    double(2, *step, out);
                } else {
                    double(1, *step, out);
                    double(2, value.parse().unwrap_or(f64::NAN), out);
                }
            });
        }
    });
}
