//! Counting calls, each once.

use std::mem;

use caracal_metrics_core::adapter::{InstanceBuilder, Stopwatch};
use caracal_metrics_core::catalogue::{
    BreakerName, CIRCUIT_BREAKER_FAILURES, CIRCUIT_BREAKER_SUCCESSES,
};
use caracal_metrics_core::{AttachError, Counter, DurationHistogram};

use crate::families::{
    CIRCUIT_BREAKER_CALL_DURATION, CIRCUIT_BREAKER_REJECTIONS, CIRCUIT_BREAKER_UNFINISHED_CALLS,
    CallOutcome, CallTime, Outcome, UnfinishedCall,
};

/// When a call began, if calls are timed.
pub(crate) type Started = Option<Stopwatch>;

/// The series for one outcome of a call.
#[derive(Debug)]
pub(crate) struct Ending {
    calls: Counter,
    durations: Option<DurationHistogram>,
}

impl Ending {
    #[inline]
    pub(crate) fn count(&self, started: Started) {
        self.calls.inc();
        if let (Some(durations), Some(started)) = (&self.durations, started) {
            durations.observe(started.elapsed());
        }
    }
}

/// The series for each outcome of a call.
#[derive(Debug)]
pub(crate) struct Calls {
    pub(crate) success: Ending,
    pub(crate) failure: Ending,
    pub(crate) rejections: Counter,
    pub(crate) cancelled: Ending,
    panicked: Ending,
    timed: bool,
}

impl Calls {
    pub(crate) fn new(
        builder: &mut InstanceBuilder,
        name: &str,
        timed: bool,
    ) -> Result<Self, AttachError> {
        let label = BreakerName { name };
        let rejections = builder.series(&CIRCUIT_BREAKER_REJECTIONS, label)?;
        let success = builder.series(&CIRCUIT_BREAKER_SUCCESSES, label)?;
        let failure = builder.series(&CIRCUIT_BREAKER_FAILURES, label)?;
        let mut unfinished = |outcome| {
            let labels = UnfinishedCall { name, outcome };
            builder.series(&CIRCUIT_BREAKER_UNFINISHED_CALLS, labels)
        };
        let (cancelled, panicked) =
            (unfinished(Outcome::Cancelled)?, unfinished(Outcome::Panicked)?);
        let mut ending = |calls, outcome| {
            let series =
                || builder.series(&CIRCUIT_BREAKER_CALL_DURATION, CallTime { name, outcome });
            Ok::<_, AttachError>(Ending { calls, durations: timed.then(series).transpose()? })
        };
        Ok(Self {
            success: ending(success, CallOutcome::Success)?,
            failure: ending(failure, CallOutcome::Failure)?,
            cancelled: ending(cancelled, CallOutcome::Cancelled)?,
            panicked: ending(panicked, CallOutcome::Panicked)?,
            rejections,
            timed,
        })
    }

    /// Notes that a call begins. The clock is read only if calls are timed.
    #[inline]
    pub(crate) fn start(&self) -> Started {
        self.timed.then(Stopwatch::start)
    }

    /// Notes that the user's code is about to run, in a call that began at `begun`.
    #[inline]
    pub(crate) fn enter(&self, started: Started) -> Entered<'_> {
        Entered { calls: self, started }
    }
}

/// A guard that exists while the user's code runs. It is dropped only by a panic.
#[must_use = "dropping it counts a panic"]
pub(crate) struct Entered<'a> {
    calls: &'a Calls,
    started: Started,
}

impl Entered<'_> {
    /// Notes that the code has returned.
    #[inline]
    pub(crate) fn left(self) {
        mem::forget(self);
    }
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        self.calls.panicked.count(self.started);
    }
}
