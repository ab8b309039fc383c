//! A registered family: recording by value.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use crate::engine;
use crate::exemplar::Exemplar;
use crate::hide_error::HideError;
use crate::kinds::{
    Counter, DurationHistogram, FloatCounter, FloatGauge, Gauge, GaugeGuard, Histogram, Kind,
    Series, Timer,
};
use crate::labels::Labels;
use crate::series::FamilyStore;

/// A registered family with labels. You record by value, or through the handle of one series. Recording by
/// value into an existing series neither takes a lock nor allocates memory.
///
/// ```
/// # extern crate caracal_metrics_core as caracal_metrics;
/// use caracal_metrics::{Counter, Family, MetricsRegistry, labels};
///
/// labels! { pub struct Order<'a> { tenant: &'a str } }
/// static ORDERS: Family<Counter, Order<'_>> = Family::counter("orders_total", "Orders placed.");
///
/// let metrics = MetricsRegistry::new();
/// let orders = metrics.family(&ORDERS)?;
/// orders.inc(Order { tenant: "acme" });
///
/// let acme = orders.with(Order { tenant: "acme" });
/// acme.inc();
/// assert_eq!(metrics.sample("orders_total", &[("tenant", "acme")]), Some(2.0));
/// # Ok::<(), caracal_metrics::FamilyError>(())
/// ```
pub struct Metric<K, L> {
    store: Arc<FamilyStore>,
    types: PhantomData<fn() -> (K, L)>,
}

impl<K, L> Clone for Metric<K, L> {
    fn clone(&self) -> Self {
        Self::new(Arc::clone(&self.store))
    }
}

impl<K, L> fmt::Debug for Metric<K, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metric").field("family", &self.store.name()).finish_non_exhaustive()
    }
}

impl<K, L> Metric<K, L> {
    pub(crate) fn new(store: Arc<FamilyStore>) -> Self {
        Self { store, types: PhantomData }
    }
}

/// Label sets of families that can be registered. [`labels!`](crate::labels) implements this for label sets,
/// and `()` implements it for families without labels.
pub trait Registered: Labels + Sized {
    /// What you record with: a [`Metric`], or the handle of the only series if there are no labels.
    type Handle<K: Kind>;

    #[doc(hidden)]
    fn handle<K: Kind>(metric: Metric<K, Self>) -> Self::Handle<K>;
}

impl Registered for () {
    type Handle<K: Kind> = K;

    fn handle<K: Kind>(metric: Metric<K, Self>) -> K {
        metric.with(())
    }
}

impl<K: Kind, L: Labels> Metric<K, L> {
    /// Returns the handle of one series. The series is on the page from now on.
    #[must_use]
    pub fn with(&self, labels: L::Of<'_>) -> K {
        K::from_series(Series::of(&self.store, &labels))
    }
}

impl<K, L: Labels> Metric<K, L> {
    /// Takes a series off the page, for example because the tenant has left. Its total is kept: if something is
    /// recorded with these labels again, the series returns with it. The family must hide idle series, see
    /// [`hide_idle_series`](crate::MetricsRegistryBuilder::hide_idle_series).
    ///
    /// Hiding a hidden series changes nothing. This takes the same locks as a page, so do not call it for each
    /// request.
    ///
    /// ```
    /// # extern crate caracal_metrics_core as caracal_metrics;
    /// use std::time::Duration;
    /// use caracal_metrics::{Counter, Family, MetricsRegistry, labels};
    ///
    /// labels! { struct Order<'a> { tenant: &'a str } }
    /// static ORDERS: Family<Counter, Order<'_>> = Family::counter("orders_total", "Orders placed.");
    ///
    /// let day = Duration::from_secs(24 * 3600);
    /// let metrics = MetricsRegistry::builder().hide_idle_series(day).build()?;
    /// let orders = metrics.family(&ORDERS)?;
    /// let sample = || metrics.sample("orders_total", &[("tenant", "acme")]);
    ///
    /// orders.inc(Order { tenant: "acme" });
    /// orders.hide(Order { tenant: "acme" })?;
    /// assert_eq!(sample(), None);
    /// orders.inc(Order { tenant: "acme" });
    /// assert_eq!(sample(), Some(2.0));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Returns an error if the family does not hide series, if nothing was recorded with these labels, or if a
    /// handle, a guard or an attached instance keeps the series on the page.
    pub fn hide(&self, labels: L::Of<'_>) -> Result<(), HideError> {
        self.store.hide_set(&labels)
    }
}

impl<L: Labels> Metric<Counter, L> {
    /// Adds one.
    #[inline]
    pub fn inc(&self, labels: L::Of<'_>) {
        self.inc_by(labels, 1);
    }

    /// Adds `n`.
    #[inline]
    pub fn inc_by(&self, labels: L::Of<'_>, n: u64) {
        self.store.add(&labels, n);
    }
}

