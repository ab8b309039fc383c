//! Reads values from a thing at scrape.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use crate::workers::{Context, dispose};

/// Whether the thing still exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sampled {
    /// It exists.
    Live,
    /// It was dropped or closed. Its series leave the output with this scrape, and its name is free.
    Gone,
}

/// A gauge that is set at scrape, through [`Gauges`].
#[derive(Clone, Copy, Debug)]
pub struct SampledGauge(pub(super) usize);

/// A gauge of floating-point numbers that is set at scrape, through [`Gauges`].
#[derive(Clone, Copy, Debug)]
pub struct SampledFloatGauge(pub(super) usize);

/// A counter that is added to at scrape, through [`Gauges`].
#[derive(Clone, Copy, Debug)]
pub struct SampledCounter(pub(super) Target);

/// A counter of floating-point numbers that is added to at scrape, through [`Gauges`].
#[derive(Clone, Copy, Debug)]
pub struct SampledFloatCounter(pub(super) usize);

/// The destination of a value.
#[derive(Clone, Copy, Debug)]
pub(super) enum Target {
    /// A series of the instance, by index.
    Own(usize),
    /// A series of the registry, by index.
    Shared(usize),
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Reading {
    Gauge(usize, u64),
    FloatGauge(usize, f64),
    Counter(Target, u64),
    FloatCounter(usize, f64),
}

pub(super) type Callback = dyn Fn(&Gauges<'_>) -> Sampled + Send + Sync;

/// Receives the values that a callback reads at scrape.
///
/// A page contains either all values that one run of the callback has stored here, or none of them. If the
/// callback panics, the values that it stored before are kept.
#[derive(Debug)]
pub struct Gauges<'a> {
    all: &'a Mutex<Vec<Reading>>,
    budget: Duration,
    readings: RefCell<Vec<Reading>>,
}

impl<'a> Gauges<'a> {
    /// Creates a receiver. The readings are added to `all` when the callback has ended.
    pub(super) fn new(all: &'a Mutex<Vec<Reading>>, budget: Duration) -> Self {
        Self { all, budget, readings: RefCell::default() }
    }

    /// Sets a gauge of this instance.
    pub fn set(&self, gauge: SampledGauge, value: u64) {
        self.readings.borrow_mut().push(Reading::Gauge(gauge.0, value));
    }

    /// Sets a gauge of floating-point numbers of this instance, as
    /// [`FloatGauge::set`](crate::FloatGauge::set) does.
    pub fn set_float(&self, gauge: SampledFloatGauge, value: f64) {
        self.readings.borrow_mut().push(Reading::FloatGauge(gauge.0, value));
    }

    /// Adds to a counter of floating-point numbers of this instance, as
    /// [`FloatCounter::inc_by`](crate::FloatCounter::inc_by) does.
    pub fn add_float(&self, counter: SampledFloatCounter, n: f64) {
        self.readings.borrow_mut().push(Reading::FloatCounter(counter.0, n));
    }

    /// Adds to a counter.
    pub fn add(&self, counter: SampledCounter, n: u64) {
        self.readings.borrow_mut().push(Reading::Counter(counter.0, n));
    }

    /// Returns how long the callback may take: half of
    /// [`collection_timeout`](crate::MetricsRegistryBuilder::collection_timeout). A callback that checks the
    /// clock now and then therefore ends in time.
    #[must_use]
    pub fn budget(&self) -> Duration {
        self.budget
    }

    /// Returns whether the callback runs inside a tokio runtime, so that it can drive futures that need one to
    /// completion. Always `false` without the feature `tokio`.
    #[must_use]
    pub fn has_runtime(&self) -> bool {
        Context::has_runtime()
    }
}

/// Drops a callback's reference to an observed thing. If it is the last one, the thing is dropped on a separate
/// thread, because this may run code of the application.
pub fn release<T: Send + Sync + 'static>(thing: Arc<T>) {
    if let Some(thing) = Arc::into_inner(thing) {
        dispose(thing);
    }
}

impl Drop for Gauges<'_> {
    fn drop(&mut self) {
        self.all.lock().append(self.readings.get_mut());
    }
}
