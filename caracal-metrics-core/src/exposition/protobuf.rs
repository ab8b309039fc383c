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
    FamilyStore, HistogramSum, Kept, Observed, Rows, Start, StartsOfRows, Value, Values,
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
    let begun = out.begin_message();
    write_header(&description.name, store.help(), kind, unit, &mut out.buffer);
    let mut labels = LabelPairs::of(store);
    let bounds = description.bounds.exposed();
    // Gauges have no start timestamps.
    let mut starts = (!description.kind.is_gauge()).then(|| StartsOfRows::of(description.kind));
    values.want_native();
    let mut rows = LabelPairs::cursor(store, rows);
    while let Some(row) = rows.next() {
        let buffer = &mut out.buffer;
        let created = starts.as_mut().and_then(|starts| starts.next(&row));
        if description.kind.is_histogram() {
            message(4, buffer, |out| {
                labels.append(&row, out);
                write_our_histogram(store, &bounds, values, row.cells, created, out);
            });
        } else {
            let field = if description.kind.is_gauge() { 2 } else { 3 };
            let value = Single { field, number: number(values.read(row.cells)), created };
            labels.write(&row, value, buffer);
        }
        out.cut();
    }
    join(out);
    out.end_message(begun);
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
    let begun = out.begin_message();
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
