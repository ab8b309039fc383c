//! The families of [`GatewayMetricsLayer`](crate::GatewayMetricsLayer), in addition to those of the
//! catalogue that it feeds.

use caracal_metrics_core::{Counter, DurationHistogram, Family, Method, catalogue, labels};

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
    Family::counter("gateway_route_requests_total", "Total number of gateway requests, by route")
        .namespaced()
        .shown_once_used();

/// `gateway_route_request_duration_seconds`.
pub static GATEWAY_ROUTE_REQUEST_DURATION: Family<DurationHistogram, RouteRequestTime<'_>> =
    Family::duration_histogram(
        "gateway_route_request_duration_seconds",
        "Gateway request duration in seconds, by route",
    )
    .namespaced()
    .shown_once_used()
    .buckets(catalogue::GATEWAY_REQUEST_BUCKETS);
