//! The behaviour of failsafe that this crate relies on and that its documentation does not promise.

mod common;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use caracal_metrics_core::CircuitBreakerState::{Closed, HalfOpen, Open};
use common::{real_state, trip_at_once};
use failsafe::{FailurePolicy, Instrument, StateMachine};

#[test]
fn debug_prints_the_state() {
    let machine = StateMachine::new(trip_at_once(Duration::ZERO), ());
    assert_eq!(real_state(&machine), Closed);
    machine.on_error();
    assert_eq!(real_state(&machine), Open);
    common::enter_half_open(&machine);
    assert_eq!(real_state(&machine), HalfOpen);
}

#[derive(Clone, Default)]
struct Logs(Arc<Mutex<Vec<&'static str>>>);

impl Logs {
    fn log(&self, what: &'static str) {
        self.0.lock().unwrap().push(what);
    }
}

impl FailurePolicy for Logs {
    fn record_success(&mut self) {
        self.log("record_success");
    }

    fn mark_dead_on_failure(&mut self) -> Option<Duration> {
        self.log("mark_dead_on_failure");
        Some(Duration::ZERO)
    }

    fn revived(&mut self) {
        self.log("revived");
    }
}

impl Instrument for Logs {
    fn on_call_rejected(&self) {}

    fn on_open(&self) {
        self.log("on_open");
    }

    fn on_half_open(&self) {
        self.log("on_half_open");
    }

    fn on_closed(&self) {
        self.log("on_closed");
    }
}

#[test]
fn what_is_called_for_what() {
    let logs = Logs::default();
    let machine = StateMachine::new(logs.clone(), logs.clone());
    let after = |act: &dyn Fn()| {
        act();
        std::mem::take(&mut *logs.0.lock().unwrap())
    };
    assert_eq!(after(&|| ()), ["on_closed"], "construction");
    assert_eq!(after(&|| machine.on_success()), ["record_success"]);
    assert!(after(&|| machine.reset()).is_empty());
    let opened = ["mark_dead_on_failure", "on_open"];
    assert_eq!(after(&|| machine.on_error()), opened);
    assert!(after(&|| machine.on_error()).is_empty(), "no word of it");
    assert_eq!(after(&|| machine.on_success()), ["record_success"]);
    let half_open = after(&|| common::enter_half_open(&machine));
    assert_eq!(half_open, ["on_half_open"], "and nothing under the lock");
    assert_eq!(after(&|| machine.on_error()), opened);
    assert_eq!(after(&|| machine.reset()), ["revived", "on_closed"]);
    machine.on_error();
    common::enter_half_open(&machine);
    logs.0.lock().unwrap().clear();
    let closed = ["revived", "record_success", "on_closed"];
    assert_eq!(after(&|| machine.on_success()), closed);
}
