//! The transitions of a breaker and their counters.

use caracal_metrics_core::adapter::InstanceBuilder;
use caracal_metrics_core::catalogue::{CIRCUIT_BREAKER_STATE_CHANGES, StateChange};
use caracal_metrics_core::{AttachError, CircuitBreakerState, Counter};

/// A transition that failsafe makes, in the order of [`CircuitBreakerState::TRANSITIONS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Transition {
    ClosedToOpen,
    OpenToHalfOpen,
    HalfOpenToOpen,
    HalfOpenToClosed,
    /// `reset()` only.
    OpenToClosed,
}

/// A counter for each transition.
#[derive(Debug)]
pub(crate) struct Transitions([Counter; 5]);

impl Transitions {
    pub(crate) fn new(builder: &mut InstanceBuilder, name: &str) -> Result<Self, AttachError> {
        let mut counter = |index: usize| {
            let (from_state, to_state) = CircuitBreakerState::TRANSITIONS[index];
            let labels = StateChange { name, from_state, to_state };
            builder.series(&CIRCUIT_BREAKER_STATE_CHANGES, labels)
        };
        Ok(Self([counter(0)?, counter(1)?, counter(2)?, counter(3)?, counter(4)?]))
    }

    pub(crate) fn count(&self, transition: Transition) {
        self.0[transition as usize].inc();
    }
}
