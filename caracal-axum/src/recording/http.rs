//! The families of OpenTelemetry's semantic conventions for HTTP.

use ::http::header::{HeaderMap, HeaderName};
use ::http::uri::Uri;
use caracal_metrics_core::{
    Counter, DurationHistogram, Family, FamilyError, Gauge, GaugeGuard, Metric, MetricsRegistry,
};

use super::streams::HttpStreams;
use super::{Arrival, End, Ended, RecordOf, Recording, Streams, http_extras};
use crate::families::{
    ActiveRequest, ErrorType, GrpcRequest, HTTP_SERVER_ACTIVE_REQUESTS, HTTP_SERVER_GRPC_REQUESTS,
    HTTP_SERVER_REQUEST_DURATION, HttpRequest, SentStatus, UrlScheme,
};

static X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// The settings of the methods of [`HttpMetricsLayer`](crate::HttpMetricsLayer).
#[derive(Clone, Copy, Debug)]
pub struct HttpSettings {
    pub(crate) scheme: UrlScheme,
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self { scheme: UrlScheme::Http }
    }
}

/// Records the families of the conventions.
#[derive(Debug)]
pub struct Http {
    /// `None` if the user has added labels. Then the family with these labels records the requests.
    duration: Option<Metric<DurationHistogram, HttpRequest<'static>>>,
    active: Metric<Gauge, ActiveRequest>,
    settings: HttpSettings,
}

impl Recording for Http {
    type Settings = HttpSettings;
    type Kept = UrlScheme;

    const BY_ROUTE: bool = true;

    fn new(
        metrics: &MetricsRegistry,
        settings: &HttpSettings,
        labelled: bool,
    ) -> Result<Self, FamilyError> {
        let duration = || metrics.family(&HTTP_SERVER_REQUEST_DURATION);
        Ok(Self {
            duration: if labelled { None } else { Some(duration()?) },
            active: metrics.family(&HTTP_SERVER_ACTIVE_REQUESTS)?,
            settings: *settings,
        })
    }

    fn labelled(
        metrics: &MetricsRegistry,
        names: &[&'static str],
    ) -> Result<RecordOf<Self>, FamilyError> {
        http_extras::labelled(metrics, names)
    }

    fn sizes(metrics: &MetricsRegistry) -> Result<RecordOf<Self>, FamilyError> {
        http_extras::sizes(metrics)
    }

    fn first_byte(metrics: &MetricsRegistry) -> Result<RecordOf<Self>, FamilyError> {
        http_extras::first_byte(metrics)
    }

    fn grpc_requests() -> &'static Family<Counter, GrpcRequest<'static>> {
        &HTTP_SERVER_GRPC_REQUESTS
    }

    fn streams(metrics: &MetricsRegistry) -> Result<Box<dyn Streams>, FamilyError> {
        Ok(Box::new(HttpStreams::new(metrics)?))
    }

    #[inline]
    fn arrived(&self, request: Arrival<'_>) -> (UrlScheme, GaugeGuard) {
        let url_scheme = scheme(request.headers, request.uri).unwrap_or(self.settings.scheme);
        let labels = ActiveRequest { http_request_method: request.method, url_scheme };
        (url_scheme, self.active.track(labels))
    }

    #[inline(always)]
    #[expect(clippy::inline_always, reason = "facts that are not read are not computed")]
    fn record(&self, url_scheme: &UrlScheme, ended: &Ended<'_>) {
        let Some(duration) = &self.duration else { return };
        let labels = labels(*url_scheme, ended);
        match ended.exemplar {
            Some(exemplar) => duration.observe_with_exemplar(labels, ended.duration, exemplar),
            None => duration.observe(labels, ended.duration),
        }
    }
}

/// Returns the labels of a request.
#[inline]
pub(super) fn labels<'a>(url_scheme: UrlScheme, ended: &Ended<'a>) -> HttpRequest<'a> {
    let error_type = match (ended.end, ended.status) {
        (End::Answered, Some(status)) => ErrorType::of_status(status),
        (End::ClientClosed, _) => ErrorType::CLIENT_CLOSED,
        (End::Answered | End::Failed, _) => ErrorType::FAILED,
    };
    HttpRequest {
        http_request_method: ended.method,
        http_response_status_code: ended.status.map_or(SentStatus::NONE, SentStatus::new),
        http_route: ended.route,
        url_scheme,
        error_type,
    }
}

/// Returns the scheme of the client's own request, if the request reports it. A proxy that terminates TLS
/// reports it in a header, and a request over HTTP/2 in its URI.
fn scheme(headers: &HeaderMap, uri: &Uri) -> Option<UrlScheme> {
    let forwarded = headers.get(&X_FORWARDED_PROTO).map(|value| {
        // Each proxy may append its own scheme. The first one is that of the client.
        let value = value.as_bytes();
        let end = value.iter().position(|byte| *byte == b',').unwrap_or(value.len());
        value[..end].trim_ascii()
    });
    let of = |name: &[u8]| {
        if name.eq_ignore_ascii_case(b"https") {
            Some(UrlScheme::Https)
        } else {
            name.eq_ignore_ascii_case(b"http").then_some(UrlScheme::Http)
        }
    };
    forwarded.and_then(of).or_else(|| uri.scheme_str().and_then(|scheme| of(scheme.as_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ::http::Request;

    #[test]
    fn the_scheme_is_that_of_the_clients_own_request() {
        use UrlScheme::{Http, Https};
        for (uri, forwarded, expected) in [
            ("/", None, None),
            ("http://a/", None, Some(Http)),
            ("https://a/", None, Some(Https)),
            ("ftp://a/", None, None),
            ("http://a/", Some("https"), Some(Https)),
            ("https://a/", Some("http"), Some(Http)),
            ("/", Some("HTTPS, http"), Some(Https)),
            ("/", Some(" http ,https"), Some(Http)),
            ("https://a/", Some("gopher"), Some(Https)),
            ("/", Some(""), None),
        ] {
            let mut request = Request::get(uri);
            if let Some(forwarded) = forwarded {
                request = request.header("x-forwarded-proto", forwarded);
            }
            let request = request.body(()).unwrap();
            assert_eq!(scheme(request.headers(), request.uri()), expected, "{uri} {forwarded:?}");
        }
    }
}
