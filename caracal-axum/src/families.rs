//! The families of this adapter, in addition to those of the catalogue that it feeds.

use std::time::Duration;

use caracal_metrics_core::{
    Counter, DurationHistogram, Family, FamilySpec, Gauge, Method, StatusCode, catalogue, labels,
};

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

    /// Why the endpoint let go of a client.
    #[non_exhaustive]
    pub enum CutReason {
        /// Its time was over.
        Timeout => "timeout",
        /// As many as allowed were there, and another one came.
        Displaced => "displaced",
    }

    /// The label of a scrape that was given up.
    pub struct GivenUp {
        /// Why it was given up.
        pub reason: CutReason,
    }

    /// The label of a connection that the server closed.
    pub struct ConnectionClosed {
        /// Why it was closed.
        pub reason: CutReason,
    }

    /// The label of a scrape.
    pub struct Scrape {
        /// The status code of the answer.
        pub status_code: StatusCode,
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

/// `metrics_scrapes_total`.
pub static SCRAPES: Family<Counter, Scrape> = Family::counter(
    "metrics_scrapes_total",
    "Total number of scrapes that the metrics endpoint answered, by status code",
)
.namespaced()
.shown_once_used();

/// `metrics_scrapes_given_up_total`.
pub static SCRAPES_GIVEN_UP: Family<Counter, GivenUp> = Family::counter(
    "metrics_scrapes_given_up_total",
    "Total number of scrapes that the metrics endpoint gave up because the client did not read the page",
)
.namespaced()
.shown_once_used();

/// `metrics_server_connections_closed_total`. Only `MetricsServer`, of the feature
/// `serve`, feeds it.
pub static SERVER_CONNECTIONS_CLOSED: Family<Counter, ConnectionClosed> = Family::counter(
    "metrics_server_connections_closed_total",
    "Total number of connections that the metrics server closed because they sent no request",
)
.namespaced()
.shown_once_used();

/// `metrics_scrapes_in_flight`.
pub static SCRAPES_IN_FLIGHT: Family<Gauge> =
    Family::gauge("metrics_scrapes_in_flight", "Number of scrapes currently being answered")
        .namespaced()
        .shown_once_used();

/// `metrics_scrape_page_duration_seconds`.
// A page of 50 series takes microseconds, one of 100,000 and a collector that asks a server take
// seconds.
pub static SCRAPE_PAGE_DURATION: Family<DurationHistogram> = Family::duration_histogram(
    "metrics_scrape_page_duration_seconds",
    "Duration of making the page of metrics in seconds",
)
.namespaced()
.shown_once_used()
.buckets(&[
    Duration::from_micros(100),
    Duration::from_micros(500),
    Duration::from_millis(1),
    Duration::from_micros(2_500),
    Duration::from_millis(5),
    Duration::from_millis(10),
    Duration::from_millis(25),
    Duration::from_millis(50),
    Duration::from_millis(100),
    Duration::from_millis(250),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_millis(2_500),
    Duration::from_secs(10),
]);

/// The families that this crate declares.
pub static FAMILIES: [&FamilySpec; 7] = [
    GATEWAY_ROUTE_REQUESTS.spec(),
    GATEWAY_ROUTE_REQUEST_DURATION.spec(),
    SCRAPES.spec(),
    SCRAPES_IN_FLIGHT.spec(),
    SCRAPE_PAGE_DURATION.spec(),
    SCRAPES_GIVEN_UP.spec(),
    SERVER_CONNECTIONS_CLOSED.spec(),
];

/// The families of the catalogue that this crate feeds.
pub static FED_FAMILIES: [&FamilySpec; 6] = [
    catalogue::GATEWAY_REQUESTS.spec(),
    catalogue::GATEWAY_REQUEST_DURATION.spec(),
    catalogue::GATEWAY_REQUESTS_IN_FLIGHT.spec(),
    catalogue::GATEWAY_AUTH_FAILURES.spec(),
    catalogue::GATEWAY_REPLAY_BLOCKS.spec(),
    catalogue::GATEWAY_DEGRADED_MODE_REQUESTS.spec(),
];
