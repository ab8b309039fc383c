//! The families of the endpoint and of its server.

use std::time::Duration;

use caracal_metrics_core::{Counter, DurationHistogram, Family, Gauge, StatusCode, labels};

labels! {
    /// Why the endpoint dropped a client.
    #[non_exhaustive]
    pub enum CutReason {
        /// Its time was over.
        Timeout => "timeout",
        /// The maximum number of clients was reached, and another one arrived.
        Displaced => "displaced",
    }

    /// The label of a dropped scrape.
    pub struct GivenUp {
        /// Why it was dropped.
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

/// `metrics_scrapes_total`.
pub static SCRAPES: Family<Counter, Scrape> = Family::counter(
    "metrics_scrapes_total",
    "Total number of responses that the metrics endpoint sent to scrapes, by status code",
)
.namespaced()
.shown_once_used();

/// `metrics_scrapes_given_up_total`.
pub static SCRAPES_GIVEN_UP: Family<Counter, GivenUp> = Family::counter(
    "metrics_scrapes_given_up_total",
    "Total number of scrapes that the metrics endpoint dropped before the client had read the page, by reason",
)
.namespaced()
.shown_once_used();

/// `metrics_server_connections_closed_total`. Only `MetricsServer`, which needs the feature `serve`, feeds
/// it.
pub static SERVER_CONNECTIONS_CLOSED: Family<Counter, ConnectionClosed> = Family::counter(
    "metrics_server_connections_closed_total",
    "Total number of connections that the metrics server closed because the client had not sent a \
     complete request",
)
.namespaced()
.shown_once_used();

/// `metrics_scrapes_in_flight`.
pub static SCRAPES_IN_FLIGHT: Family<Gauge> =
    Family::gauge("metrics_scrapes_in_flight", "Number of scrapes currently being answered")
        .namespaced()
        .shown_once_used();

/// `metrics_scrape_page_duration_seconds`.
// A page of 50 series takes microseconds. A page of 100,000 series, or a collector that asks a server, may
// take seconds.
pub static SCRAPE_PAGE_DURATION: Family<DurationHistogram> = Family::duration_histogram(
    "metrics_scrape_page_duration_seconds",
    "Time to generate the page of metrics, in seconds",
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
