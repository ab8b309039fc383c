//! A panic in the user's policy or instrument changes no number.

mod common;

use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use caracal_breaker::BreakerObserver;
use caracal_metrics_core::{CircuitBreakerState, MetricsRegistry};
use common::reacts::{Reacts, assert_at_rest, reacting};
use common::{HOUR, Page, enter_half_open, trip_at_once};
use failsafe::{CircuitBreaker, FailurePolicy};

#[test]
fn an_instrument_that_panics_corrupts_nothing() {
    let metrics = MetricsRegistry::new();
    let (breaker, reacts) = reacting(&metrics);
    let armed = Arc::new(AtomicBool::new(true));
    let on = Arc::clone(&armed);
    reacts.with(move |_| {
        if on.load(SeqCst) {
            panic::resume_unwind(Box::new("the user's instrument"));
        }
    });
    let caught = |act: &dyn Fn()| {
        let result = panic::catch_unwind(AssertUnwindSafe(act));
        assert!(result.is_err(), "the panic is the caller's");
        assert_at_rest(&metrics, &breaker);
    };
    caught(&|| breaker.on_error());
    armed.store(false, SeqCst);
    enter_half_open(&breaker);
    breaker.on_error();
    armed.store(true, SeqCst);
    let mut half_open = false;
    while !half_open {
        // Either on_call_rejected or on_half_open.
        caught(&|| {
            breaker.is_call_permitted();
        });
        half_open = breaker.state() == CircuitBreakerState::HalfOpen;
    }
    caught(&|| drop(breaker.call(|| Ok::<_, ()>(()))));
    caught(&|| drop(breaker.call(|| Err::<(), _>(()))));
    caught(&|| breaker.reset());
    // The calls have ended. They are counted by their results, whatever the instrument did then.
    let page = Page::scrape(&metrics);
    assert_eq!(page.walk("reacts"), [2, 2, 1, 1, 1]);
    assert_eq!(page.successes("reacts"), Some(1));
    assert_eq!(page.failures("reacts"), Some(3));
    assert_eq!(page.panicked("reacts"), Some(0));
}

#[test]
fn a_call_whose_permission_panics_is_a_panicked_call() {
    let metrics = MetricsRegistry::new();
    let reacts = Reacts::default();
    let breaker =
        BreakerObserver::new("reacts").build(trip_at_once(HOUR), reacts.clone(), &metrics).unwrap();
    breaker.on_error();
    reacts.with(|_| panic::resume_unwind(Box::new("the user's instrument")));
    let call = || drop(breaker.call(|| Ok::<_, ()>(())));
    assert!(panic::catch_unwind(AssertUnwindSafe(call)).is_err());
    let page = Page::scrape(&metrics);
    assert_eq!(page.panicked("reacts"), Some(1));
    assert_eq!(page.rejections("reacts"), Some(0), "counted once");
}

/// Panics in the method with this name.
struct Panics(Arc<Mutex<&'static str>>);

impl Panics {
    fn in_method(&self, method: &str) {
        if *self.0.lock().unwrap() == method {
            panic::resume_unwind(Box::new("the user's policy"));
        }
    }
}

impl FailurePolicy for Panics {
    fn record_success(&mut self) {
        self.in_method("record_success");
    }

    fn mark_dead_on_failure(&mut self) -> Option<Duration> {
        self.in_method("mark_dead_on_failure");
        Some(Duration::ZERO)
    }

    fn revived(&mut self) {
        self.in_method("revived");
    }
}

#[test]
fn a_policy_that_panics_corrupts_nothing() {
    let metrics = MetricsRegistry::new();
    let panics = Arc::new(Mutex::new(""));
    let breaker =
        BreakerObserver::new("reacts").build(Panics(Arc::clone(&panics)), (), &metrics).unwrap();
    let caught = |method: &'static str, act: &dyn Fn()| {
        *panics.lock().unwrap() = method;
        let result = panic::catch_unwind(AssertUnwindSafe(act));
        *panics.lock().unwrap() = "";
        assert!(result.is_err(), "the panic is the caller's");
        assert_at_rest(&metrics, &breaker);
    };
    let walk = || Page::scrape(&metrics).walk("reacts");
    caught("mark_dead_on_failure", &|| breaker.on_error());
    assert_eq!(walk(), [0, 0, 0, 0, 0]);
    breaker.on_error();
    enter_half_open(&breaker);
    caught("mark_dead_on_failure", &|| breaker.on_error());
    assert_eq!(walk(), [1, 1, 0, 0, 0], "still half-open");
    caught("revived", &|| breaker.on_success());
    assert_eq!(walk(), [1, 1, 0, 1, 0]);
    breaker.on_error();
    caught("revived", &|| breaker.reset());
    // From open, a policy that panics does not reveal the reason.
    assert_eq!(walk(), [2, 2, 0, 2, 0]);
    breaker.on_error();
    enter_half_open(&breaker);
    caught("record_success", &|| breaker.on_success());
    assert_eq!(walk(), [3, 3, 0, 3, 0]);
    breaker.on_error();
    breaker.reset();
    assert_eq!(walk(), [4, 3, 0, 3, 1], "nothing is left over");
}

/// A backoff that means "until I reset it". Its end can't be represented, so failsafe panics before it opens.
#[test]
fn a_backoff_beyond_the_end_of_time_is_no_change_of_state() {
    let metrics = MetricsRegistry::new();
    let breaker = BreakerObserver::new("reacts")
        .build(trip_at_once(Duration::MAX), Reacts::default(), &metrics)
        .unwrap();
    for _ in 0..2 {
        assert!(panic::catch_unwind(AssertUnwindSafe(|| breaker.on_error())).is_err());
        assert_at_rest(&metrics, &breaker);
    }
    assert_eq!(Page::scrape(&metrics).walk("reacts"), [0; 5]);
}
