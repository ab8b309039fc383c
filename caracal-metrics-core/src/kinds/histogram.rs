//! Observations counted into buckets.

use std::time::{Duration, Instant};

use super::sealed::FromSeries;
use super::{Series, Timer};
use crate::exemplar::Exemplar;

/// A histogram of durations. The buckets and the sum on the page are in seconds; the sum is exact
/// to the nanosecond.
///
/// ```
/// use std::time::Duration;
/// use caracal_metrics_core::{DurationHistogram, Family, MetricsRegistry};
///
/// static PACKING: Family<DurationHistogram> =
///     Family::duration_histogram("packing_duration_seconds", "Time from order to parcel.")
///         .buckets(&[Duration::from_millis(5), Duration::from_millis(25)]);
///
/// let metrics = MetricsRegistry::new();
/// let packing = metrics.family(&PACKING)?;
/// packing.observe(Duration::from_millis(7));
/// {
///     let _timer = packing.start_timer();
/// }
/// assert_eq!(metrics.sample("packing_duration_seconds_count", &[]), Some(2.0));
/// assert_eq!(metrics.sample("packing_duration_seconds_bucket", &[("le", "0.005")]), Some(1.0));
/// # Ok::<(), caracal_metrics_core::FamilyError>(())
/// ```
#[derive(Clone, Debug)]
pub struct DurationHistogram(Series);

impl FromSeries for DurationHistogram {
    fn from_series(series: Series) -> Self {
        Self(series)
    }
}

impl DurationHistogram {
    /// Counts a duration. One of more than a year counts as about a year, and is counted in
    /// `caracal_metrics_invalid_values_total` as well.
    #[inline]
    pub fn observe(&self, duration: Duration) {
        self.0.store.observe_cell(self.0.cell, duration);
        self.0.recorded();
    }

    /// Counts a duration that the exemplar is an example of.
    pub fn observe_with_exemplar(&self, duration: Duration, exemplar: &Exemplar) {
        self.0.store.observe_with_exemplar(self.0.cell, duration, exemplar);
        self.0.recorded();
    }

    /// Starts a timer that counts the time until it is dropped.
    pub fn start_timer(&self) -> Timer {
        Timer::new(self.clone(), Instant::now())
    }
}
