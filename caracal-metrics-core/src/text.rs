//! Text in the exposition formats: names, label values and numbers.

use std::borrow::Cow;

/// Returns whether Prometheus accepts this as the name of a metric of a service. Colons are for recording
/// rules.
pub(crate) fn is_metric_name(name: &str) -> bool {
    is_word(name)
}

/// Returns whether Prometheus accepts this as the name of a label of a service.
pub(crate) fn is_label_name(name: &str) -> bool {
    is_word(name) && !name.starts_with("__")
}

fn is_word(name: &str) -> bool {
    !name.starts_with(|c: char| c.is_ascii_digit())
        && !name.is_empty()
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Converts bytes that come from text. `from_utf8` checks a word at a time, whereas `from_utf8_lossy` checks
/// single bytes.
pub(crate) fn utf8(bytes: &[u8]) -> Cow<'_, str> {
    str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed)
}

/// Appends `name="value"`.
pub(crate) fn write_label(name: &str, value: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"=\"");
    for byte in value.bytes() {
        match byte {
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'"' => out.extend_from_slice(b"\\\""),
            b'\n' => out.extend_from_slice(b"\\n"),
            byte => out.push(byte),
        }
    }
    out.push(b'"');
}

/// Appends `name="value",…`.
pub(crate) fn write_labels<'a>(
    labels: impl IntoIterator<Item = (&'a str, &'a str)>,
    out: &mut Vec<u8>,
) {
    for (place, (name, value)) in labels.into_iter().enumerate() {
        if place > 0 {
            out.push(b',');
        }
        write_label(name, value, out);
    }
}

pub(crate) fn write_integer(value: impl itoa::Integer, out: &mut Vec<u8>) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

const NANOS_PER_SECOND: u128 = 1_000_000_000;

/// Appends nanoseconds as seconds. The result is exact.
pub(crate) fn write_seconds(nanos: u128, out: &mut Vec<u8>) {
    let fraction = if let Ok(nanos) = u64::try_from(nanos) {
        // This is enough for most sums. A division of 128 bits takes many times as long.
        write_integer(nanos / NANOS_PER_SECOND as u64, out);
        nanos % NANOS_PER_SECOND as u64
    } else {
        write_integer(nanos / NANOS_PER_SECOND, out);
        (nanos % NANOS_PER_SECOND) as u64
    };
    if fraction > 0 {
        // The leading 1 keeps the zeros after it, and is replaced by the point.
        let mut digits = itoa::Buffer::new();
        let digits = digits.format(NANOS_PER_SECOND as u64 + fraction).as_bytes();
        let last = digits.iter().rposition(|digit| *digit != b'0').unwrap_or_default();
        out.push(b'.');
        out.extend_from_slice(&digits[1..=last]);
    }
}

/// Returns nanoseconds as the number of seconds that a reader parses from the output of [`write_seconds`].
pub(crate) fn seconds(nanos: u128) -> f64 {
    // Up to this number, the division rounds only once and therefore correctly.
    const EXACT: u128 = 1 << f64::MANTISSA_DIGITS;
    if nanos <= EXACT {
        return nanos as f64 / NANOS_PER_SECOND as f64;
    }
    let mut digits = Vec::new();
    write_seconds(nanos, &mut digits);
    std::str::from_utf8(&digits).ok().and_then(|digits| digits.parse().ok()).unwrap_or_default()
}

/// Returns a bound as Prometheus writes it: with at least one digit after the point, and with an exponent of
/// two digits from a million on or below a ten-thousandth. Prometheus 2 treats `le="1"` and `le="1.0"` as
/// different series.
pub(crate) fn canonical_float(value: f64) -> String {
    if value.is_nan() {
        "NaN".to_owned()
    } else if value == f64::INFINITY {
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
            // `Debug` keeps the `.0`, which `Display` omits.
            _ => format!("{value:?}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_canonical() {
        // The table of OpenMetrics 1.0, "Considerations: Canonical Numbers", and Go's `FormatFloat`.
        for (value, text) in [
            (0.005, "0.005"),
            (0.0025, "0.0025"),
            (1.0, "1.0"),
            (10.0, "10.0"),
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
            (f64::NAN, "NaN"),
        ] {
            assert_eq!(canonical_float(value), text);
        }
    }

    #[test]
    fn seconds_match_the_written_digits() {
        for nanos in [
            0,
            1,
            65_000_000,
            (1 << 53) + 1,
            9_007_199_254_740_993_123,
            // A floating-point division would round this one twice, and wrong.
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
