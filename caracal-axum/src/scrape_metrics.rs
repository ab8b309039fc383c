//! The metrics of the endpoint and its server.

use std::time::Duration;

use caracal_metrics_core::{
    Counter, DurationHistogram, FamilyError, Gauge, GaugeGuard, Metric, MetricsRegistry, StatusCode,
};

#[cfg(feature = "serve")]
use crate::families::{ConnectionClosed, SERVER_CONNECTIONS_CLOSED};
use crate::families::{
    CutReason, GivenUp, SCRAPE_PAGE_DURATION, SCRAPES, SCRAPES_GIVEN_UP, SCRAPES_IN_FLIGHT, Scrape,
};

/// The status codes that an endpoint is likely to send. Their series exist from the start, so that `rate()`
/// shows the first event.
const EXPECTED: [u16; 3] = [200, 500, 503];

/// Counts the scrapes of an endpoint.
#[derive(Clone, Debug)]
pub(crate) struct ScrapeMetrics {
    scrapes: Metric<Counter, Scrape>,
    given_up: Metric<Counter, GivenUp>,
    in_flight: Gauge,
    page_duration: DurationHistogram,
}

impl ScrapeMetrics {
    /// From now on, the families of the endpoint are in the output.
    pub(crate) fn new(metrics: &MetricsRegistry) -> Result<Self, FamilyError> {
        let scrapes = metrics.family(&SCRAPES)?;
        for code in EXPECTED {
            let _shown = scrapes.with(Scrape { status_code: StatusCode::new(code) });
        }
        let given_up = metrics.family(&SCRAPES_GIVEN_UP)?;
        for reason in CutReason::ALL {
            let _shown = given_up.with(GivenUp { reason: *reason });
        }
        Ok(Self {
            scrapes,
            given_up,
            in_flight: metrics.family(&SCRAPES_IN_FLIGHT)?,
            page_duration: metrics.family(&SCRAPE_PAGE_DURATION)?,
        })
    }

    /// Counts a scrape as in flight until the guard is dropped.
    pub(crate) fn track_in_flight(&self) -> GaugeGuard {
        self.in_flight.track()
    }

    /// Counts a scrape that was answered with this status code.
    pub(crate) fn record(&self, status_code: u16) {
        self.scrapes.inc(Scrape { status_code: StatusCode::new(status_code) });
    }

    /// Counts a scrape whose client did not read the page in time.
    pub(crate) fn record_given_up(&self, reason: CutReason) {
        self.given_up.inc(GivenUp { reason });
    }

    /// Counts how long it took to make a page.
    pub(crate) fn record_page(&self, duration: Duration) {
        self.page_duration.observe(duration);
    }
}

/// Counts the connections of a server of metrics.
#[cfg(feature = "serve")]
#[derive(Clone, Debug)]
pub(crate) struct ServerMetrics(Metric<Counter, ConnectionClosed>);

#[cfg(feature = "serve")]
impl ServerMetrics {
    /// From now on, the family of the server is in the output.
    pub(crate) fn new(metrics: &MetricsRegistry) -> Result<Self, FamilyError> {
        let closed = metrics.family(&SERVER_CONNECTIONS_CLOSED)?;
        for reason in CutReason::ALL {
            let _shown = closed.with(ConnectionClosed { reason: *reason });
        }
        Ok(Self(closed))
    }

    /// Counts a connection that was closed before it had sent the head of a request.
    pub(crate) fn record_closed(&self, reason: CutReason) {
        self.0.inc(ConnectionClosed { reason });
    }
}
