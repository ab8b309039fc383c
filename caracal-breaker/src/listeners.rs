//! What a breaker is built with, around the user's own policy and instrument.

use std::sync::Arc;
use std::time::{Duration, Instant};

use failsafe::{FailurePolicy, Instrument};

use crate::tracker::Tracker;

/// The failure policy of a breaker made by [`BreakerObserver::build`](crate::BreakerObserver::build):
/// the user's own decides, and what failsafe tells it is followed.
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
        // The user's first: if it panics, failsafe stays in the state in which it is.
        let delay = self.policy.mark_dead_on_failure();
        // failsafe adds it to the time, and panics in the state in which it is where there is no such time.
        if delay.is_none_or(|delay| Instant::now().checked_add(delay).is_some()) {
            self.tracker.failed(delay.is_some());
        }
        delay
    }

    fn revived(&mut self) {
        // Ours first: failsafe has closed already, even if the user's panics.
        let closing = self.tracker.closed();
        self.policy.revived();
        closing.told();
    }
}

/// The instrument of a breaker made by [`BreakerObserver::build`](crate::BreakerObserver::build):
/// the user's own is called for everything, after ours.
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

// Ours come first, so that a user's instrument that panics or takes its time changes no number.
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
