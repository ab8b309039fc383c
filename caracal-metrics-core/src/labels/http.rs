//! Labels of HTTP.

use super::status_codes::VALID;
use super::{Label, LabelValues};

/// A request method: one of the nine of RFC 9110 and RFC 5789, or `OTHER`, since a client may
/// invent methods without end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Method(u8);

const METHODS: &[&str] =
    &["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "OTHER"];

impl Method {
    /// The method of this name. Names are case-sensitive, as HTTP's are.
    #[inline]
    #[must_use]
    pub fn new(name: &str) -> Self {
        // Most requests.
        if name == "GET" { Self(0) } else { Self::other(name) }
    }

    #[inline(never)]
    fn other(name: &str) -> Self {
        Self(match name {
            "GET" => 0,
            "HEAD" => 1,
            "POST" => 2,
            "PUT" => 3,
            "DELETE" => 4,
            "CONNECT" => 5,
            "OPTIONS" => 6,
            "TRACE" => 7,
            "PATCH" => 8,
            _ => 9,
        })
    }
}

impl Label for Method {
    const VALUES: LabelValues = LabelValues::Closed(METHODS);

    #[inline]
    fn index(self) -> u32 {
        self.0.into()
    }
}

/// A status code: `100` to `999`, or `unknown` for a number outside the range that HTTP allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct StatusCode(u16);

impl StatusCode {
    /// The status code of this number.
    #[inline]
    #[must_use]
    pub const fn new(code: u16) -> Self {
        if code < 100 || code >= 100 + VALID { Self(VALID) } else { Self(code - 100) }
    }

    /// Whether the number is outside 100 to 999, so that the label reads `unknown`.
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
