//! The formats of a page.

use super::accept::{Escaping, MediaType, Preference, Specificity, preference};

/// A format of the page.
///
/// ```
/// # extern crate caracal_metrics_core as caracal_metrics;
/// use caracal_metrics::Format;
///
/// // The header of Prometheus 2.42, and that of a browser.
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
    /// The `io.prometheus.client.MetricFamily` messages of Protocol Buffers, each with its length before it.
    #[cfg(feature = "protobuf")]
    Protobuf,
}

const TEXT: MediaType<'_> =
    MediaType { kind: "text", subtype: "plain", version: "0.0.4", required: &[] };
// The content is the same. Version 1.0.0 only adds names that need quotes, and ours never do.
const TEXT_1: MediaType<'_> = MediaType { version: "1.0.0", ..TEXT };
const OPEN_METRICS: MediaType<'_> =
    MediaType { kind: "application", subtype: "openmetrics-text", version: "1.0.0", required: &[] };
// It has no version. Parameters specify its messages and their framing.
#[cfg(feature = "protobuf")]
const PROTOBUF: MediaType<'_> = MediaType {
    kind: "application",
    subtype: "vnd.google.protobuf",
    version: "",
    required: &[("proto", "io.prometheus.client.MetricFamily"), ("encoding", "delimited")],
};

/// Defines a media type with the escaping scheme that the client requested.
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
    /// Returns the exact `Content-Type` for a client that requests nothing beyond the format. For the one that
    /// answers an `Accept` header, see [`Negotiated::content_type`].
    #[must_use]
    pub const fn content_type(self) -> &'static str {
        Negotiated { format: self, text_1: false, escaping: None }.content_type()
    }

    /// Returns the format of [`Negotiated::from_accept`] for an `Accept` header.
    #[must_use]
    pub fn negotiate(accept: &str) -> Self {
        Negotiated::from_accept(accept).format()
    }
}

/// The answer to an `Accept` header: a [`Format`] and its exact `Content-Type`.
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
    /// Returns the answer to an `Accept` header, according to RFC 9110, section 12.5.1. Join several header
    /// lines with commas.
    ///
    /// The client's preferred format is chosen. Among formats with the same quality, OpenMetrics is chosen if
    /// the client names it, and text if the client accepts anything. A client that accepts none of the formats
    /// gets text, as RFC 9110 (section 12.4.1) allows and as Go's promhttp does. If you debug a scrape, a page
    /// in another format helps more than status 406.
    ///
    /// Protobuf (with the feature `protobuf`) is only chosen if the client names it with the parameters of its
    /// content type, and prefers it to the others. Text is only answered as version 1.0.0, which is the same
    /// page, if the client names this version and prefers it to 0.0.4.
    ///
    /// The content type repeats the parameter `escaping` of the media range that decided, if it is
    /// `allow-utf-8`, `underscores` or `values`. None of these changes the names on a page. `dots` would
    /// require every `_` to be doubled, so it is ignored, like an unknown scheme. Text 1.0.0 always has a
    /// scheme, which defaults to `underscores`.
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

    /// Returns the format.
    #[must_use]
    pub const fn format(self) -> Format {
        self.format
    }

    /// Returns the exact `Content-Type`.
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
