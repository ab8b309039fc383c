//! Writes the samples of a family, directly from the cells. The text format 0.0.4 and OpenMetrics are the same
//! here, except for exemplars.

use super::line_start::LineStart;
use super::out::{Out, push_short};
use crate::series::{
    Exemplars, FamilyStore, HistogramSum, Kept, Observed, Row, Rows, Start, Value, Values,
};
use crate::text::{canonical_float, write_integer, write_labels, write_seconds};

/// Writes the samples of a family. With exemplars, the format is OpenMetrics.
pub(super) fn write_samples(
    store: &FamilyStore,
    rows: &Rows,
    values: &mut Values<'_>,
    exemplars: Option<&Exemplars>,
    out: &mut Out,
) {
    let is_histogram = store.kind().is_histogram();
    let mut start = LineStart::of(store, std::mem::take(&mut out.scratch));
    out.expect(rows.series() * about_bytes(store, rows));
    let created = exemplars.and_then(|_| store.created_lines());
    let mut rows =
        if store.has_fixed_labels() { rows.cursor_without_values() } else { rows.cursor() };
    while let Some(row) = rows.next() {
        let buffer = &mut out.buffer;
        if is_histogram {
            start.set(&row);
            write_histogram(store, &row, &start, values, exemplars, buffer);
        } else {
            start.write(&row, buffer);
            match values.read(row.cells) {
                Value::Counter(value) => Digits::of(value).write(buffer),
                value => {
                    write_value(value, buffer);
                    buffer.push(b'\n');
                }
            }
        }
        if let Some(created) = created.and_then(|created| created.of(row.cells)) {
            write_created(store.name(), &row, &mut start, created, buffer);
        }
        out.cut();
    }
    out.scratch = start.into_buffer();
}

/// Estimates the length of a row, in bytes.
fn about_bytes(store: &FamilyStore, rows: &Rows) -> usize {
    // The bound of the bucket, the number, and the characters around the values.
    const OTHERS: usize = 16;
    let lines = store.lines.les.len() + if store.kind().is_histogram() { 2 } else { 1 };
    let fixed: usize = store.lines.before.iter().map(|text| text.len()).sum();
    lines * (fixed + rows.first_key() + store.lines.end.len() + OTHERS)
}

fn write_histogram(
    store: &FamilyStore,
    row: &Row<'_>,
    start: &LineStart<'_>,
    values: &mut Values<'_>,
    exemplars: Option<&Exemplars>,
    out: &mut Vec<u8>,
) {
    let name = store.name();
    let is_openmetrics = exemplars.is_some();
    // The exemplars are read before the value, so that the value contains their observations.
    let exemplars = exemplars.and_then(|exemplars| exemplars.of(row.cells));
    let value =
        if exemplars.is_some() { values.read_now(row.cells) } else { values.read(row.cells) };
    let mut count = 0;
    let mut digits = Digits::of(count);
    for (index, (bucket, le)) in values.buckets().iter().zip(&store.lines.les).enumerate() {
        // Most buckets of most histograms are empty.
        if *bucket > 0 {
            count += bucket;
            digits = Digits::of(count);
        }
        out.extend_from_slice(start.line());
        out.extend_from_slice(le.as_bytes());
        if let Some(kept) = exemplars.as_ref().and_then(|kept| kept[index].as_ref()) {
            write_integer(count, out);
            write_exemplar(kept, out);
            out.push(b'\n');
        } else {
            digits.write(out);
        }
    }
    // OpenMetrics allows no sum that could fall, and no count without a sum.
    if is_openmetrics && may_fall(store, value) {
        return;
    }
    write_name(name, "_sum", start.labels(), out);
    write_value(value, out);
    out.push(b'\n');
    write_name(name, "_count", start.labels(), out);
    digits.write(out);
}

/// A number and the end of its line.
struct Digits {
    text: [u8; Self::MOST + 1],
    len: usize,
}

impl Digits {
    /// The number of digits of [`u64::MAX`].
    const MOST: usize = 20;

    #[inline]
    fn of(number: u64) -> Self {
        // Smaller numbers, with the end of the line, fit in 16 bytes.
        if number >= 1_000_000_000_000_000 {
            return Self::of_many(number);
        }
        // The digits are assembled in a register: bytes that were just stored one by one are slow to load
        // together.
        let (mut bytes, mut len, mut left) = (u128::from(b'\n'), 1, number);
        loop {
            bytes = bytes << 8 | u128::from(b'0' + (left % 10) as u8);
            len += 1;
            left /= 10;
            if left == 0 {
                break;
            }
        }
        let mut text = [0; Self::MOST + 1];
        text[..size_of::<u128>()].copy_from_slice(&bytes.to_le_bytes());
        Self { text, len }
    }

    #[cold]
    fn of_many(number: u64) -> Self {
        let mut text = [b'\n'; Self::MOST + 1];
        let mut buffer = itoa::Buffer::new();
        let digits = buffer.format(number).as_bytes();
        text[..digits.len()].copy_from_slice(digits);
        Self { text, len: digits.len() + 1 }
    }

    #[inline]
    fn write(&self, out: &mut Vec<u8>) {
        push_short(&self.text, self.len, out);
    }
}

/// Returns whether the sum of a histogram may fall, because it counts negative numbers.
fn may_fall(store: &FamilyStore, value: Value) -> bool {
    let is_negative = matches!(value, Value::Histogram(HistogramSum::Float(sum)) if sum < 0.0);
    is_negative || store.description.bounds.are_negative()
}

/// Writes a value or, for a histogram, its sum.
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

/// Writes the time at which the series began, rounded to milliseconds.
///
/// Few services show it, so its code is not compiled into the loop over the rows.
#[inline(never)]
fn write_created(
    name: &str,
    row: &Row<'_>,
    start: &mut LineStart<'_>,
    created: Start,
    out: &mut Vec<u8>,
) {
    start.set(row);
    let name = name.strip_suffix("_total").unwrap_or(name);
    write_name(name, "_created", start.labels(), out);
    write_seconds(created.since_epoch().as_millis() * 1_000_000, out);
    out.push(b'\n');
}

fn write_name(name: &str, suffix: &str, labels: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(suffix.as_bytes());
    if !labels.is_empty() {
        out.push(b'{');
        out.extend_from_slice(labels);
        out.push(b'}');
    }
    out.push(b' ');
}

/// Writes ` # {labels} value timestamp`. The timestamp has no exponent, because Prometheus would refuse it.
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
