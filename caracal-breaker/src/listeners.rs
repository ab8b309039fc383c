//! The policy and the instrument that a breaker is built with. They wrap those of the user.

use std::sync::Arc;
use std::time::{Duration, Instant};

use failsafe::{FailurePolicy, Instrument};

use crate::tracker::Tracker;

/// The failure policy of a breaker that [`BreakerObserver::build`](crate::BreakerObserver::build) returns.
///
/// Your policy decides. The wrapper follows what failsafe reports to it.
#[derive(Debug)]
pub struct ObservedPolicy<P> {
    policy: P,
    tracker: Arc<Tracker>,
}

impl<P> ObservedPolicy<P> {
    pub(crate) fn new(policy: P, tracker: Arc<Tracker>) -> Self {
        Self { policy, tracker }
    }
}

impl<P: FailurePolicy> FailurePolicy for ObservedPolicy<P> {
    #[inline]
    fn record_success(&mut self) {
        self.tracker.succeeded();
        self.policy.record_success();
    }

    fn mark_dead_on_failure(&mut self) -> Option<Duration> {
        // Call the user's policy first. If it panics, failsafe keeps its state.
        let delay = self.policy.mark_dead_on_failure();
        // failsafe adds the backoff to the current time. If this overflows, it panics and keeps its state.
        if delay.is_none_or(|delay| Instant::now().checked_add(delay).is_some()) {
            self.tracker.failed(delay.is_some());
        }
        delay
    }

    fn revived(&mut self) {
        // Follow the transition first. failsafe has already closed, even if the user's policy panics.
        let closing = self.tracker.closed();
        self.policy.revived();
        closing.told();
    }
}

/// The instrument of a breaker that [`BreakerObserver::build`](crate::BreakerObserver::build) returns.
///
/// For each event, your instrument is called after ours.
#[derive(Debug)]
pub struct ObservedInstrument<I> {
    instrument: I,
    tracker: Arc<Tracker>,
}

impl<I> ObservedInstrument<I> {
    pub(crate) fn new(instrument: I, tracker: Arc<Tracker>) -> Self {
        Self { instrument, tracker }
    }
}

// Ours are called first, so that an instrument of the user that panics or is slow does not affect the numbers.
impl<I: Instrument> Instrument for ObservedInstrument<I> {
    fn on_call_rejected(&self) {
        self.instrument.on_call_rejected();
    }

    fn on_open(&self) {
        self.instrument.on_open();
    }

    fn on_half_open(&self) {
        self.tracker.on_half_open();
        self.instrument.on_half_open();
    }

    fn on_closed(&self) {
        self.tracker.on_closed();
        self.instrument.on_closed();
    }
}
