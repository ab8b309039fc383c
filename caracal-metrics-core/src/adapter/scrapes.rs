//! Scrapes of an endpoint, as it reports them.

use std::sync::Arc;
use std::time::Duration;

use crate::catalogue::Metric;
use crate::core::{Core, Tracked};
use crate::labels::{CutReason, UNKNOWN_STATUS_CODE, status_code_index};
use crate::registry::MetricsRegistry;
use crate::series::{Labels, NO_LABELS};

/// The status codes that an endpoint may well answer one day: their series are there from the start,
/// so that the first event shows in `rate()`.
const EXPECTED: [u16; 3] = [200, 500, 503];

impl MetricsRegistry {
    /// The handle with which an endpoint reports its scrapes. From here on their families are in
    /// the output.
    #[must_use]
    pub fn scrape_metrics(&self) -> ScrapeMetrics {
        let core = Arc::clone(self.core());
        for code in EXPECTED {
            core.series(Metric::Scrapes, scrape_labels(code));
        }
        for reason in CUT_REASONS {
            core.series(Metric::ScrapesGivenUp, cut_labels(reason));
        }
        core.series(Metric::ScrapePageDuration, NO_LABELS);
        core.series(Metric::ScrapesInFlight, NO_LABELS);
        ScrapeMetrics { core }
    }

    /// The handle with which a server of metrics reports its connections. From here on their family is
    /// in the output.
    #[must_use]
    pub fn server_metrics(&self) -> ServerMetrics {
        let core = Arc::clone(self.core());
        for reason in CUT_REASONS {
            core.series(Metric::ServerConnectionsClosed, cut_labels(reason));
        }
        ServerMetrics { core }
    }
}

const CUT_REASONS: [CutReason; 2] = [CutReason::Timeout, CutReason::Displaced];

fn cut_labels(reason: CutReason) -> Labels<'static, 0> {
    Labels { closed: reason.index(), open: [] }
}

fn scrape_labels(status_code: u16) -> Labels<'static, 0> {
    Labels { closed: status_code_index(status_code).unwrap_or(UNKNOWN_STATUS_CODE), open: [] }
}

/// Counts the scrapes of an endpoint.
#[derive(Clone, Debug)]
pub struct ScrapeMetrics {
    core: Arc<Core>,
}

impl ScrapeMetrics {
    /// Counts a scrape as in flight until the guard is dropped, with the same promises as
    /// [`track_gateway_request_in_flight`](MetricsRegistry::track_gateway_request_in_flight).
    pub fn track_in_flight(&self) -> ScrapeGuard {
        ScrapeGuard(self.core.track(Metric::ScrapesInFlight))
    }

    /// Counts a scrape that was answered with this status code.
    pub fn record(&self, status_code: u16) {
        self.core.count(Metric::Scrapes, scrape_labels(status_code));
    }

    /// Counts a scrape whose client did not read the page.
    pub fn record_given_up(&self, reason: CutReason) {
        self.core.count(Metric::ScrapesGivenUp, cut_labels(reason));
    }

    /// Counts how long it took to make a page.
    pub fn record_page(&self, duration: Duration) {
        self.core.time(Metric::ScrapePageDuration, NO_LABELS, duration);
    }
}

/// Counts the connections of a server of metrics.
#[derive(Clone, Debug)]
pub struct ServerMetrics {
    core: Arc<Core>,
}

impl ServerMetrics {
    /// Counts a connection that was closed before it had sent the head of a request.
    pub fn record_closed(&self, reason: CutReason) {
        self.core.count(Metric::ServerConnectionsClosed, cut_labels(reason));
    }
}

/// Counts a scrape as in flight until it is dropped.
///
/// Bind it to a name: `let _ =` drops it at once. See [`InFlightGuard`](crate::InFlightGuard) for the
/// lint that finds this.
///
/// ```
/// # use caracal_metrics_core::MetricsRegistry;
/// let metrics = MetricsRegistry::new();
/// let scrapes = metrics.scrape_metrics();
/// let in_flight = || metrics.sample("caracal_metrics_scrapes_in_flight", &[]);
///
/// let _ = scrapes.track_in_flight();
/// assert_eq!(in_flight(), Some(0.0));
///
/// let _guard = scrapes.track_in_flight();
/// assert_eq!(in_flight(), Some(1.0));
/// ```
#[derive(Debug)]
#[must_use = "the scrape counts as in flight only while the guard is held"]
pub struct ScrapeGuard(#[expect(dead_code, reason = "counts until it is dropped")] Tracked);
