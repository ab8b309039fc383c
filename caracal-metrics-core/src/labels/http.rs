//! The labels of HTTP.

use super::status_codes::VALID;
use super::{Label, LabelValues};

/// A request method: one of the nine of RFC 9110 and RFC 5789, or `OTHER`, since a client can invent any number
/// of methods.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Method(Known);

const METHODS: &[&str] =
    &["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "OTHER"];

/// The indices of [`METHODS`]. With an enum, the compiler knows that there are no others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Known {
    Get,
    Head,
    Post,
    Put,
    Delete,
    Connect,
    Options,
    Trace,
    Patch,
    Other,
}

impl Method {
    /// Returns the method with this name. Names are case-sensitive, as in HTTP.
    #[inline]
    #[must_use]
    pub fn new(name: &str) -> Self {
        // Most requests are GET.
        if name == "GET" { Self(Known::Get) } else { Self::other(name) }
    }

    #[inline(never)]
    fn other(name: &str) -> Self {
        Self(match name {
            "GET" => Known::Get,
            "HEAD" => Known::Head,
            "POST" => Known::Post,
            "PUT" => Known::Put,
            "DELETE" => Known::Delete,
            "CONNECT" => Known::Connect,
            "OPTIONS" => Known::Options,
            "TRACE" => Known::Trace,
            "PATCH" => Known::Patch,
            _ => Known::Other,
        })
    }
}

impl Label for Method {
    const VALUES: LabelValues = LabelValues::Closed(METHODS);

    #[inline]
    fn index(self) -> u32 {
        self.0 as u32
    }
}

/// A status code: `100` to `999`, or `unknown` for a number outside this range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct StatusCode(u16);

impl StatusCode {
    /// Returns the status code with this number.
    #[inline]
    #[must_use]
    pub const fn new(code: u16) -> Self {
        // A single comparison is enough, because numbers below 100 become large.
        let place = code.wrapping_sub(100);
        Self(if place < VALID { place } else { VALID })
    }

    /// Returns whether the number is outside 100 to 999, so that the value of the label is `unknown`.
    #[must_use]
    pub const fn is_unknown(self) -> bool {
        self.0 == VALID
    }
}

impl Label for StatusCode {
    const VALUES: LabelValues = LabelValues::StatusCode;

    #[inline]
    fn index(self) -> u32 {
        self.0.into()
    }
}
