//! A family's samples, straight from the cells. Text 0.0.4 and OpenMetrics agree on them, but for
//! exemplars.

use std::time::Duration;

use crate::catalogue::{Family, MetricKind};
use crate::core::Values;
use crate::exemplar::{Exemplars, Kept};
use crate::series::{Row, Rows};

/// Writes a family's samples. With exemplars, the format is OpenMetrics.
pub(super) fn write_samples(
    family: &Family,
    rows: &Rows,
    values: &Values<'_>,
    exemplars: Option<&Exemplars>,
    out: &mut Vec<u8>,
) {
    let open_metrics = exemplars.is_some();
    match family.kind {
        MetricKind::Counter => {
            for row in rows.iter() {
                write_name(family.name, "", row.labels, None, out);
                write_integer(values.counter(row.cells), out);
                out.push(b'\n');
                if open_metrics {
                    write_created(family, &row, out);
                }
            }
        }
        MetricKind::Gauge => {
            for row in rows.iter() {
                write_name(family.name, "", row.labels, None, out);
                write_integer(values.gauge(row.cells), out);
                out.push(b'\n');
            }
        }
        MetricKind::Histogram => {
            for row in rows.iter() {
                // Before the value, which then has what they are examples of.
                let exemplars = exemplars.and_then(|exemplars| exemplars.of(row.cells));
                let value = values.histogram(row.cells);
                let mut count = 0;
                for (index, (bucket, bound)) in value.buckets.iter().zip(rows.bounds()).enumerate()
                {
                    count += bucket;
                    write_name(family.name, "_bucket", row.labels, Some(bound), out);
                    write_integer(count, out);
                    if let Some(kept) = exemplars.as_ref().and_then(|kept| kept[index].as_ref()) {
                        write_exemplar(kept, out);
                    }
                    out.push(b'\n');
                }
                write_name(family.name, "_sum", row.labels, None, out);
                write_seconds(value.sum_nanos, out);
                out.push(b'\n');
                write_name(family.name, "_count", row.labels, None, out);
                write_integer(count, out);
                out.push(b'\n');
                if open_metrics {
                    write_created(family, &row, out);
                }
            }
        }
    }
}

/// When the series began, to the millisecond.
fn write_created(family: &Family, row: &Row<'_>, out: &mut Vec<u8>) {
    if let Some(created) = row.created {
        let name = family.name.strip_suffix("_total").unwrap_or(family.name);
        write_name(name, "_created", row.labels, None, out);
        write_seconds(created.as_millis() * 1_000_000, out);
        out.push(b'\n');
    }
}

fn write_name(name: &str, suffix: &str, labels: &str, le: Option<&str>, out: &mut Vec<u8>) {
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(suffix.as_bytes());
    if !labels.is_empty() || le.is_some() {
        out.push(b'{');
        out.extend_from_slice(labels.as_bytes());
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

/// ` # {labels} value timestamp`. No number has an exponent, which Prometheus would refuse.
fn write_exemplar(exemplar: &Kept, out: &mut Vec<u8>) {
    out.extend_from_slice(b" # {");
    out.extend_from_slice(exemplar.labels.as_bytes());
    out.extend_from_slice(b"} ");
    write_seconds(exemplar.nanos.into(), out);
    out.push(b' ');
    write_seconds(u128::from(exemplar.since_epoch().as_millis() as u64) * 1_000_000, out);
}
