//! Sums that only grow.

use super::Series;
use super::sealed::FromSeries;
use crate::engine;

/// A counter: a sum of integers that only grows.
///
/// ```
/// use caracal_metrics_core::{Counter, Family, MetricsRegistry};
///
/// static RESTARTS: Family<Counter> = Family::counter("worker_restarts_total", "Worker restarts.");
///
/// let metrics = MetricsRegistry::new();
/// let restarts = metrics.family(&RESTARTS)?;
/// restarts.inc();
/// assert_eq!(metrics.sample("worker_restarts_total", &[]), Some(1.0));
/// # Ok::<(), caracal_metrics_core::FamilyError>(())
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

    /// Adds `n`.
    #[inline]
    pub fn inc_by(&self, n: u64) {
        engine::add(self.0.cell, n);
        self.0.recorded();
    }
}
