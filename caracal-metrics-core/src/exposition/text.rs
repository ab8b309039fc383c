//! A family's samples, straight from the cells. Text 0.0.4 and OpenMetrics agree on them.

use std::time::Duration;

use crate::catalogue::{Family, MetricKind};
use crate::engine::Reader;
use crate::series::Rows;

/// Writes a family's samples.
pub(super) fn write_samples(family: &Family, rows: &Rows, reader: &Reader<'_>, out: &mut Vec<u8>) {
    match family.kind {
        MetricKind::Counter => {
            for row in rows.iter() {
                write_name(family.name, "", row.labels, None, out);
                write_integer(reader.counter(row.cells), out);
            }
        }
        MetricKind::Gauge => {
            for row in rows.iter() {
                write_name(family.name, "", row.labels, None, out);
                write_integer(reader.gauge(row.cells), out);
            }
        }
        MetricKind::Histogram => {
            let bounds: Vec<String> = family.buckets.iter().map(|bound| le(*bound)).collect();
            for row in rows.iter() {
                let value = reader.histogram(row.cells);
                let mut count = 0;
                for (index, bucket) in value.buckets.iter().enumerate().take(bounds.len() + 1) {
                    count += bucket;
                    let bound = bounds.get(index).map_or("+Inf", String::as_str);
                    write_name(family.name, "_bucket", row.labels, Some(bound), out);
                    write_integer(count, out);
                }
                write_name(family.name, "_sum", row.labels, None, out);
                write_seconds(value.sum_nanos, out);
                write_name(family.name, "_count", row.labels, None, out);
                write_integer(count, out);
            }
        }
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

fn write_integer(value: impl itoa::Integer, out: &mut Vec<u8>) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
    out.push(b'\n');
}

/// Nanoseconds as seconds, exactly: every digit is the sum's own.
fn write_seconds(nanos: u128, out: &mut Vec<u8>) {
    const NANOS_PER_SECOND: u128 = 1_000_000_000;
    out.extend_from_slice(itoa::Buffer::new().format(nanos / NANOS_PER_SECOND).as_bytes());
    let mut fraction = nanos % NANOS_PER_SECOND;
    if fraction > 0 {
        out.push(b'.');
        let mut place = NANOS_PER_SECOND / 10;
        while fraction > 0 {
            out.push(b'0' + (fraction / place) as u8);
            fraction %= place;
            place /= 10;
        }
    }
    out.push(b'\n');
}

/// A bucket's bound: `1.0`, never `1`, since Prometheus 2 takes the two for different series.
fn le(bound: Duration) -> String {
    canonical_float(bound.as_secs_f64())
}

/// A number with at least one digit after its point, infinities as Prometheus spells them.
pub(super) fn canonical_float(value: f64) -> String {
    if value == f64::INFINITY {
        "+Inf".to_owned()
    } else if value == f64::NEG_INFINITY {
        "-Inf".to_owned()
    } else {
        // `Debug` keeps the `.0` that `Display` drops.
        format!("{value:?}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_canonical() {
        assert_eq!(le(Duration::from_millis(5)), "0.005");
        assert_eq!(le(Duration::from_micros(2_500)), "0.0025");
        assert_eq!(le(Duration::from_secs(1)), "1.0");
        assert_eq!(le(Duration::from_secs(10)), "10.0");
    }

    #[test]
    fn a_sum_keeps_every_digit() {
        for (nanos, text) in [
            (0, "0\n"),
            (1, "0.000000001\n"),
            (65_000_000, "0.065\n"),
            (1_000_000_000, "1\n"),
            (12_000_000_340, "12.00000034\n"),
            (u128::from(u64::MAX) * 3, "55340232221.128654845\n"),
        ] {
            let mut out = Vec::new();
            write_seconds(nanos, &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), text);
        }
    }
}
