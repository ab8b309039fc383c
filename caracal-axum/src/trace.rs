//! The trace that a request belongs to, from the `traceparent` header of W3C Trace Context.

use caracal_metrics_core::Exemplar;
use http::header::{HeaderMap, HeaderName, HeaderValue};

static TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// An exemplar with the request's trace id, if the request belongs to a valid, sampled trace.
#[inline]
pub(crate) fn exemplar(headers: &HeaderMap) -> Option<Exemplar> {
    headers.get(&TRACEPARENT).and_then(|line| exemplar_of(line, headers))
}

/// Not inlined: most requests have no such header.
#[inline(never)]
fn exemplar_of(line: &HeaderValue, headers: &HeaderMap) -> Option<Exemplar> {
    // With two headers it is unknown which trace the request belongs to.
    if headers.get_all(&TRACEPARENT).iter().nth(1).is_some() {
        return None;
    }
    Exemplar::new(&[("trace_id", sampled_trace_id(line.to_str().ok()?)?)]).ok()
}

/// The trace id, if the header is valid and its *sampled* flag is set. A tracing backend does not
/// store the other traces, so a link to one of them leads nowhere.
fn sampled_trace_id(traceparent: &str) -> Option<&str> {
    let mut fields = traceparent.trim_matches([' ', '\t']).split('-');
    let (version, trace_id) = (fields.next()?, fields.next()?);
    let (parent_id, flags) = (fields.next()?, fields.next()?);
    let valid = hex(version, 2)
        && version != "ff"
        && hex(trace_id, 32)
        && trace_id.bytes().any(|digit| digit != b'0')
        && hex(parent_id, 16)
        && parent_id.bytes().any(|digit| digit != b'0')
        && hex(flags, 2)
        // Later versions may add fields. Version 00 has exactly these four.
        && (version != "00" || fields.next().is_none());
    (valid && is_sampled(flags)).then_some(trace_id)
}

/// Whether the lowest bit of two hexadecimal digits is set. It means *sampled* in every version;
/// the other bits are not ours to read.
fn is_sampled(flags: &str) -> bool {
    matches!(flags.as_bytes().last(), Some(b'1' | b'3' | b'5' | b'7' | b'9' | b'b' | b'd' | b'f'))
}

/// The standard allows lower case only.
fn hex(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_valid_and_sampled_traceparent_has_a_trace() {
        const ID: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
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
            assert_eq!(sampled_trace_id(traceparent), accepted.then_some(ID), "{traceparent}");
        }
    }
}
