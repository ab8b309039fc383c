//! The part of a breaker that the metrics read: its state and its transitions, separate from its handles.
//!
//! A scrape or a callback that holds this for a moment does not delay the end of the handles and of the series.

use std::cell::RefCell;
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use caracal_metrics_core::CircuitBreakerState;
use failsafe::{FailurePolicy, Instrument, StateMachine};

use crate::look::look;
use crate::tracker::{Observed, Tracker};
use crate::transitions::{Transition, Transitions};

pub(crate) struct Watched<P, I> {
    pub(crate) machine: StateMachine<P, I>,
    pub(crate) source: Source,
}

/// How the state is read.
pub(crate) enum Source {
    /// The breaker was built with our listeners.
    Tracked { tracker: Arc<Tracker>, transitions: Transitions },
    /// The breaker was built without our listeners. Its state has to be read from it.
    Looked {
        /// How many threads are inside [`Watched::reset`].
        resets: AtomicUsize,
    },
}

impl<P, I> Watched<P, I> {
    pub(crate) fn state(&self) -> CircuitBreakerState {
        match &self.source {
            Source::Tracked { tracker, .. } => tracker.state(),
            // failsafe has already closed, and holds its lock while it calls the instrument. The instrument may
            // be waiting for this result, on any thread.
            Source::Looked { resets } if resets.load(SeqCst) > 0 => CircuitBreakerState::Closed,
            Source::Looked { .. } => look(&self.machine).unwrap_or(CircuitBreakerState::Closed),
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
            let _resetting = Resetting::enter(self);
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

struct Resetting<'a> {
    resets: Option<&'a AtomicUsize>,
    noted: bool,
}

impl<'a> Resetting<'a> {
    fn enter<P, I>(watched: &'a Watched<P, I>) -> Self {
        let resets = match &watched.source {
            Source::Looked { resets } => Some(resets),
            Source::Tracked { .. } => None,
        };
        if let Some(resets) = resets {
            resets.fetch_add(1, SeqCst);
        }
        // While the thread-locals of a thread are being dropped, callbacks are not protected.
        let noted =
            RESETTING.try_with(|resetting| resetting.borrow_mut().push(watched.address())).is_ok();
        Self { resets, noted }
    }
}

impl Drop for Resetting<'_> {
    fn drop(&mut self) {
        if self.noted {
            let _ = RESETTING.try_with(|resetting| resetting.borrow_mut().pop());
        }
        if let Some(resets) = self.resets {
            resets.fetch_sub(1, SeqCst);
        }
    }
}
