//! The formats that a page can be written in.

use super::accept::{MediaType, quality};

/// A format of the page.
///
/// ```
/// use caracal_metrics_core::Format;
///
/// // Prometheus 2.42's own header, and a browser's.
/// let prometheus = "application/openmetrics-text;version=1.0.0,\
///     application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
/// let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
///
/// assert_eq!(Format::negotiate(prometheus), Format::OpenMetrics);
/// assert_eq!(Format::negotiate(browser), Format::Text);
/// assert_eq!(Format::Text.content_type(), "text/plain; version=0.0.4; charset=utf-8");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// Prometheus text 0.0.4.
    #[default]
    Text,
    /// OpenMetrics 1.0.0 text.
    OpenMetrics,
    /// `io.prometheus.client.MetricFamily` messages of Protocol Buffers, each after its length.
    #[cfg(feature = "protobuf")]
    Protobuf,
}

const TEXT: MediaType<'_> =
    MediaType { kind: "text", subtype: "plain", version: "0.0.4", required: &[] };
const OPEN_METRICS: MediaType<'_> =
    MediaType { kind: "application", subtype: "openmetrics-text", version: "1.0.0", required: &[] };
// Has no version: what its messages are, and how they are framed, stands in the parameters.
#[cfg(feature = "protobuf")]
const PROTOBUF: MediaType<'_> = MediaType {
    kind: "application",
    subtype: "vnd.google.protobuf",
    version: "",
    required: &[("proto", "io.prometheus.client.MetricFamily"), ("encoding", "delimited")],
};

impl Format {
    /// The exact `Content-Type`.
    #[must_use]
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Text => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            #[cfg(feature = "protobuf")]
            Self::Protobuf => {
                "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; \
                 encoding=delimited"
            }
        }
    }

    /// The format to answer an `Accept` header with (several header lines joined by commas), by
    /// RFC 9110, section 12.5.1.
    ///
    /// Of formats that are liked the same, OpenMetrics is answered to who names it, and text to who
    /// takes anything. Who accepts none of ours gets text all the same, as RFC 9110 (section
    /// 12.4.1) allows and as Go's promhttp does: a page in a format that was not asked for is of
    /// more use to who debugs a scrape than status 406.
    ///
    /// Protobuf (with the feature `protobuf`) is answered only to who names it with the parameters
    /// of its content type, and likes it better than the others.
    #[must_use]
    pub fn negotiate(accept: &str) -> Self {
        let (text, _) = quality(accept, TEXT);
        let (open_metrics, named) = quality(accept, OPEN_METRICS);
        let wins = open_metrics > text || (named && open_metrics == text);
        #[cfg(feature = "protobuf")]
        {
            let (protobuf, _) = quality(accept, PROTOBUF);
            if protobuf > open_metrics.max(text) {
                return Self::Protobuf;
            }
        }
        if wins && open_metrics > 0 { Self::OpenMetrics } else { Self::Text }
    }
}
