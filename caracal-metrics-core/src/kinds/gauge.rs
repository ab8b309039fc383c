//! Numbers that go up and down.

use super::Series;
use super::sealed::FromSeries;
use crate::engine::{self, Cell};
use crate::series::FamilyStore;

/// A gauge: an integer that goes up and down.
///
/// It reads the number that was last set, plus what was added since, plus the number of
/// [guards](Self::track) that are alive.
///
/// ```
/// # extern crate caracal_metrics_core as caracal_metrics;
/// use caracal_metrics::{Family, Gauge, MetricsRegistry};
///
/// static QUEUE_DEPTH: Family<Gauge> = Family::gauge("queue_depth", "Jobs that wait.");
/// static WORKERS: Family<Gauge> = Family::gauge("workers_busy", "Workers that are busy.");
///
/// let metrics = MetricsRegistry::new();
/// let queue = metrics.family(&QUEUE_DEPTH)?;
/// queue.set(5);
/// queue.add(-2);
/// assert_eq!(metrics.sample("queue_depth", &[]), Some(3.0));
///
/// let workers = metrics.family(&WORKERS)?;
/// let busy = workers.track();
/// assert_eq!(metrics.sample("workers_busy", &[]), Some(1.0));
/// drop(busy);
/// assert_eq!(metrics.sample("workers_busy", &[]), Some(0.0));
/// # Ok::<(), caracal_metrics::FamilyError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Gauge(Series);

impl FromSeries for Gauge {
    fn from_series(series: Series) -> Self {
        Self(series)
    }
}

impl Gauge {
    /// Sets the gauge.
    #[inline]
    pub fn set(&self, value: i64) {
        engine::set(self.0.cell, value);
        self.0.recorded();
    }

    /// Adds to the gauge; a negative number subtracts.
    #[inline]
    pub fn add(&self, n: i64) {
        engine::shift(self.0.cell, n);
        self.0.recorded();
    }

    /// Counts one more until the guard is dropped: by the end of the scope, an early `?`, a panic,
    /// or a cancelled future that held it.
    #[inline]
    pub fn track(&self) -> GaugeGuard {
        self.0.recorded();
        GaugeGuard::begin(&self.0.store, self.0.cell)
    }
}

/// A gauge of floating-point numbers, such as a temperature or a ratio.
///
/// NaN is a value of it. An infinity is set aside, and counted in
/// `caracal_metrics_invalid_values_total`; so is NaN where it is added.
///
/// ```
/// # extern crate caracal_metrics_core as caracal_metrics;
/// use caracal_metrics::{Family, FloatGauge, MetricsRegistry};
///
/// static LOAD: Family<FloatGauge> = Family::float_gauge("load_ratio", "Share of time at work.");
///
/// let metrics = MetricsRegistry::new();
/// let load = metrics.family(&LOAD)?;
/// load.set(0.5);
/// load.add(0.25);
/// assert_eq!(metrics.sample("load_ratio", &[]), Some(0.75));
/// # Ok::<(), caracal_metrics::FamilyError>(())
/// ```
#[derive(Clone, Debug)]
pub struct FloatGauge(Series);

impl FromSeries for FloatGauge {
    fn from_series(series: Series) -> Self {
        Self(series)
    }
}

impl FloatGauge {
    /// Sets the gauge.
    #[inline]
    pub fn set(&self, value: f64) {
        self.0.store.set_float_cell(self.0.cell, value);
        self.0.recorded();
    }

    /// Adds to the gauge; a negative number subtracts.
    #[inline]
    pub fn add(&self, n: f64) {
        self.0.store.shift_float_cell(self.0.cell, n);
        self.0.recorded();
    }
}

/// Counts one in a gauge until it is dropped. What was recorded before it was dropped is on every page
/// on which the gauge is zero.
///
/// Bind it to a name: `let _ =` drops it at once, and no compiler warning says so.
///
/// ```
/// # extern crate caracal_metrics_core as caracal_metrics;
/// # use caracal_metrics::MetricsRegistry;
/// let metrics = MetricsRegistry::new();
/// let in_flight = || metrics.sample("caracal_gateway_requests_in_flight", &[]);
///
/// let _ = metrics.track_gateway_request_in_flight();
/// assert_eq!(in_flight(), Some(0.0));
///
/// let _in_flight = metrics.track_gateway_request_in_flight();
/// assert_eq!(in_flight(), Some(1.0));
/// ```
///
/// rustc's lint `let_underscore_drop`, which is off by default, finds such a binding, and so does
/// clippy's `let_underscore_must_use`:
///
/// ```compile_fail
/// #![deny(let_underscore_drop)]
/// # use caracal_metrics_core::MetricsRegistry;
/// # let metrics = MetricsRegistry::new();
/// let _ = metrics.track_gateway_request_in_flight();
/// ```
///
/// It does not keep the registry, which would cost two locked instructions for each guard. The cell
/// of the gauge outlives the registry until the last guard is dropped.
#[derive(Debug)]
#[must_use = "one is counted only while the guard is held"]
pub struct GaugeGuard(Cell);

impl GaugeGuard {
    #[inline]
    pub(crate) fn begin(store: &FamilyStore, cell: Cell) -> Self {
        store.begin(cell);
        Self(cell)
    }

    /// In a gauge without labels.
    #[inline]
    pub(crate) fn begin_only(store: &FamilyStore) -> Self {
        Self(store.begin_only())
    }

    /// Ends the guard, and begins it again in another gauge.
    pub(crate) fn move_to(&mut self, store: &FamilyStore, cell: Cell) {
        engine::end(self.0);
        self.0 = cell;
        store.begin(cell);
    }
}

impl Drop for GaugeGuard {
    #[inline]
    fn drop(&mut self) {
        engine::end(self.0);
    }
}
