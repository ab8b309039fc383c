//! The formats that a page can be written in.

use super::accept::{Escaping, MediaType, Preference, Specificity, preference};

/// A format of the page.
///
/// ```
/// # extern crate caracal_metrics_core as caracal_metrics;
/// use caracal_metrics::Format;
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
// The same bytes: what version 1.0.0 adds are names that need quotes, and ours never do.
const TEXT_1: MediaType<'_> = MediaType { version: "1.0.0", ..TEXT };
const OPEN_METRICS: MediaType<'_> =
    MediaType { kind: "application", subtype: "openmetrics-text", version: "1.0.0", required: &[] };
// Has no version: parameters say what its messages are and how they are framed.
#[cfg(feature = "protobuf")]
const PROTOBUF: MediaType<'_> = MediaType {
    kind: "application",
    subtype: "vnd.google.protobuf",
    version: "",
    required: &[("proto", "io.prometheus.client.MetricFamily"), ("encoding", "delimited")],
};

/// A media type, with the escaping scheme that the client asked for.
macro_rules! content_type {
    ($escaping:expr, $media_type:literal) => {
        match $escaping {
            None => $media_type,
            Some(Escaping::AllowUtf8) => concat!($media_type, "; escaping=allow-utf-8"),
            Some(Escaping::Underscores) => concat!($media_type, "; escaping=underscores"),
            Some(Escaping::Values) => concat!($media_type, "; escaping=values"),
        }
    };
}

impl Format {
    /// The exact `Content-Type` for a client that asks for nothing beyond the format. For the one
    /// that answers an `Accept` header, see [`Negotiated::content_type`].
    #[must_use]
    pub const fn content_type(self) -> &'static str {
        Negotiated { format: self, text_1: false, escaping: None }.content_type()
    }

    /// The format to answer an `Accept` header with: that of [`Negotiated::from_accept`].
    #[must_use]
    pub fn negotiate(accept: &str) -> Self {
        Negotiated::from_accept(accept).format()
    }
}

/// What an `Accept` header is answered with: a [`Format`] and its exact `Content-Type`.
///
/// ```
/// # extern crate caracal_metrics_core as caracal_metrics;
/// use caracal_metrics::{Format, Negotiated};
///
/// // Prometheus 3.
/// let accept = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,\
///     application/openmetrics-text;version=0.0.1;q=0.5,\
///     text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2";
/// let answer = Negotiated::from_accept(accept);
/// assert_eq!(answer.format(), Format::OpenMetrics);
/// assert_eq!(
///     answer.content_type(),
///     "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=allow-utf-8"
/// );
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Negotiated {
    format: Format,
    /// Text is answered as version 1.0.0.
    text_1: bool,
    escaping: Option<Escaping>,
}

impl Negotiated {
    /// The answer to an `Accept` header (several header lines joined by commas), by RFC 9110,
    /// section 12.5.1.
    ///
    /// The format that the client prefers is chosen. Between formats of the same quality,
    /// OpenMetrics is chosen if the client names it, and text if it accepts anything. A client that
    /// accepts none of ours gets text all the same, as RFC 9110 (section 12.4.1) allows and as Go's
    /// promhttp does: for somebody who debugs a scrape, a page in another format is of more use
    /// than status 406.
    ///
    /// Protobuf (with the feature `protobuf`) is chosen only for a client that names it with the
    /// parameters of its content type and prefers it to the others. Text is answered as version
    /// 1.0.0, which is the same page, only to a client that names this version and prefers it to
    /// 0.0.4.
    ///
    /// The parameter `escaping` of the media range that decided is repeated in the content type
    /// if it is `allow-utf-8`, `underscores` or `values`: none of them changes the names of a page.
    /// Under `dots` every `_` would have to be doubled, so that scheme is ignored, like one that
    /// is not known. Text 1.0.0 always has a scheme, `underscores` by default.
    #[must_use]
    pub fn from_accept(accept: &str) -> Self {
        let quality = |preference: Option<Preference>| preference.map_or(0, |p| p.quality);
        let text = preference(accept, TEXT);
        let text_1 = preference(accept, TEXT_1)
            .filter(|text_1| text_1.specificity == Specificity::Version)
            .filter(|text_1| text_1.quality > quality(text));
        let answered_text = text_1.or(text);
        let open_metrics = preference(accept, OPEN_METRICS).filter(|open_metrics| {
            let named = open_metrics.specificity >= Specificity::Type;
            let text = quality(answered_text);
            open_metrics.quality > text
                || (named && open_metrics.quality == text && open_metrics.quality > 0)
        });
        #[cfg(feature = "protobuf")]
        {
            let others = quality(answered_text).max(quality(open_metrics));
            if let Some(protobuf) = preference(accept, PROTOBUF).filter(|p| p.quality > others) {
                let escaping = protobuf.escaping;
                return Self { format: Format::Protobuf, text_1: false, escaping };
            }
        }
        if let Some(open_metrics) = open_metrics {
            let escaping = open_metrics.escaping;
            return Self { format: Format::OpenMetrics, text_1: false, escaping };
        }
        let escaping = answered_text.filter(|text| text.quality > 0).and_then(|t| t.escaping);
        Self {
            format: Format::Text,
            text_1: text_1.is_some(),
            escaping: escaping.or_else(|| text_1.map(|_| Escaping::Underscores)),
        }
    }

    /// The format.
    #[must_use]
    pub const fn format(self) -> Format {
        self.format
    }

    /// The exact `Content-Type`.
    #[must_use]
    pub const fn content_type(self) -> &'static str {
        match self.format {
            Format::Text if self.text_1 => {
                content_type!(self.escaping, "text/plain; version=1.0.0; charset=utf-8")
            }
            Format::Text => {
                content_type!(self.escaping, "text/plain; version=0.0.4; charset=utf-8")
            }
            Format::OpenMetrics => content_type!(
                self.escaping,
                "application/openmetrics-text; version=1.0.0; charset=utf-8"
            ),
            #[cfg(feature = "protobuf")]
            Format::Protobuf => content_type!(
                self.escaping,
                "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"
            ),
        }
    }
}
