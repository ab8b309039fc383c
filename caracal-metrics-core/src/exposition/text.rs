//! A family's samples, straight from the cells. Text 0.0.4 and OpenMetrics agree on them, except for
//! exemplars.

use crate::series::{
    Exemplars, FamilyStore, HistogramSum, Kept, Observed, Row, Rows, Value, Values,
};
use crate::text::{canonical_float, write_integer, write_labels, write_seconds};

/// Writes a family's samples. With exemplars, the format is OpenMetrics.
pub(super) fn write_samples(
    store: &FamilyStore,
    rows: &Rows,
    values: &mut Values<'_>,
    exemplars: Option<&Exemplars>,
    out: &mut Vec<u8>,
) {
    let name = store.name();
    for row in rows.iter() {
        if store.kind().is_histogram() {
            write_histogram(store, &row, values, exemplars, out);
        } else {
            write_name(name, "", row.labels, None, out);
            write_value(values.read(row.cells), out);
            out.push(b'\n');
        }
        if exemplars.is_some() {
            write_created(name, &row, out);
        }
    }
}

fn write_histogram(
    store: &FamilyStore,
    row: &Row<'_>,
    values: &mut Values<'_>,
    exemplars: Option<&Exemplars>,
    out: &mut Vec<u8>,
) {
    let name = store.name();
    let is_openmetrics = exemplars.is_some();
    // Before the value, which then has what they are examples of.
    let exemplars = exemplars.and_then(|exemplars| exemplars.of(row.cells));
    let value =
        if exemplars.is_some() { values.read_now(row.cells) } else { values.read(row.cells) };
    let mut count = 0;
    for (index, (bucket, le)) in values.buckets().iter().zip(store.les()).enumerate() {
        count += bucket;
        write_name(name, "_bucket", row.labels, Some(le), out);
        write_integer(count, out);
        if let Some(kept) = exemplars.as_ref().and_then(|kept| kept[index].as_ref()) {
            write_exemplar(kept, out);
        }
        out.push(b'\n');
    }
    // OpenMetrics has no sum that could fall, and no count without a sum.
    if is_openmetrics && may_fall(store, value) {
        return;
    }
    write_name(name, "_sum", row.labels, None, out);
    write_value(value, out);
    out.push(b'\n');
    write_name(name, "_count", row.labels, None, out);
    write_integer(count, out);
    out.push(b'\n');
}

/// Whether the sum of a histogram may fall, since negative numbers are counted.
fn may_fall(store: &FamilyStore, value: Value) -> bool {
    let is_negative = matches!(value, Value::Histogram(HistogramSum::Float(sum)) if sum < 0.0);
    is_negative || store.description.bounds.are_negative()
}

/// A value; of a histogram, its sum.
fn write_value(value: Value, out: &mut Vec<u8>) {
    match value {
        Value::Counter(value) => write_integer(value, out),
        Value::Gauge(value) => write_integer(value, out),
        Value::FloatCounter(value)
        | Value::FloatGauge(value)
        | Value::Histogram(HistogramSum::Float(value)) => {
            out.extend_from_slice(canonical_float(value).as_bytes());
        }
        Value::Histogram(HistogramSum::Nanos(nanos)) => write_seconds(nanos, out),
    }
}

/// When the series began, to the millisecond.
fn write_created(name: &str, row: &Row<'_>, out: &mut Vec<u8>) {
    if let Some(created) = row.created {
        let name = name.strip_suffix("_total").unwrap_or(name);
        write_name(name, "_created", row.labels, None, out);
        write_seconds(created.as_millis() * 1_000_000, out);
        out.push(b'\n');
    }
}

fn write_name(name: &str, suffix: &str, labels: &[u8], le: Option<&str>, out: &mut Vec<u8>) {
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(suffix.as_bytes());
    if !labels.is_empty() || le.is_some() {
        out.push(b'{');
        out.extend_from_slice(labels);
        if let Some(le) = le {
            if !labels.is_empty() {
                out.push(b',');
            }
            out.extend_from_slice(b"le=\"");
            out.extend_from_slice(le.as_bytes());
            out.push(b'"');
        }
        out.push(b'}');
    }
    out.push(b' ');
}

/// ` # {labels} value timestamp`. No timestamp has an exponent, which Prometheus would refuse.
fn write_exemplar(exemplar: &Kept, out: &mut Vec<u8>) {
    out.extend_from_slice(b" # {");
    write_labels(exemplar.labels(), out);
    out.extend_from_slice(b"} ");
    match exemplar.observed {
        Observed::Nanos(nanos) => write_seconds(nanos.into(), out),
        Observed::Float(value) => out.extend_from_slice(canonical_float(value).as_bytes()),
    }
    out.push(b' ');
    write_seconds(u128::from(exemplar.since_epoch().as_millis() as u64) * 1_000_000, out);
}
