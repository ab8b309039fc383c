//! Observations that are counted in buckets.

use std::time::Duration;

use super::Series;
use super::sealed::FromSeries;
use crate::description::{Bounds, nanos};
use crate::engine::{self, OwnPages};
use crate::exemplar::Exemplar;
use crate::series::NativeSeries;

/// A kind of histogram: [`DurationHistogram`] or [`Histogram`].
pub trait Bucketed: private::Bucketed {}

impl<K: private::Bucketed> Bucketed for K {}

mod private {
    use crate::description::Bounds;

    /// The type of the bounds, and how the engine stores them.
    pub trait Bucketed {
        /// The type of a bound.
        type Bound;

        #[doc(hidden)]
        fn bounds(bounds: &[Self::Bound]) -> Bounds;
    }
}

impl private::Bucketed for DurationHistogram {
    type Bound = Duration;

    fn bounds(bounds: &[Duration]) -> Bounds {
        Bounds::Nanos(bounds.iter().copied().map(nanos).collect())
    }
}

impl private::Bucketed for Histogram {
    type Bound = f64;

    fn bounds(bounds: &[f64]) -> Bounds {
        Bounds::Floats(bounds.into())
    }
}

/// A histogram of durations. The buckets and the sum on the page are in seconds. The sum is exact to the
/// nanosecond.
///
/// ```
/// # extern crate caracal_metrics_core as caracal_metrics;
/// use std::time::Duration;
/// use caracal_metrics::{DurationHistogram, Family, MetricsRegistry};
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
/// # Ok::<(), caracal_metrics::FamilyError>(())
/// ```
#[derive(Clone, Debug)]
pub struct DurationHistogram {
    series: Series,
    /// Present if the family has native buckets and the series is not folded.
    native: Option<NativeSeries>,
}

impl FromSeries for DurationHistogram {
    fn from_series(series: Series) -> Self {
        let native = if series.folded { None } else { series.store.native_series(series.cell) };
        Self { series, native }
    }
}

impl DurationHistogram {
    /// Counts a duration. A duration of more than about a year adds only that year to the sum, and is also
    /// counted in `caracal_metrics_invalid_values_total`.
    #[inline]
    pub fn observe(&self, duration: Duration) {
        let pages = engine::own_pages();
        if !self.series.store.observe_own(pages, self.series.plain_cell, duration) {
            self.observe_first(pages, duration);
        }
    }

    /// Called if the thread has no words of the series yet, or if the record needs more than adding to them.
    #[inline(never)]
    fn observe_first(&self, pages: OwnPages, duration: Duration) {
        match &self.native {
            Some(native) => native.observe(pages, duration),
            None => self.observe_other(duration),
        }
    }

    #[inline(never)]
    fn observe_other(&self, duration: Duration) {
        self.series.store.observe_known(self.series.cell, duration);
        self.series.recorded();
    }

    /// Counts a duration together with an exemplar of it.
    pub fn observe_with_exemplar(&self, duration: Duration, exemplar: &Exemplar) {
        self.series.store.observe_cell_with_exemplar(self.series.cell, duration, exemplar);
        self.series.recorded();
    }
}

/// A histogram of floating-point numbers.
///
/// Numbers that are not finite are ignored and counted in `caracal_metrics_invalid_values_total`.
///
/// ```
/// # extern crate caracal_metrics_core as caracal_metrics;
/// use caracal_metrics::{Family, Histogram, MetricsRegistry};
///
/// static ORDER_VALUE: Family<Histogram> =
///     Family::histogram("order_value_euros", "Value of an order.").buckets(&[5.0, 20.0, 100.0]);
///
/// let metrics = MetricsRegistry::new();
/// let order_value = metrics.family(&ORDER_VALUE)?;
/// order_value.observe(19.5);
/// order_value.observe(f64::NAN);
/// assert_eq!(metrics.sample("order_value_euros_sum", &[]), Some(19.5));
/// assert_eq!(metrics.sample("order_value_euros_bucket", &[("le", "20.0")]), Some(1.0));
/// # Ok::<(), caracal_metrics::FamilyError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Histogram(Series);

impl FromSeries for Histogram {
    fn from_series(series: Series) -> Self {
        Self(series)
    }
}

impl Histogram {
    /// Counts a number. A number that is not finite is ignored and counted in
    /// `caracal_metrics_invalid_values_total`.
    ///
    /// Negative numbers can make the sum fall, which Prometheus treats as a restart. In this case, OpenMetrics
    /// forbids `_sum` and `_count`, so that format contains only the buckets.
    #[inline]
    pub fn observe(&self, value: f64) {
        self.0.store.observe_float_cell(self.0.cell, value);
        self.0.recorded();
    }

    /// Counts a number `times` times. This takes as long as counting it once.
    #[inline]
    pub fn observe_many(&self, value: f64, times: u64) {
        self.0.store.observe_floats_cell(self.0.cell, value, times);
        self.0.recorded();
    }

    /// Counts a number together with an exemplar of it.
    pub fn observe_with_exemplar(&self, value: f64, exemplar: &Exemplar) {
        self.0.store.observe_float_cell_with_exemplar(self.0.cell, value, exemplar);
        self.0.recorded();
    }
}
