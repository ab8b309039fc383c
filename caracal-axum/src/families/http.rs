//! The families of [`HttpMetricsLayer`](crate::HttpMetricsLayer): those of OpenTelemetry's semantic
//! conventions for HTTP, under their names in Prometheus.

use caracal_metrics_core::{DurationHistogram, Family, Gauge, Histogram, catalogue, labels};

use super::common::{BODY_SIZES, STREAM_DURATIONS, StreamEnd};
use super::error_type::ErrorType;
use super::sent_status::SentStatus;

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
        /// Any other method.
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
        pub error_type: ErrorType,
    }

    /// The labels of a request, and labels of the user, which have other names on the page.
    pub struct LabelledHttpRequest<'a> {
        /// The request method.
        pub http_request_method: RequestMethod,
        /// The status code of the response, if one was sent.
        pub http_response_status_code: SentStatus,
        /// The pattern that matched, if one did.
        pub http_route: Option<&'a str>,
        /// The scheme.
        pub url_scheme: UrlScheme,
        /// How the request failed, if it did.
        pub error_type: ErrorType,
        /// The user's first label.
        pub custom_1: Option<&'a str>,
        /// The user's second label.
        pub custom_2: Option<&'a str>,
        /// The user's third label.
        pub custom_3: Option<&'a str>,
    }

    /// The labels of the head of a response.
    pub struct ResponseHead<'a> {
        /// The request method.
        pub http_request_method: RequestMethod,
        /// The status code.
        pub http_response_status_code: SentStatus,
        /// The pattern that matched, if one did.
        pub http_route: Option<&'a str>,
    }

    /// The label of an open stream.
    pub struct OpenHttpStream<'a> {
        /// The pattern that matched, if one did.
        pub http_route: Option<&'a str>,
    }

    /// The labels of a stream that has ended.
    pub struct EndedHttpStream<'a> {
        /// The pattern that matched, if one did.
        pub http_route: Option<&'a str>,
        /// How it ended.
        pub ended: StreamEnd,
    }

    /// The labels of a request in flight.
    pub struct ActiveRequest {
        /// The request method.
        pub http_request_method: RequestMethod,
        /// The scheme.
        pub url_scheme: UrlScheme,
    }
}

/// `http_server_request_duration_seconds`.
pub static HTTP_SERVER_REQUEST_DURATION: Family<DurationHistogram, HttpRequest<'_>> =
    Family::duration_histogram(DURATION, DURATION_HELP)
        .shown_once_used()
        // The conventions recommend the same buckets as those of the gateway's requests.
        .buckets(catalogue::GATEWAY_REQUEST_BUCKETS);

/// [`HTTP_SERVER_REQUEST_DURATION`] of a layer with labels of the user.
pub static LABELLED_HTTP_REQUEST_DURATION: Family<DurationHistogram, LabelledHttpRequest<'_>> =
    Family::duration_histogram(DURATION, DURATION_HELP)
        .shown_once_used()
        .buckets(catalogue::GATEWAY_REQUEST_BUCKETS);

const DURATION: &str = "http_server_request_duration_seconds";
const DURATION_HELP: &str = "Duration of HTTP server requests in seconds";

/// `http_server_active_requests`.
pub static HTTP_SERVER_ACTIVE_REQUESTS: Family<Gauge, ActiveRequest> =
    Family::gauge("http_server_active_requests", "Number of active HTTP server requests")
        .shown_once_used();

/// `http_server_request_body_size_bytes`.
pub static HTTP_SERVER_REQUEST_BODY_SIZE: Family<Histogram, HttpRequest<'_>> =
    Family::histogram("http_server_request_body_size_bytes", "Size of HTTP server request bodies")
        .unit("bytes")
        .shown_once_used()
        .buckets(BODY_SIZES);

/// `http_server_response_body_size_bytes`.
pub static HTTP_SERVER_RESPONSE_BODY_SIZE: Family<Histogram, HttpRequest<'_>> = Family::histogram(
    "http_server_response_body_size_bytes",
    "Size of HTTP server response bodies",
)
.unit("bytes")
.shown_once_used()
.buckets(BODY_SIZES);

/// `http_server_first_byte_seconds`.
pub static HTTP_SERVER_FIRST_BYTE: Family<DurationHistogram, ResponseHead<'_>> =
    Family::duration_histogram(
        "http_server_first_byte_seconds",
        "Time from the start of an HTTP server request to the head of its response, in seconds",
    )
    .shown_once_used()
    .buckets(catalogue::GATEWAY_REQUEST_BUCKETS);

/// `http_server_streams_open`. Its name sorts after that of the active requests. See
/// [`Metric::take_over`](caracal_metrics_core::Metric::take_over).
pub static HTTP_SERVER_STREAMS_OPEN: Family<Gauge, OpenHttpStream<'_>> = Family::gauge(
    "http_server_streams_open",
    "Number of open event streams, upgraded connections and other streams",
)
.shown_once_used();

/// `http_server_stream_duration_seconds`.
pub static HTTP_SERVER_STREAM_DURATION: Family<DurationHistogram, EndedHttpStream<'_>> =
    Family::duration_histogram(
        "http_server_stream_duration_seconds",
        "Time from the response head of a stream to the end of the stream, in seconds",
    )
    .shown_once_used()
    .buckets(STREAM_DURATIONS);
