//! What the metrics may look at: a breaker's state and its transitions, apart from its handles.
//!
//! A scrape or a callback that holds this for a moment does not put off the end of the handles, and
//! with it that of the series.

use std::cell::RefCell;
use std::ptr;
use std::sync::Arc;

use caracal_metrics_core::CircuitBreakerState;
use failsafe::{FailurePolicy, Instrument, StateMachine};

use crate::look::look;
use crate::tracker::{Observed, Tracker};
use crate::transitions::{Transition, Transitions};

pub(crate) struct Watched<P, I> {
    pub(crate) machine: StateMachine<P, I>,
    pub(crate) source: Source,
}

/// Where the state is read.
pub(crate) enum Source {
    /// The breaker was built with our listeners.
    Tracked { tracker: Arc<Tracker>, transitions: Transitions },
    /// It was not: only a look at it tells.
    Looked,
}

impl<P, I> Watched<P, I> {
    pub(crate) fn state(&self) -> CircuitBreakerState {
        match &self.source {
            Source::Tracked { tracker, .. } => tracker.state(),
            // failsafe holds its lock here, and has closed already.
            Source::Looked if self.is_resetting() => CircuitBreakerState::Closed,
            Source::Looked => look(&self.machine).unwrap_or(CircuitBreakerState::Closed),
        }
    }

    /// Whether this thread is inside [`reset`](Self::reset).
    fn is_resetting(&self) -> bool {
        RESETTING
            .try_with(|resetting| resetting.borrow().contains(&self.address()))
            .unwrap_or(false)
    }

    fn address(&self) -> usize {
        ptr::from_ref(self).addr()
    }
}

impl<P: FailurePolicy, I: Instrument> Watched<P, I> {
    pub(crate) fn reset(&self) {
        if !self.is_resetting() {
            let _resetting = Resetting::enter(self.address());
            self.machine.reset();
        }
    }
}

impl<P, I> Observed for Watched<P, I>
where
    P: Send,
    I: Send + Sync,
{
    fn real_state(&self) -> Option<CircuitBreakerState> {
        look(&self.machine)
    }

    fn count(&self, transition: Transition) {
        if let Source::Tracked { transitions, .. } = &self.source {
            transitions.count(transition);
        }
    }
}

thread_local! {
    /// The breakers that this thread is resetting, each inside a callback of the one before.
    static RESETTING: RefCell<Vec<usize>> = const { RefCell::new(Vec::new()) };
}

struct Resetting;

impl Resetting {
    fn enter(address: usize) -> Option<Self> {
        // While the thread's locals are being dropped, callbacks are on their own.
        RESETTING.try_with(|resetting| resetting.borrow_mut().push(address)).ok().map(|()| Self)
    }
}

impl Drop for Resetting {
    fn drop(&mut self) {
        let _ = RESETTING.try_with(|resetting| resetting.borrow_mut().pop());
    }
}
