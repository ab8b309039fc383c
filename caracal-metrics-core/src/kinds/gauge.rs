//! Numbers that go up and down.

use super::Series;
use super::sealed::FromSeries;
use crate::engine::{self, Cell};
use crate::series::FamilyStore;

/// A gauge: an integer that goes up and down.
///
/// Its value is the number that was last set, plus everything that was added since, plus the number of live
/// [guards](Self::track).
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

    /// Adds `n` to the gauge. A negative number subtracts.
    #[inline]
    pub fn add(&self, n: i64) {
        engine::shift(self.0.cell, n);
        self.0.recorded();
    }

    /// Adds one until the guard is dropped: at the end of the scope, at an early `?`, in a panic, or when a
    /// future that holds it is cancelled.
    #[inline]
    pub fn track(&self) -> GaugeGuard {
        self.0.recorded();
        GaugeGuard::begin(&self.0.store, self.0.cell)
    }
}

/// A gauge of floating-point numbers, such as a temperature or a ratio.
///
/// NaN is a valid value. Infinite values, and NaN passed to [`add`](Self::add), are ignored and counted in
/// `caracal_metrics_invalid_values_total`.
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

    /// Adds `n` to the gauge. A negative number subtracts.
    #[inline]
    pub fn add(&self, n: f64) {
        self.0.store.shift_float_cell(self.0.cell, n);
        self.0.recorded();
    }
}

/// Adds one to a gauge until it is dropped. If a page shows the gauge at zero, everything that was recorded
/// before the guard was dropped is on that page.
///
/// Bind it to a name: `let _ =` drops it immediately, without a compiler warning.
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
/// Such a binding is found by rustc's lint `let_underscore_drop`, which is off by default, and by clippy's
/// `let_underscore_must_use`:
///
/// ```compile_fail
/// #![deny(let_underscore_drop)]
/// # extern crate caracal_metrics_core as caracal_metrics;
/// # use caracal_metrics::MetricsRegistry;
/// # let metrics = MetricsRegistry::new();
/// let _ = metrics.track_gateway_request_in_flight();
/// ```
///
/// A guard does not keep the registry alive, because this would cost two locked instructions per guard. The
/// cell of the gauge outlives the registry until the last guard is dropped.
#[derive(Debug)]
#[must_use = "one is counted only while the guard is held"]
pub struct GaugeGuard(Cell);

impl GaugeGuard {
    #[inline]
    pub(crate) fn begin(store: &FamilyStore, cell: Cell) -> Self {
        store.begin(cell);
        Self(cell)
    }

    /// Begins a guard in a gauge without labels.
    #[inline]
    pub(crate) fn begin_only(store: &FamilyStore) -> Self {
        Self(store.begin_only())
    }

    /// Ends the guard in its gauge and begins it in another one.
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
