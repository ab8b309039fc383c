//! Reading the state of a breaker that does not tell.

use std::fmt::Debug;

use caracal_metrics_core::CircuitBreakerState::{self, Closed, HalfOpen, Open};
use failsafe::StateMachine;

/// The state as the machine's `Debug` prints it: failsafe 1.3 has no other way that does not change
/// the state (`is_call_permitted` may make an open breaker half-open). Takes failsafe's lock.
///
/// `None` for a wording that 1.3 does not have; a test guards it, and Cargo.toml admits no 1.4.
pub(crate) fn look<P, I>(machine: &StateMachine<P, I>) -> Option<CircuitBreakerState>
where
    StateMachine<P, I>: Debug,
{
    let text = format!("{machine:?}");
    [Closed, Open, HalfOpen].into_iter().find(|state| text.contains(&format!("\"{state}\"")))
}
