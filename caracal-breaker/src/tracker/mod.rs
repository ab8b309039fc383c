//! Following the state of a breaker that was built with our listeners.
//!
//! failsafe calls an `Instrument` after it has released its lock, so the order of these callbacks
//! says nothing about the order of the transitions. It calls a `FailurePolicy` under the lock, but
//! not for every transition: the policy is not called when an open breaker becomes half-open. The
//! tracker therefore works as follows:
//!
//! - What the policy sees is certain, and the tracker follows it at once. If a failure reaches the
//!   policy while the tracked state is open, the breaker must have become half-open before. The
//!   callback is only late.
//! - `on_half_open` is a hint to read the state. It reads the tracked word, then the real state of
//!   the breaker (whose `Debug` output takes failsafe's lock). It applies the state only if the
//!   word has not changed, because every way out of half-open goes through the policy and changes
//!   the word.
//!
//! Under failsafe's lock, the tracked state is therefore the real one, or it is open while the
//! breaker is half-open and an `on_half_open` call is pending. When all calls have returned, none
//! is pending.

use std::cell::Cell;
use std::fmt;
use std::ptr;
use std::sync::Weak;
use std::sync::atomic::{
    AtomicU64, AtomicUsize,
    Ordering::{AcqRel, Acquire, Relaxed},
};

use caracal_metrics_core::CircuitBreakerState::{self, Closed, HalfOpen, Open};

use crate::transitions::Transition;

/// The operations that a tracker needs from the breaker that it follows.
pub(crate) trait Observed: Send + Sync {
    /// The state according to the breaker itself. Takes failsafe's lock.
    fn real_state(&self) -> Option<CircuitBreakerState>;

    /// Counts a transition. May be called under failsafe's lock.
    fn count(&self, transition: Transition);
}

/// The state of one breaker, as its policy and its instrument report it.
pub(crate) struct Tracker {
    /// The state in the lowest two bits, and above them a generation that each transition
    /// increases.
    word: AtomicU64,
    /// The thread that has closed the breaker while the tracked state was open, and is about to
    /// report the reason. 0 if there is none. Set and cleared under failsafe's lock.
    closing: AtomicUsize,
    /// Weak, because the tracker is inside the breaker.
    observed: Weak<dyn Observed>,
}

impl Tracker {
    pub(crate) fn new(observed: Weak<dyn Observed>) -> Self {
        Self { word: AtomicU64::new(word(0, Closed)), closing: AtomicUsize::new(0), observed }
    }

    pub(crate) fn state(&self) -> CircuitBreakerState {
        state(self.word.load(Acquire))
    }

    /// The policy was told of a failure. Called under failsafe's lock, before failsafe acts on the
    /// policy's answer.
    pub(crate) fn failed(&self, tripped: bool) {
        if self.state() == Closed && !tripped {
            return;
        }
        // A half-open breaker opens on any failure, whatever the policy answers. If the tracked
        // state is open, the breaker is half-open too, because failsafe does not report failures to
        // the policy while it is open.
        match self.change(Open) {
            Closed => self.count(&[Transition::ClosedToOpen]),
            HalfOpen => self.count(&[Transition::HalfOpenToOpen]),
            _ => self.count(&[Transition::OpenToHalfOpen, Transition::HalfOpenToOpen]),
        }
    }

    /// The policy was told that the breaker has closed. Called under failsafe's lock.
    ///
    /// If the tracked state was open, the cause is either a success in half-open whose callback is
    /// late, or `reset()`. The next call under the same lock tells which:
    /// [`succeeded`](Self::succeeded) or, on the same thread, [`on_closed`](Self::on_closed). The
    /// guard reports when the policy has returned.
    pub(crate) fn closed(&self) -> Closing<'_> {
        let left = self.change(Closed);
        if left == HalfOpen {
            self.count(&[Transition::HalfOpenToClosed]);
        }
        Closing { tracker: (left == Open).then_some(self) }
    }

    /// The policy was told of a success. Called under failsafe's lock.
    #[inline]
    pub(crate) fn succeeded(&self) {
        if self.closing.load(Relaxed) != 0 {
            self.closing.store(0, Relaxed);
            self.closed_after_success();
        }
    }

    fn closed_after_success(&self) {
        self.count(&[Transition::OpenToHalfOpen, Transition::HalfOpenToClosed]);
    }

    /// The instrument's callback. `reset()` calls it under failsafe's lock. After a success, it is
    /// called without the lock, and another thread's `reset()` may be running.
    ///
    /// A `reset()` that overtakes the callback of the call that has just made the breaker half-open
    /// counts as a reset of an open breaker, as if it had come before that call.
    pub(crate) fn on_closed(&self) {
        if self.closing.load(Relaxed) == this_thread() {
            self.closing.store(0, Relaxed);
            self.count(&[Transition::OpenToClosed]);
        }
    }

    /// The instrument's callback. Called without failsafe's lock.
    pub(crate) fn on_half_open(&self) {
        // Acquire, because the word must be read before the state of the breaker.
        let seen = self.word.load(Acquire);
        if state(seen) != Open {
            return;
        }
        let Some(observed) = self.observed.upgrade() else {
            return;
        };
        if observed.real_state() == Some(HalfOpen)
            && self.word.compare_exchange(seen, next(seen, HalfOpen), AcqRel, Relaxed).is_ok()
        {
            observed.count(Transition::OpenToHalfOpen);
        }
    }

    /// Changes the state and returns the previous one.
    fn change(&self, to: CircuitBreakerState) -> CircuitBreakerState {
        let mut seen = self.word.load(Relaxed);
        while let Err(now) = self.word.compare_exchange_weak(seen, next(seen, to), AcqRel, Relaxed)
        {
            seen = now;
        }
        state(seen)
    }

    fn count(&self, transitions: &[Transition]) {
        if let Some(observed) = self.observed.upgrade() {
            for transition in transitions {
                observed.count(*transition);
            }
        }
    }
}

impl fmt::Debug for Tracker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tracker").field("state", &self.state()).finish_non_exhaustive()
    }
}

/// A guard for the time in which a breaker has closed and the user's policy is being told.
#[must_use = "dropping it reports that the policy panicked"]
pub(crate) struct Closing<'a> {
    tracker: Option<&'a Tracker>,
}

impl Closing<'_> {
    /// The user's policy has been told. The next call gives the reason why the breaker closed.
    pub(crate) fn told(mut self) {
        if let Some(tracker) = self.tracker.take() {
            tracker.closing.store(this_thread(), Relaxed);
        }
    }
}

impl Drop for Closing<'_> {
    /// The user's policy panicked, so no call will give the reason why the breaker closed. The
    /// usual reason is a success.
    fn drop(&mut self) {
        if let Some(tracker) = self.tracker {
            tracker.closed_after_success();
        }
    }
}

fn word(generation: u64, state: CircuitBreakerState) -> u64 {
    generation << 2 | state as u64
}

fn next(seen: u64, state: CircuitBreakerState) -> u64 {
    word((seen >> 2).wrapping_add(1), state)
}

fn state(word: u64) -> CircuitBreakerState {
    match word & 0b11 {
        0 => Closed,
        1 => Open,
        _ => HalfOpen,
    }
}

/// A number that no other living thread has. Never 0.
fn this_thread() -> usize {
    thread_local!(static HERE: Cell<u8> = const { Cell::new(0) });
    HERE.with(|here| ptr::from_ref(here).addr())
}

#[cfg(test)]
mod tests;
