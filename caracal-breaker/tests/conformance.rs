//! The conformance kit of the core.

mod common;

use std::iter;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use caracal_breaker::BreakerObserver;
use caracal_breaker::families::{
    CIRCUIT_BREAKER_CALL_DURATION, CIRCUIT_BREAKER_REJECTIONS, CIRCUIT_BREAKER_UNFINISHED_CALLS,
};
use caracal_metrics_core::catalogue::{
    CIRCUIT_BREAKER_FAILURES, CIRCUIT_BREAKER_STATE, CIRCUIT_BREAKER_STATE_CHANGES,
    CIRCUIT_BREAKER_SUCCESSES,
};
use caracal_metrics_core::conformance::{Conformance, UserCode};
use common::{HOUR, trip_at_once};
use failsafe::{CircuitBreaker, FailurePolicy, StateMachine};

/// Runs code of the application under the breaker's lock. Reading the state takes that lock.
struct RunsCode(UserCode);

impl FailurePolicy for RunsCode {
    fn record_success(&mut self) {}

    fn mark_dead_on_failure(&mut self) -> Option<Duration> {
        self.0.call();
        None
    }

    fn revived(&mut self) {}
}

fn call(breaker: &impl CircuitBreaker) {
    for succeeds in [true, false, true] {
        let answer = if succeeds { Ok(()) } else { Err("down") };
        let _ = breaker.call(|| answer);
    }
}

#[test]
fn breakers_that_are_built_pass() {
    Conformance::of_instances("breaker", |metrics, name| {
        BreakerObserver::new(name).call_durations().build(trip_at_once(HOUR), (), metrics)
    })
    .families(&[
        CIRCUIT_BREAKER_STATE.spec(),
        CIRCUIT_BREAKER_FAILURES.spec(),
        CIRCUIT_BREAKER_SUCCESSES.spec(),
        CIRCUIT_BREAKER_STATE_CHANGES.spec(),
        CIRCUIT_BREAKER_REJECTIONS.spec(),
        CIRCUIT_BREAKER_UNFINISHED_CALLS.spec(),
        CIRCUIT_BREAKER_CALL_DURATION.spec(),
    ])
    .exercise(call)
    .check();
}

#[test]
fn breakers_that_are_wrapped_pass() {
    Conformance::of_instances("breaker", |metrics, name| {
        let policy = trip_at_once(HOUR);
        BreakerObserver::new(name).wrap(StateMachine::new(boxed(policy), ()), metrics)
    })
    .families(&[
        CIRCUIT_BREAKER_STATE.spec(),
        CIRCUIT_BREAKER_FAILURES.spec(),
        CIRCUIT_BREAKER_SUCCESSES.spec(),
        CIRCUIT_BREAKER_REJECTIONS.spec(),
        CIRCUIT_BREAKER_UNFINISHED_CALLS.spec(),
    ])
    .exercise(call)
    .user_code(|metrics, name, code| {
        let machine = StateMachine::new(boxed(RunsCode(code)), ());
        let breaker = BreakerObserver::new(name).wrap(machine, metrics)?;
        let calling = breaker.clone();
        // This keeps the lock.
        thread::spawn(move || calling.call(|| Err::<(), _>("down")));
        Ok(breaker)
    })
    .check();
}

/// One type for all policies.
fn boxed(policy: impl FailurePolicy + Send + 'static) -> AnyPolicy {
    AnyPolicy(Box::new(policy))
}

struct AnyPolicy(Box<dyn FailurePolicy + Send>);

impl FailurePolicy for AnyPolicy {
    fn record_success(&mut self) {
        self.0.record_success();
    }

    fn mark_dead_on_failure(&mut self) -> Option<Duration> {
        self.0.mark_dead_on_failure()
    }

    fn revived(&mut self) {
        self.0.revived();
    }
}

#[test]
fn the_last_clone_of_a_breaker_is_its_last_handle() {
    Conformance::of_instances("breaker", |metrics, name| {
        let policy = trip_at_once(HOUR);
        let breaker = Arc::new(BreakerObserver::new(name).build(policy, (), metrics)?);
        Ok(iter::repeat_n(breaker, 3).collect::<Vec<_>>())
    })
    .exercise(|breakers| call(&*breakers[0]))
    .check();
}
