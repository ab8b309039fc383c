//! A breaker together with its series. All handles share it.

use std::sync::Arc;

use caracal_metrics_core::adapter::Instance;
use failsafe::{FailurePolicy, Instrument, StateMachine};

use crate::calls::{Calls, Started};
use crate::watched::Watched;

pub(crate) struct Observation<P, I> {
    /// The first field, so that the name is free before the user's policy and instrument are dropped.
    pub(crate) instance: Instance,
    /// The state machine in `watched`, kept here to save an indirection.
    pub(crate) machine: StateMachine<P, I>,
    pub(crate) watched: Arc<Watched<P, I>>,
    pub(crate) calls: Calls,
}

impl<P, I> Observation<P, I> {
    pub(crate) fn name(&self) -> &str {
        // A breaker always has a name.
        self.instance.name().unwrap_or_default()
    }
}

impl<P: FailurePolicy, I: Instrument> Observation<P, I> {
    #[inline]
    pub(crate) fn is_call_permitted(&self) -> bool {
        let permitted = self.machine.is_call_permitted();
        if !permitted {
            self.calls.rejections.inc();
        }
        permitted
    }

    #[inline]
    pub(crate) fn ended(&self, failed: bool, started: Started) {
        if failed {
            self.failed(started);
        } else {
            self.succeeded(started);
        }
    }

    // Count first, because the user's policy and instrument may panic.
    #[inline]
    pub(crate) fn succeeded(&self, started: Started) {
        self.calls.success.count(started);
        self.machine.on_success();
    }

    #[inline]
    pub(crate) fn failed(&self, started: Started) {
        self.calls.failure.count(started);
        self.machine.on_error();
    }
}
