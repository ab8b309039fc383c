//! The transitions of a breaker and their counters.

use caracal_metrics_core::AttachError;
use caracal_metrics_core::CircuitBreakerState::{self, Closed, HalfOpen, Open};
use caracal_metrics_core::adapter::{Counter, InstanceBuilder};
use caracal_metrics_core::catalogue::Metric;

/// A transition that failsafe makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Transition {
    ClosedToOpen,
    OpenToHalfOpen,
    HalfOpenToOpen,
    HalfOpenToClosed,
    /// `reset()` only.
    OpenToClosed,
}

impl Transition {
    /// In the order of the discriminants.
    const ALL: [(CircuitBreakerState, CircuitBreakerState); 5] =
        [(Closed, Open), (Open, HalfOpen), (HalfOpen, Open), (HalfOpen, Closed), (Open, Closed)];
}

/// A counter for each transition.
#[derive(Debug)]
pub(crate) struct Transitions([Counter; 5]);

impl Transitions {
    pub(crate) fn new(builder: &mut InstanceBuilder) -> Result<Self, AttachError> {
        let mut counter = |index: usize| {
            let (from, to) = Transition::ALL[index];
            builder.counter(Metric::CircuitBreakerStateChanges, &[from.as_str(), to.as_str()])
        };
        Ok(Self([counter(0)?, counter(1)?, counter(2)?, counter(3)?, counter(4)?]))
    }

    pub(crate) fn count(&self, transition: Transition) {
        self.0[transition as usize].inc();
    }
}
