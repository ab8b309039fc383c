//! Sums that only grow.

use super::Series;
use super::sealed::FromSeries;
use crate::engine;

/// A counter: a sum of integers that only grows.
///
/// The value is modulo 2^64: 2^64 - 1 is followed by 0. Prometheus treats a decrease of a counter as a reset,
/// so `rate()` and `increase()` then miss only what was added between the last scrape and the wrap. A counter
/// that is only incremented by one never wraps: at a billion increments a second, this would take 584 years.
///
/// ```
/// # extern crate caracal_metrics_core as caracal_metrics;
/// use caracal_metrics::{Counter, Family, MetricsRegistry};
///
/// static RESTARTS: Family<Counter> = Family::counter("worker_restarts_total", "Worker restarts.");
///
/// let metrics = MetricsRegistry::new();
/// let restarts = metrics.family(&RESTARTS)?;
/// restarts.inc();
/// assert_eq!(metrics.sample("worker_restarts_total", &[]), Some(1.0));
/// # Ok::<(), caracal_metrics::FamilyError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Counter(Series);

impl FromSeries for Counter {
    fn from_series(series: Series) -> Self {
        Self(series)
    }
}

impl Counter {
    /// Adds one.
    #[inline]
    pub fn inc(&self) {
        self.inc_by(1);
    }

    /// Adds `n`, modulo 2^64: the counter wraps around instead of saturating.
    #[inline]
    pub fn inc_by(&self, n: u64) {
        if !engine::add_own(self.0.plain_cell, n) {
            self.inc_by_first(n);
        }
    }

    /// Called if the thread has no word of the series yet, or if the record is folded and must be counted as
    /// such.
    #[inline(never)]
    fn inc_by_first(&self, n: u64) {
        engine::add(self.0.cell, n);
        self.0.recorded();
    }

    /// Raises the counter to a total that is counted elsewhere, by adding the difference. If the counter is
    /// already at or above `total`, nothing changes.
    ///
    /// This reads the words of all threads under a lock of the family, for which other calls of this method
    /// wait. Use it for totals that are copied now and then. If the series is the
    /// [aggregated](crate::AGGREGATED) one, it also counts for other label sets, so the difference is unknown.
    /// In this case, the total is ignored and counted in `caracal_metrics_series_limited_total`.
    ///
    /// ```
    /// # extern crate caracal_metrics_core as caracal_metrics;
    /// use caracal_metrics::{Counter, Family, MetricsRegistry};
    ///
    /// static SENT: Family<Counter> = Family::counter("sent_bytes_total", "Bytes that were sent.");
    ///
    /// let metrics = MetricsRegistry::new();
    /// let sent = metrics.family(&SENT)?;
    /// sent.raise_to(1500);
    /// sent.raise_to(900);
    /// assert_eq!(metrics.sample("sent_bytes_total", &[]), Some(1500.0));
    /// # Ok::<(), caracal_metrics::FamilyError>(())
    /// ```
    pub fn raise_to(&self, total: u64) {
        if self.0.is_own() {
            self.0.store.raise_cell(self.0.cell, total);
        } else {
            self.0.store.count_folded();
        }
    }
}

/// A counter of floating-point numbers, such as seconds or euros.
///
/// Negative and non-finite increments are ignored and counted in `caracal_metrics_invalid_values_total`.
///
/// ```
/// # extern crate caracal_metrics_core as caracal_metrics;
/// use caracal_metrics::{Family, FloatCounter, MetricsRegistry};
///
/// static REVENUE: Family<FloatCounter> =
///     Family::float_counter("revenue_euros_total", "Revenue in euros.");
///
/// let metrics = MetricsRegistry::new();
/// let revenue = metrics.family(&REVENUE)?;
/// revenue.inc_by(12.5);
/// revenue.inc_by(-1.0);
/// assert_eq!(metrics.sample("revenue_euros_total", &[]), Some(12.5));
/// # Ok::<(), caracal_metrics::FamilyError>(())
/// ```
#[derive(Clone, Debug)]
pub struct FloatCounter(Series);

impl FromSeries for FloatCounter {
    fn from_series(series: Series) -> Self {
        Self(series)
    }
}

impl FloatCounter {
    /// Adds `n`.
    #[inline]
    pub fn inc_by(&self, n: f64) {
        self.0.store.add_float_cell(self.0.cell, n);
        self.0.recorded();
    }
}
