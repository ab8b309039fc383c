//! Reading the state of a breaker that does not report it.

use std::fmt::Debug;

use caracal_metrics_core::CircuitBreakerState::{self, Closed, HalfOpen, Open};
use failsafe::StateMachine;

/// Reads the state from the `Debug` output of the state machine. Takes failsafe's lock.
///
/// failsafe 1.3 has no other way that does not change the state (`is_call_permitted` may make an open breaker
/// half-open). Returns `None` for text that 1.3 does not print. A test checks this, and Cargo.toml does not allow
/// version 1.4.
pub(crate) fn look<P, I>(machine: &StateMachine<P, I>) -> Option<CircuitBreakerState>
where
    StateMachine<P, I>: Debug,
{
    let text = format!("{machine:?}");
    [Closed, Open, HalfOpen].into_iter().find(|state| text.contains(&format!("\"{state}\"")))
}