impl<L: Labels> Metric<Counter, L> {
    /// Adds one, and counts the duration of the same event. This has the same effect as [`inc`](Self::inc)
    /// followed by `observe`. It takes less time if the histogram has no open labels, or the same open labels
    /// as the counter, with the same values.
    ///
    /// ```
    /// # extern crate caracal_metrics_core as caracal_metrics;
    /// use std::time::Duration;
    /// use caracal_metrics::{Counter, DurationHistogram, Family, MetricsRegistry, labels};
    ///
    /// labels! {
    ///     struct Job<'a> { queue: &'a str, failed: bool }
    ///     struct JobTime<'a> { queue: &'a str }
    /// }
    /// static JOBS: Family<Counter, Job<'_>> = Family::counter("jobs_total", "Jobs that ended.");
    /// static JOB_TIME: Family<DurationHistogram, JobTime<'_>> =
    ///     Family::duration_histogram("job_duration_seconds", "Time of a job.")
    ///         .buckets(&[Duration::from_millis(5), Duration::from_millis(50)]);
    ///
    /// let metrics = MetricsRegistry::new();
    /// let (jobs, time) = (metrics.family(&JOBS)?, metrics.family(&JOB_TIME)?);
    /// let (queue, took) = ("mail", Duration::from_millis(7));
    /// jobs.inc_and_observe(Job { queue, failed: false }, &time, JobTime { queue }, took);
    ///
    /// let labels = [("queue", "mail"), ("failed", "false")];
    /// assert_eq!(metrics.sample("jobs_total", &labels), Some(1.0));
    /// assert_eq!(metrics.sample("job_duration_seconds_sum", &labels[..1]), Some(0.007));
    /// # Ok::<(), caracal_metrics::FamilyError>(())
    /// ```
    #[inline]
    pub fn inc_and_observe<T: Labels>(
        &self,
        labels: L::Of<'_>,
        histogram: &Metric<DurationHistogram, T>,
        of_duration: T::Of<'_>,
        duration: Duration,
    ) {
        self.store.add_and_observe(&labels, &histogram.store, &of_duration, duration);
    }
}

impl<L: Labels> Metric<Gauge, L> {
    /// Sets the gauge with these labels.
    #[inline]
    pub fn set(&self, labels: L::Of<'_>, value: i64) {
        engine::set(self.store.cell_of_set(&labels), value);
    }

    /// Adds `n` to the gauge with these labels. A negative number subtracts.
    #[inline]
    pub fn add(&self, labels: L::Of<'_>, n: i64) {
        engine::shift(self.store.cell_of_set(&labels), n);
    }

    /// Adds one to the gauge with these labels until the guard is dropped.
    #[inline]
    pub fn track(&self, labels: L::Of<'_>) -> GaugeGuard {
        GaugeGuard::begin(&self.store, self.store.cell_of_set(&labels))
    }

    /// Moves a guard from another gauge to the gauge with these labels. For example, a request in flight
    /// becomes an open stream. No page counts the guard in both gauges if the name of this family comes after
    /// the name of the other one in alphabetical order.
    ///
    /// ```
    /// # extern crate caracal_metrics_core as caracal_metrics;
    /// use caracal_metrics::{Family, Gauge, MetricsRegistry, labels};
    ///
    /// labels! { struct Stage { encoded: bool } }
    /// static STAGES: Family<Gauge, Stage> = Family::gauge("uploads_by_stage", "Uploads.");
    /// static RUNNING: Family<Gauge> = Family::gauge("uploads", "Uploads that are received.");
    ///
    /// let metrics = MetricsRegistry::new();
    /// let (running, stages) = (metrics.family(&RUNNING)?, metrics.family(&STAGES)?);
    /// let mut upload = running.track();
    /// stages.take_over(Stage { encoded: true }, &mut upload);
    /// assert_eq!(metrics.sample("uploads", &[]), Some(0.0));
    /// assert_eq!(metrics.sample("uploads_by_stage", &[("encoded", "true")]), Some(1.0));
    /// # Ok::<(), caracal_metrics::FamilyError>(())
    /// ```
    pub fn take_over(&self, labels: L::Of<'_>, guard: &mut GaugeGuard) {
        guard.move_to(&self.store, self.store.cell_of_set(&labels));
    }
}

impl<L: Labels> Metric<FloatCounter, L> {
    /// Adds `n`. A negative or non-finite number is ignored and counted in
    /// `caracal_metrics_invalid_values_total`.
    #[inline]
    pub fn inc_by(&self, labels: L::Of<'_>, n: f64) {
        self.store.add_float_cell(self.store.cell_of_set(&labels), n);
    }
}

impl<L: Labels> Metric<FloatGauge, L> {
    /// Sets the gauge with these labels. An infinite number is ignored and counted in
    /// `caracal_metrics_invalid_values_total`.
    #[inline]
    pub fn set(&self, labels: L::Of<'_>, value: f64) {
        self.store.set_float_cell(self.store.cell_of_set(&labels), value);
    }

    /// Adds `n` to the gauge with these labels. A non-finite number is ignored and counted in
    /// `caracal_metrics_invalid_values_total`.
    #[inline]
    pub fn add(&self, labels: L::Of<'_>, n: f64) {
        self.store.shift_float_cell(self.store.cell_of_set(&labels), n);
    }
}

impl<L: Labels> Metric<Histogram, L> {
    /// Counts a number. A non-finite number is ignored and counted in `caracal_metrics_invalid_values_total`.
    #[inline]
    pub fn observe(&self, labels: L::Of<'_>, value: f64) {
        self.store.observe_float_cell(self.store.cell_of_set(&labels), value);
    }

    /// Counts a number together with an exemplar of it.
    pub fn observe_with_exemplar(&self, labels: L::Of<'_>, value: f64, exemplar: &Exemplar) {
        let cell = self.store.cell_of_set(&labels);
        self.store.observe_float_cell_with_exemplar(cell, value, exemplar);
    }
}

impl<L: Labels> Metric<DurationHistogram, L> {
    /// Counts a duration.
    #[inline]
    pub fn observe(&self, labels: L::Of<'_>, duration: Duration) {
        self.store.observe(&labels, duration);
    }

    /// Counts a duration together with an exemplar of it.
    pub fn observe_with_exemplar(
        &self,
        labels: L::Of<'_>,
        duration: Duration,
        exemplar: &Exemplar,
    ) {
        self.store.observe_with_exemplar(&labels, duration, exemplar);
    }

    /// Starts a timer that counts the time until it is dropped.
    pub fn start_timer(&self, labels: L::Of<'_>) -> Timer {
        self.with(labels).start_timer()
    }
}
