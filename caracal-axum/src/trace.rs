//! The trace that a request belongs to, from the `traceparent` header of W3C Trace Context.

use caracal_metrics_core::Exemplar;
use http::header::{HeaderMap, HeaderName, HeaderValue};

static TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// The id of a trace, or none, because no trace has the id 0. Two halves, because the alignment of a `u128`
/// would enlarge every type that contains one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TraceId([u64; 2]);

impl TraceId {
    pub(crate) const NONE: Self = Self([0; 2]);

    pub(crate) const fn new(id: u128) -> Self {
        Self([(id >> 64) as u64, id as u64])
    }

    /// Returns the id of the request's trace, if the request belongs to a valid, sampled trace.
    #[inline]
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let mut lines = headers.get_all(&TRACEPARENT).iter();
        match (lines.next(), lines.next()) {
            (Some(line), None) => Self::of_line(line),
            // If there are two headers, it is unknown to which trace the request belongs.
            _ => Self::NONE,
        }
    }

    /// Not inlined, because most requests have no such header.
    #[inline(never)]
    fn of_line(line: &HeaderValue) -> Self {
        Self::new(sampled_trace_id(line.as_bytes()).unwrap_or_default())
    }

    /// Returns an exemplar with this trace, if there is one.
    #[inline]
    pub(crate) fn exemplar(self) -> Option<Exemplar> {
        let [high, low] = self.0;
        (self != Self::NONE).then(|| Exemplar::trace(u128::from(high) << 64 | u128::from(low)))
    }
}

/// Returns the trace id, if the header is valid and its *sampled* flag is set. A tracing backend does not
/// store the other traces, so a link to one of them leads nowhere.
fn sampled_trace_id(traceparent: &[u8]) -> Option<u128> {
    let (fields, more) = traceparent.trim_ascii().split_first_chunk::<55>()?;
    let [v0, v1, b'-', ids @ .., b'-', f0, f1] = fields else { return None };
    let (trace_id, ids) = ids.split_first_chunk::<32>()?;
    let ([t0, t1, t2, t3], []) = trace_id.as_chunks() else { return None };
    let ([p0, p1], []) = ids.strip_prefix(b"-")?.as_chunks() else { return None };

    let mut digits = Digits::default();
    let high = (joined(digits.values(*t0)) << 32) | joined(digits.values(*t1));
    let low = (joined(digits.values(*t2)) << 32) | joined(digits.values(*t3));
    let parent_id = digits.values(*p0) | digits.values(*p1);
    let version_and_flags = digits.values([b'0', b'0', b'0', b'0', *v0, *v1, *f0, *f1]);
    let [.., version, flags] = joined(version_and_flags).to_be_bytes();
    let has_known_end = match more {
        [] => version != 0xff,
        // Later versions may add fields. Version 00 has exactly these four.
        [b'-', more @ ..] => !matches!(version, 0 | 0xff) && more.iter().copied().all(is_text),
        _ => false,
    };
    let is_valid = digits.are_valid() && has_known_end && high | low != 0 && parent_id != 0;
    let trace_id = (u128::from(high) << 64) | u128::from(low);
    // The lowest flag means *sampled* in every version. This crate does not interpret the others.
    (is_valid && flags & 1 == 1).then_some(trace_id)
}

/// Returns whether `HeaderValue::to_str` accepts a byte.
fn is_text(byte: u8) -> bool {
    matches!(byte, b'\t' | b' '..=b'~')
}

/// A one in each byte.
const ONES: u64 = 0x0101_0101_0101_0101;

/// Reads hexadecimal digits, eight bytes at once. The standard allows lower case only.
#[derive(Default)]
struct Digits {
    /// Not 0 once a byte was not a digit.
    wrong: u64,
}

impl Digits {
    /// Returns the values of eight digits, one byte each.
    #[inline]
    fn values(&mut self, digits: [u8; 8]) -> u64 {
        let digits = u64::from_be_bytes(digits);
        // Letters have the bit 0x40, digits do not. An `a` is 0x61, and its value is 1 + 9. No byte
        // overflows, because each is at most 15 + 9.
        let values = (digits & (ONES * 0x0f)) + ((digits >> 6) & ONES) * 9;
        // A digit is valid if writing its value gives the same digit, and the value is at most 15. No byte
        // overflows here either: 118 is added to find the letters, and less to write.
        let is_letter = ((values + ONES * (0x80 - 10)) >> 7) & ONES;
        let again = values + ONES * u64::from(b'0') + is_letter * u64::from(b'a' - b'0' - 10);
        self.wrong |= (again ^ digits) | (values & (ONES * 0xf0));
        values
    }

    fn are_valid(&self) -> bool {
        self.wrong == 0
    }
}

/// Eight values as one number. Each step joins neighbours: digits, bytes, and halves.
#[inline]
fn joined(values: u64) -> u64 {
    let bytes = (values | (values >> 4)) & 0x00ff_00ff_00ff_00ff;
    let halves = (bytes | (bytes >> 8)) & 0x0000_ffff_0000_ffff;
    (halves | (halves >> 16)) & 0xffff_ffff
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_valid_and_sampled_traceparent_has_a_trace() {
        const ID: u128 = 0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736;
        for (traceparent, accepted) in [
            ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", true),
            ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00", false),
            ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-02", false),
            ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-10", false),
            ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-03", true),
            ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-ff", true),
            (" 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\t", true),
            ("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", true),
            ("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what-the-future", true),
            ("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00-what-the-future", false),
            ("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01.what-the-future", false),
            ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more", false),
            ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-", false),
            ("ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", false),
            ("00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01", false),
            ("00-00000000000000000000000000000000-00f067aa0ba902b7-01", false),
            ("00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01", false),
            ("00-4bf92f3577b34da6a3ce929d0e0e473-00f067aa0ba902b7-01", false),
            ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7", false),
            ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-", false),
            ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1", false),
            ("0-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", false),
            ("", false),
        ] {
            let id = sampled_trace_id(traceparent.as_bytes());
            assert_eq!(id, accepted.then_some(ID), "{traceparent}");
        }
    }

    /// Every byte in every position: the header is valid only with the bytes that the standard allows.
    #[test]
    fn each_byte_is_checked() {
        const VALID: &[u8; 55] = b"01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        for place in 0..VALID.len() {
            for byte in 0..=u8::MAX {
                let mut line = *VALID;
                line[place] = byte;
                let is_digit = matches!(byte, b'0'..=b'9' | b'a'..=b'f');
                let allowed = match place {
                    2 | 35 | 52 => byte == b'-',
                    54 => is_digit && byte.is_multiple_of(2) != byte.is_ascii_digit(),
                    _ => is_digit,
                };
                let id = sampled_trace_id(&line);
                let digits = line[3..35].iter().map(|digit| char::from(*digit)).collect::<String>();
                let expected = allowed.then(|| u128::from_str_radix(&digits, 16).unwrap());
                assert_eq!(id, expected, "{byte:#04x} at {place}");
            }
        }
    }

    #[test]
    fn what_follows_in_a_later_version_is_text() {
        for (byte, accepted) in
            [(b'~', true), (b' ', true), (0x1f, false), (0x7f, false), (0xe4, false)]
        {
            let mut line = b"cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-".to_vec();
            line.extend([byte, b'x']);
            assert_eq!(sampled_trace_id(&line).is_some(), accepted, "{byte:#04x}");
        }
    }
}
