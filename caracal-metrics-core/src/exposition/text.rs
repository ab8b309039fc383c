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

fn write_integer(value: impl itoa::Integer, out: &mut Vec<u8>) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
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
}

/// Nanoseconds as the number of seconds that who reads the digits of [`write_seconds`] gets.
pub(super) fn seconds(nanos: u128) -> f64 {
    // Up to here the division is rounded once, and so rounded right.
    const EXACT: u128 = 1 << f64::MANTISSA_DIGITS;
    if nanos <= EXACT {
        return nanos as f64 / 1e9;
    }
    let mut digits = Vec::new();
    write_seconds(nanos, &mut digits);
    std::str::from_utf8(&digits).ok().and_then(|digits| digits.parse().ok()).unwrap_or_default()
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

/// A bucket's bound: `1.0`, never `1`, since Prometheus 2 takes the two for different series.
pub(crate) fn le(bound: Duration) -> String {
    canonical_float(bound.as_secs_f64())
}

/// A number as Prometheus itself writes a bound, whatever reads it: with at least one digit after
/// its point, and from a million on, or below a ten-thousandth, with an exponent of two digits.
pub(super) fn canonical_float(value: f64) -> String {
    if value == f64::INFINITY {
        "+Inf".to_owned()
    } else if value == f64::NEG_INFINITY {
        "-Inf".to_owned()
    } else {
        let scientific = format!("{value:e}");
        let parts = scientific.split_once('e').and_then(|(m, e)| Some((m, e.parse::<i32>().ok()?)));
        match parts {
            Some((mantissa, exponent)) if !(-4..6).contains(&exponent) && value != 0.0 => {
                let sign = if exponent < 0 { '-' } else { '+' };
                format!("{mantissa}e{sign}{:02}", exponent.abs())
            }
            // `Debug` keeps the `.0` that `Display` drops.
            _ => format!("{value:?}"),
        }
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
        // The table of OpenMetrics 1.0, "Considerations: Canonical Numbers", and Go's `FormatFloat`.
        for (value, text) in [
            (1e-10, "1e-10"),
            (1e-5, "1e-05"),
            (2.5e-5, "2.5e-05"),
            (1e-4, "0.0001"),
            (0.0, "0.0"),
            (100_000.0, "100000.0"),
            (123_456.75, "123456.75"),
            (1e6, "1e+06"),
            (1_048_576.0, "1.048576e+06"),
            (1e10, "1e+10"),
            (1e100, "1e+100"),
            (-1e6, "-1e+06"),
            (f64::INFINITY, "+Inf"),
            (f64::NEG_INFINITY, "-Inf"),
        ] {
            assert_eq!(canonical_float(value), text);
        }
    }

    #[test]
    fn seconds_are_what_the_digits_say() {
        for nanos in [
            0,
            1,
            65_000_000,
            (1 << 53) + 1,
            9_007_199_254_740_993_123,
            // Divided as floats, this one would be rounded twice, and wrong.
            665_254_580_340_503_029,
            u128::from(u64::MAX) * 7 + 3,
        ] {
            let mut digits = Vec::new();
            write_seconds(nanos, &mut digits);
            let digits = String::from_utf8(digits).unwrap();
            assert_eq!(seconds(nanos), digits.parse::<f64>().unwrap(), "{digits}");
        }
    }

    #[test]
    fn a_sum_keeps_every_digit() {
        for (nanos, text) in [
            (0, "0"),
            (1, "0.000000001"),
            (65_000_000, "0.065"),
            (1_000_000_000, "1"),
            (12_000_000_340, "12.00000034"),
            (u128::from(u64::MAX) * 3, "55340232221.128654845"),
        ] {
            let mut out = Vec::new();
            write_seconds(nanos, &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), text);
        }
    }
}
