//! A breaker together with its series: what the handles share.

use std::sync::Arc;

use caracal_metrics_core::adapter::Instance;
use failsafe::{FailurePolicy, Instrument, StateMachine};

use crate::calls::CallCounters;
use crate::watched::Watched;

pub(crate) struct Observation<P, I> {
    /// The machine of `watched`, one step nearer.
    pub(crate) machine: StateMachine<P, I>,
    pub(crate) watched: Arc<Watched<P, I>>,
    pub(crate) calls: CallCounters,
    pub(crate) instance: Instance,
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
    pub(crate) fn ended(&self, failed: bool) {
        if failed {
            self.failed();
        } else {
            self.succeeded();
        }
    }

    // Counted first: the user's policy and instrument may panic.
    #[inline]
    pub(crate) fn succeeded(&self) {
        self.calls.successes.inc();
        self.machine.on_success();
    }

    #[inline]
    pub(crate) fn failed(&self) {
        self.calls.failures.inc();
        self.machine.on_error();
    }
}

impl<P, I> Drop for Observation<P, I> {
    fn drop(&mut self) {
        // Not when the last counter goes: a scrape may hold the instance for a while, and the name
        // is to be free at once.
        self.instance.detach();
    }
}
