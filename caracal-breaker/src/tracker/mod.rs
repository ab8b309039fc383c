//! Following the state of a breaker that was built with our listeners.
//!
//! failsafe calls an `Instrument` after it has released its lock, so what the callbacks say about
//! one another's order means nothing. A `FailurePolicy` is called under the lock, but not for every
//! transition: nothing is called there when an open breaker becomes half-open. So:
//!
//! - What the policy sees is certain, and is followed at once. A failure that reaches the policy
//!   while open is tracked proves that the breaker became half-open before; its callback is only
//!   late.
//! - `on_half_open` is a hint to look. It reads the tracked word, then the breaker's real state
//!   (whose `Debug` takes failsafe's lock), and applies what it saw only if the word still stands:
//!   each way out of half-open goes through the policy and changes the word.
//!
//! Under failsafe's lock, therefore, the tracked state is the real one, or it is open while the
//! breaker is half-open and an `on_half_open` is on its way. Once all calls have returned, none is.

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

/// What a tracker asks of the breaker that it follows.
pub(crate) trait Observed: Send + Sync {
    /// The breaker's own word for its state. Takes failsafe's lock.
    fn real_state(&self) -> Option<CircuitBreakerState>;

    /// Counts a transition. Called under failsafe's lock too.
    fn count(&self, transition: Transition);
}

/// The state of one breaker, as its policy and its instrument report it.
pub(crate) struct Tracker {
    /// The state in the lowest two bits; above them a generation, which each transition raises.
    word: AtomicU64,
    /// The thread that has closed the breaker from tracked open and is about to say why; 0 when
    /// there is none. Set and cleared under failsafe's lock.
    closing: AtomicUsize,
    /// Weak: this hangs inside the breaker.
    observed: Weak<dyn Observed>,
}

impl Tracker {
    pub(crate) fn new(observed: Weak<dyn Observed>) -> Self {
        Self { word: AtomicU64::new(word(0, Closed)), closing: AtomicUsize::new(0), observed }
    }

    pub(crate) fn state(&self) -> CircuitBreakerState {
        state(self.word.load(Acquire))
    }

    /// The policy was told of a failure. Under failsafe's lock, before it acts on the answer.
    pub(crate) fn failed(&self, tripped: bool) {
        if self.state() == Closed && !tripped {
            return;
        }
        // Half-open gives in to any failure, whatever the policy answers. Tracked open, it is half-open
        // too: failsafe tells the policy nothing of failures while it is open.
        match self.change(Open) {
            Closed => self.count(&[Transition::ClosedToOpen]),
            HalfOpen => self.count(&[Transition::HalfOpenToOpen]),
            _ => self.count(&[Transition::OpenToHalfOpen, Transition::HalfOpenToOpen]),
        }
    }

    /// The policy was told that the breaker has closed. Under failsafe's lock.
    ///
    /// From tracked open, it was a success in half-open whose callback is late, or `reset()`. What
    /// follows under the same lock tells: [`succeeded`](Self::succeeded) or, on the same thread,
    /// [`on_closed`](Self::on_closed). The guard says when the policy has done its part.
    pub(crate) fn closed(&self) -> Closing<'_> {
        let left = self.change(Closed);
        if left == HalfOpen {
            self.count(&[Transition::HalfOpenToClosed]);
        }
        Closing { tracker: (left == Open).then_some(self) }
    }

    /// The policy was told of a success. Under failsafe's lock.
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

    /// The instrument's callback: under failsafe's lock in `reset()`, without it after a success,
    /// where another thread's `reset()` may be under way.
    ///
    /// A `reset()` that overtakes the callback of the call that has just made the breaker half-open
    /// counts as one from open: as if it had come before that call.
    pub(crate) fn on_closed(&self) {
        if self.closing.load(Relaxed) == this_thread() {
            self.closing.store(0, Relaxed);
            self.count(&[Transition::OpenToClosed]);
        }
    }

    /// The instrument's callback, without failsafe's lock.
    pub(crate) fn on_half_open(&self) {
        // Acquire: the word must be read before the breaker is looked at.
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

    /// Moves to a state and says which one was left.
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

/// A breaker has closed, and the user's policy is being told.
#[must_use = "dropped, it says that the policy panicked"]
pub(crate) struct Closing<'a> {
    tracker: Option<&'a Tracker>,
}

impl Closing<'_> {
    /// The user's policy has been told: what comes next says why the breaker closed.
    pub(crate) fn told(mut self) {
        if let Some(tracker) = self.tracker.take() {
            tracker.closing.store(this_thread(), Relaxed);
        }
    }
}

impl Drop for Closing<'_> {
    /// The user's policy panicked, so nothing comes that says why the breaker closed. A success is
    /// what usually closes one.
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

/// A number that no other living thread has, and is not 0.
fn this_thread() -> usize {
    thread_local!(static HERE: Cell<u8> = const { Cell::new(0) });
    HERE.with(|here| ptr::from_ref(here).addr())
}

#[cfg(test)]
mod tests;
