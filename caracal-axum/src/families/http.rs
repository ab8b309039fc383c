//! The families of [`HttpMetricsLayer`](crate::HttpMetricsLayer): those of OpenTelemetry's semantic
//! conventions for HTTP, under the names that they have in Prometheus.

use caracal_metrics_core::{
    DurationHistogram, Family, Gauge, Label, LabelValues, catalogue, labels,
};

labels! {
    /// The request method, as the conventions write it.
    #[non_exhaustive]
    pub enum RequestMethod {
        /// `GET`.
        Get => "GET",
        /// `HEAD`.
        Head => "HEAD",
        /// `POST`.
        Post => "POST",
        /// `PUT`.
        Put => "PUT",
        /// `DELETE`.
        Delete => "DELETE",
        /// `CONNECT`.
        Connect => "CONNECT",
        /// `OPTIONS`.
        Options => "OPTIONS",
        /// `TRACE`.
        Trace => "TRACE",
        /// `PATCH`.
        Patch => "PATCH",
        /// `QUERY`.
        Query => "QUERY",
        /// Any other one.
        Other => "_OTHER",
    }

    /// The scheme of a request.
    #[non_exhaustive]
    pub enum UrlScheme {
        /// `http`.
        Http => "http",
        /// `https`.
        Https => "https",
    }

    /// The labels of a request.
    pub struct HttpRequest<'a> {
        /// The request method.
        pub http_request_method: RequestMethod,
        /// The status code of the response, if one was sent.
        pub http_response_status_code: SentStatus,
        /// The pattern that matched, if one did.
        pub http_route: Option<&'a str>,
        /// The scheme.
        pub url_scheme: UrlScheme,
        /// How the request failed, if it did.
        pub error_type: Option<&'a str>,
    }

    /// The labels of a request in flight.
    pub struct ActiveRequest {
        /// The request method.
        pub http_request_method: RequestMethod,
        /// The scheme.
        pub url_scheme: UrlScheme,
    }
}

/// The status code of a response: `100` to `999`, or nothing where no response was sent. The series
/// then has no such label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SentStatus(u16);

const CODES: usize = 900;

static DIGITS: [[u8; 3]; CODES] = {
    let mut digits = [[0; 3]; CODES];
    let mut at = 0;
    while at < CODES {
        let code = at + 100;
        digits[at] =
            [b'0' + (code / 100) as u8, b'0' + (code / 10 % 10) as u8, b'0' + (code % 10) as u8];
        at += 1;
    }
    digits
};

/// Nothing, and the codes from 100 on.
static TEXTS: [&str; CODES + 1] = {
    let mut texts = [""; CODES + 1];
    let mut at = 0;
    while at < CODES {
        if let Ok(text) = std::str::from_utf8(&DIGITS[at]) {
            texts[at + 1] = text;
        }
        at += 1;
    }
    texts
};

impl SentStatus {
    /// No response was sent.
    pub const NONE: Self = Self(0);

    /// The status code of this number. One outside of 100 to 999 is none.
    #[inline]
    #[must_use]
    pub const fn new(code: u16) -> Self {
        if code < 100 || code >= 100 + CODES as u16 { Self::NONE } else { Self(code - 99) }
    }

    /// The number as text, empty where no response was sent.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        TEXTS[usize::from(self.0)]
    }
}

impl Label for SentStatus {
    const VALUES: LabelValues = LabelValues::Closed(&TEXTS);

    #[inline]
    fn index(self) -> u32 {
        self.0.into()
    }
}

/// `http_server_request_duration_seconds`.
pub static HTTP_SERVER_REQUEST_DURATION: Family<DurationHistogram, HttpRequest<'_>> =
    Family::duration_histogram(
        "http_server_request_duration_seconds",
        "Duration of HTTP server requests in seconds",
    )
    .shown_once_used()
    // The conventions recommend the very buckets of the gateway's requests.
    .buckets(catalogue::GATEWAY_REQUEST_BUCKETS);

/// `http_server_active_requests`.
pub static HTTP_SERVER_ACTIVE_REQUESTS: Family<Gauge, ActiveRequest> =
    Family::gauge("http_server_active_requests", "Number of active HTTP server requests")
        .shown_once_used();

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_code_has_its_own_text() {
        for code in 100..1000 {
            assert_eq!(SentStatus::new(code).as_str(), code.to_string());
        }
        for code in [0, 99, 1000, u16::MAX] {
            assert_eq!(SentStatus::new(code), SentStatus::NONE);
        }
        assert_eq!(SentStatus::NONE.as_str(), "");
    }
}
