//! The families of [`GatewayMetricsLayer`](crate::GatewayMetricsLayer), in addition to those of the
//! catalogue that it feeds.

use caracal_metrics_core::{
    Counter, DurationHistogram, Family, Gauge, Histogram, Method, catalogue, labels,
};

use super::common::{BODY_SIZES, STREAM_DURATIONS, StreamEnd};

labels! {
    /// The class of a status code.
    #[non_exhaustive]
    pub enum StatusClass {
        /// 100 to 199.
        Informational => "1xx",
        /// 200 to 299.
        Success => "2xx",
        /// 300 to 399.
        Redirection => "3xx",
        /// 400 to 499.
        ClientError => "4xx",
        /// 500 to 599.
        ServerError => "5xx",
        /// Any other number.
        Unknown => "unknown",
    }

    /// The labels of a request, by route.
    pub struct RouteRequest<'a> {
        /// The pattern that matched.
        pub route: &'a str,
        /// The request method.
        pub method: Method,
        /// The class of the status code.
        pub status_class: StatusClass,
    }

    /// The labels of the duration of a request, by route.
    pub struct RouteRequestTime<'a> {
        /// The pattern that matched.
        pub route: &'a str,
        /// The request method.
        pub method: Method,
    }

    /// The labels of a request, by route and by labels of the user, which have other names on the page.
    pub struct LabelledRouteRequest<'a> {
        /// The pattern that matched.
        pub route: &'a str,
        /// The request method.
        pub method: Method,
        /// The class of the status code.
        pub status_class: StatusClass,
        /// The user's first label.
        pub custom_1: Option<&'a str>,
        /// The user's second label.
        pub custom_2: Option<&'a str>,
        /// The user's third label.
        pub custom_3: Option<&'a str>,
    }

    /// The labels of the duration of a request, by route and by labels of the user, which have other names on
    /// the page.
    pub struct LabelledRouteRequestTime<'a> {
        /// The pattern that matched.
        pub route: &'a str,
        /// The request method.
        pub method: Method,
        /// The user's first label.
        pub custom_1: Option<&'a str>,
        /// The user's second label.
        pub custom_2: Option<&'a str>,
        /// The user's third label.
        pub custom_3: Option<&'a str>,
    }

    /// The label of an open stream.
    pub struct OpenStream<'a> {
        /// The pattern that matched, if one did and the layer records routes.
        pub route: Option<&'a str>,
    }

    /// The labels of a stream that has ended.
    pub struct EndedStream<'a> {
        /// The pattern that matched, if one did and the layer records routes.
        pub route: Option<&'a str>,
        /// How it ended.
        pub ended: StreamEnd,
    }
}

impl StatusClass {
    /// The class of a status code.
    #[must_use]
    pub const fn of(status_code: u16) -> Self {
        match status_code {
            100..200 => Self::Informational,
            200..300 => Self::Success,
            300..400 => Self::Redirection,
            400..500 => Self::ClientError,
            500..600 => Self::ServerError,
            _ => Self::Unknown,
        }
    }
}

/// `gateway_route_requests_total`.
pub static GATEWAY_ROUTE_REQUESTS: Family<Counter, RouteRequest<'_>> =
    Family::counter(ROUTE_REQUESTS, ROUTE_REQUESTS_HELP).namespaced().shown_once_used();

/// `gateway_route_request_duration_seconds`.
pub static GATEWAY_ROUTE_REQUEST_DURATION: Family<DurationHistogram, RouteRequestTime<'_>> =
    Family::duration_histogram(ROUTE_DURATION, ROUTE_DURATION_HELP)
        .namespaced()
        .shown_once_used()
        .buckets(catalogue::GATEWAY_REQUEST_BUCKETS);

/// [`GATEWAY_ROUTE_REQUESTS`] of a layer with labels of the user.
pub static LABELLED_ROUTE_REQUESTS: Family<Counter, LabelledRouteRequest<'_>> =
    Family::counter(ROUTE_REQUESTS, ROUTE_REQUESTS_HELP).namespaced().shown_once_used();

/// [`GATEWAY_ROUTE_REQUEST_DURATION`] of a layer with labels of the user.
pub static LABELLED_ROUTE_REQUEST_DURATION: Family<
    DurationHistogram,
    LabelledRouteRequestTime<'_>,
> = Family::duration_histogram(ROUTE_DURATION, ROUTE_DURATION_HELP)
    .namespaced()
    .shown_once_used()
    .buckets(catalogue::GATEWAY_REQUEST_BUCKETS);

const ROUTE_REQUESTS: &str = "gateway_route_requests_total";
const ROUTE_REQUESTS_HELP: &str = "Total number of gateway requests, by route";
const ROUTE_DURATION: &str = "gateway_route_request_duration_seconds";
const ROUTE_DURATION_HELP: &str = "Gateway request duration in seconds, by route";

/// `gateway_request_first_byte_seconds`.
pub static GATEWAY_REQUEST_FIRST_BYTE: Family<DurationHistogram, RouteRequestTime<'_>> =
    Family::duration_histogram(
        "gateway_request_first_byte_seconds",
        "Time from the start of a gateway request to the head of its response, in seconds",
    )
    .namespaced()
    .shown_once_used()
    .buckets(catalogue::GATEWAY_REQUEST_BUCKETS);

/// `gateway_request_body_size_bytes`.
pub static GATEWAY_REQUEST_BODY_SIZE: Family<Histogram, RouteRequestTime<'_>> = Family::histogram(
    "gateway_request_body_size_bytes",
    "Size of gateway request bodies in bytes, as received",
)
.unit("bytes")
.namespaced()
.shown_once_used()
.buckets(BODY_SIZES);

/// `gateway_response_body_size_bytes`.
pub static GATEWAY_RESPONSE_BODY_SIZE: Family<Histogram, RouteRequestTime<'_>> = Family::histogram(
    "gateway_response_body_size_bytes",
    "Size of gateway response bodies in bytes, as delivered",
)
.unit("bytes")
.namespaced()
.shown_once_used()
.buckets(BODY_SIZES);

/// `gateway_streams_open`. Its name sorts after that of the requests in flight. See
/// [`Metric::take_over`](caracal_metrics_core::Metric::take_over).
pub static GATEWAY_STREAMS_OPEN: Family<Gauge, OpenStream<'_>> = Family::gauge(
    "gateway_streams_open",
    "Number of open event streams, upgraded connections and other streams",
)
.namespaced()
.shown_once_used();

/// `gateway_stream_duration_seconds`.
pub static GATEWAY_STREAM_DURATION: Family<DurationHistogram, EndedStream<'_>> =
    Family::duration_histogram(
        "gateway_stream_duration_seconds",
        "Time from the response head of a stream to the end of the stream, in seconds",
    )
    .namespaced()
    .shown_once_used()
    .buckets(STREAM_DURATIONS);
