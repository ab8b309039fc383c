//! Counting calls, each once.

use std::mem;

use caracal_metrics_core::adapter::InstanceBuilder;
use caracal_metrics_core::catalogue::{
    BreakerName, CIRCUIT_BREAKER_FAILURES, CIRCUIT_BREAKER_SUCCESSES,
};
use caracal_metrics_core::{AttachError, Counter};

use crate::families::{
    CIRCUIT_BREAKER_REJECTIONS, CIRCUIT_BREAKER_UNFINISHED_CALLS, Outcome, UnfinishedCall,
};

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
    pub(crate) fn new(builder: &mut InstanceBuilder, name: &str) -> Result<Self, AttachError> {
        let label = BreakerName { name };
        let mut unfinished = |outcome| {
            let labels = UnfinishedCall { name, outcome };
            builder.series(&CIRCUIT_BREAKER_UNFINISHED_CALLS, labels)
        };
        Ok(Self {
            cancelled: unfinished(Outcome::Cancelled)?,
            panicked: unfinished(Outcome::Panicked)?,
            successes: builder.series(&CIRCUIT_BREAKER_SUCCESSES, label)?,
            failures: builder.series(&CIRCUIT_BREAKER_FAILURES, label)?,
            rejections: builder.series(&CIRCUIT_BREAKER_REJECTIONS, label)?,
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
