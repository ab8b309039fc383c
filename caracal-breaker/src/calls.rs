//! Counting calls, each once.

use std::mem;

use caracal_metrics_core::AttachError;
use caracal_metrics_core::adapter::{Counter, InstanceBuilder};
use caracal_metrics_core::catalogue::Metric;

/// A counter for each way in which a call ends.
#[derive(Debug)]
pub(crate) struct CallCounters {
    pub(crate) successes: Counter,
    pub(crate) failures: Counter,
    pub(crate) rejections: Counter,
    pub(crate) cancelled: Counter,
    pub(crate) panicked: Counter,
}

impl CallCounters {
    pub(crate) fn new(builder: &mut InstanceBuilder) -> Result<Self, AttachError> {
        let unfinished = Metric::CircuitBreakerUnfinishedCalls;
        Ok(Self {
            successes: builder.counter(Metric::CircuitBreakerSuccesses, &[])?,
            failures: builder.counter(Metric::CircuitBreakerFailures, &[])?,
            rejections: builder.counter(Metric::CircuitBreakerRejections, &[])?,
            cancelled: builder.counter(unfinished, &["cancelled"])?,
            panicked: builder.counter(unfinished, &["panicked"])?,
        })
    }

    /// The user's code is about to run.
    #[inline]
    pub(crate) fn enter(&self) -> Entered<'_> {
        Entered(self)
    }
}

/// The user's code is running. Only a panic drops this.
#[must_use = "dropping it counts a panic"]
pub(crate) struct Entered<'a>(&'a CallCounters);

impl Entered<'_> {
    /// It came back.
    #[inline]
    pub(crate) fn left(self) {
        mem::forget(self);
    }
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        self.0.panicked.inc();
    }
}
