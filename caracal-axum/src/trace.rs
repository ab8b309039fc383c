//! The trace that a request belongs to, by the `traceparent` header of W3C Trace Context.

use caracal_metrics_core::Exemplar;
use http::header::{HeaderMap, HeaderName, HeaderValue};

static TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// An exemplar with the request's trace id, if it has a valid one.
#[inline]
pub(crate) fn exemplar(headers: &HeaderMap) -> Option<Exemplar> {
    headers.get(&TRACEPARENT).and_then(|line| exemplar_of(line, headers))
}

/// Not inlined: most requests have no such header.
#[inline(never)]
fn exemplar_of(line: &HeaderValue, headers: &HeaderMap) -> Option<Exemplar> {
    // Which of two traces it belongs to, nobody can say.
    if headers.get_all(&TRACEPARENT).iter().nth(1).is_some() {
        return None;
    }
    Exemplar::new(&[("trace_id", trace_id(line.to_str().ok()?)?)]).ok()
}

fn trace_id(traceparent: &str) -> Option<&str> {
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
        // Later versions may have more fields; in version 00 they are an error.
        && (version != "00" || fields.next().is_none());
    valid.then_some(trace_id)
}

/// The standard has lower case alone.
fn hex(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_valid_traceparent_has_a_trace() {
        const ID: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
        for (traceparent, valid) in [
            ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", true),
            ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00", true),
            (" 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\t", true),
            ("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what-the-future", true),
            ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more", false),
            ("ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", false),
            ("00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01", false),
            ("00-00000000000000000000000000000000-00f067aa0ba902b7-01", false),
            ("00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01", false),
            ("00-4bf92f3577b34da6a3ce929d0e0e473-00f067aa0ba902b7-01", false),
            ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7", false),
            ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-", false),
            ("0-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", false),
            ("", false),
        ] {
            assert_eq!(trace_id(traceparent), valid.then_some(ID), "{traceparent}");
        }
    }
}
