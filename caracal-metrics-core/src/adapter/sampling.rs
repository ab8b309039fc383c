//! Reading a thing at scrape.

use std::cell::RefCell;
use std::fmt;
use std::sync::Arc;

use super::instance::Attached;
use crate::catalogue::Metric;
use crate::engine::{self, Cell};
use crate::series::NO_LABELS;
use crate::workers::{Context, Task};

/// Whether the thing is still there to be observed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sampled {
    /// It is.
    Live,
    /// It is gone or closed: its series leave the output with this scrape, and its name is free.
    Gone,
}

/// A gauge that is set at scrape, through [`Gauges`].
#[derive(Clone, Copy, Debug)]
pub struct SampledGauge(pub(super) usize);

/// A counter that is added to at scrape, through [`Gauges`].
#[derive(Clone, Copy, Debug)]
pub struct SampledCounter(pub(super) Target);

/// Where a reading goes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Target {
    /// A series of the instance, by its place.
    Own(usize),
    /// A series of the registry's own.
    Registry(Metric),
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Reading {
    Gauge(usize, u64),
    Counter(Target, u64),
}

pub(super) type Callback = Box<dyn Fn(&Gauges<'_>) -> Sampled + Send + Sync>;

/// How a callback is run.
pub(super) enum Sampler {
    /// By the thread that writes the page.
    Inline(Callback),
    /// Apart from it.
    Isolated(Arc<Task>),
}

impl fmt::Debug for Sampler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Inline(_) => "Inline",
            Self::Isolated(_) => "Isolated",
        })
    }
}

/// Where a scrape's callback puts what it reads.
///
/// A page has all that one run of the callback has put here, or nothing of it. A callback that panics
/// leaves behind what it has put here before.
#[derive(Debug)]
pub struct Gauges<'a> {
    attached: &'a Attached,
    readings: RefCell<Vec<Reading>>,
}

impl<'a> Gauges<'a> {
    pub(super) fn new(attached: &'a Attached) -> Self {
        Self { attached, readings: RefCell::default() }
    }

    /// Sets a gauge of this instance.
    pub fn set(&self, gauge: SampledGauge, value: u64) {
        self.readings.borrow_mut().push(Reading::Gauge(gauge.0, value));
    }

    /// Adds to a counter.
    pub fn add(&self, counter: SampledCounter, n: u64) {
        self.readings.borrow_mut().push(Reading::Counter(counter.0, n));
    }

    /// Whether the callback runs inside a tokio runtime, so that futures which need one can be driven
    /// to their end here. Always `false` without the feature `tokio`.
    #[must_use]
    pub fn has_runtime(&self) -> bool {
        Context::has_runtime()
    }
}

impl Drop for Gauges<'_> {
    fn drop(&mut self) {
        self.attached.readings.lock().append(self.readings.get_mut());
    }
}

impl Attached {
    /// The callback that has to be run before [`bring_up_to_date`](Self::bring_up_to_date), apart from
    /// the thread that reads the metrics.
    pub(crate) fn isolated(&self) -> Option<&Arc<Task>> {
        match self.sampler.get()? {
            Sampler::Isolated(task) => Some(task),
            Sampler::Inline(_) => None,
        }
    }

    /// Runs a callback. What it reads waits for the next page. Panics if the callback does.
    pub(super) fn sample(&self, callback: &Callback) {
        if callback(&Gauges::new(self)) == Sampled::Gone {
            self.detach();
        }
    }

    /// Puts what was read into the series. Gauges whose callback failed keep what they last read.
    pub(crate) fn bring_up_to_date(&self) {
        if let Some(Sampler::Inline(callback)) = self.sampler.get()
            && crate::panics::contain(|| self.sample(callback)).is_none()
        {
            self.core.count_collection_error();
        }
        self.settle();
    }

    pub(super) fn settle(&self) {
        // Applied under the lock, so that the readings of one run are not overtaken by an earlier one.
        let mut readings = self.readings.lock();
        if readings.is_empty() {
            return;
        }
        for reading in readings.drain(..) {
            match reading {
                Reading::Gauge(place, value) => {
                    if let Some(cell) = self.cell(place) {
                        engine::set(cell, i64::try_from(value).unwrap_or(i64::MAX));
                    }
                }
                Reading::Counter(target, n) => {
                    let cell = match target {
                        Target::Own(place) => self.cell(place),
                        Target::Registry(metric) => {
                            Some(self.core.store(metric).resolve(NO_LABELS).0)
                        }
                    };
                    if let Some(cell) = cell {
                        engine::add(cell, n);
                    }
                }
            }
        }
        let unread = std::mem::take(&mut *self.unread.lock());
        drop(readings);
        self.show(unread);
    }

    fn cell(&self, place: usize) -> Option<Cell> {
        self.series.get()?.get(place).map(|(_, cell)| *cell)
    }
}
