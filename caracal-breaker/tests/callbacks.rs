//! The user's own policy and instrument. They work as usual, and the numbers are right whatever they
//! do.

mod common;

use std::collections::HashSet;
use std::sync::atomic::{AtomicI64, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use caracal_breaker::{BreakerObserver, ObservedBreaker};
use caracal_metrics_core::{CircuitBreakerState, MetricsRegistry};
use common::reacts::{Reacts, assert_at_rest, reacting, reacting_wrapped};
use common::{HOUR, Page, enter_half_open, trip_at_once, without_deadlock};
use failsafe::{CircuitBreaker, FailurePolicy, Instrument, StateMachine};

type Log = Arc<Mutex<Vec<&'static str>>>;

/// Records its calls, both as a policy and as an instrument.
#[derive(Clone, Default)]
struct Logs(Log);

impl Logs {
    fn log(&self, what: &'static str) {
        self.0.lock().unwrap().push(what);
    }

    fn take(&self) -> Vec<&'static str> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

impl Instrument for Logs {
    fn on_call_rejected(&self) {
        self.log("on_call_rejected");
    }

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

/// Answers with the entries of a list in turn, and never opens after its end.
struct Script<I> {
    logs: Logs,
    delays: I,
}

impl<I: Iterator<Item = Duration> + Clone> FailurePolicy for Script<I> {
    fn record_success(&mut self) {
        self.logs.log("record_success");
    }

    fn mark_dead_on_failure(&mut self) -> Option<Duration> {
        self.logs.log("mark_dead_on_failure");
        self.delays.next()
    }

    fn revived(&mut self) {
        self.logs.log("revived");
    }
}

/// Everything that can happen to a breaker: each transition, and each call that makes none.
fn exercise(
    log: &Logs,
    is_call_permitted: impl Fn() -> bool,
    on_error: impl Fn(),
    on_success: impl Fn(),
    reset: impl Fn(),
) -> Vec<Vec<&'static str>> {
    let mut seen = vec![log.take()];
    let mut step = |act: &dyn Fn()| {
        act();
        seen.push(log.take());
    };
    step(&|| on_success());
    step(&|| on_error());
    step(&|| on_error());
    step(&|| on_success());
    step(&|| {
        // The backoff is zero, but the clock may not advance at once.
        while !is_call_permitted() {}
        let mut all = log.take();
        all.retain(|what| *what != "on_call_rejected");
        log.0.lock().unwrap().extend(all);
    });
    step(&|| on_error());
    step(&|| assert!(!is_call_permitted()));
    step(&|| reset());
    step(&|| reset());
    seen
}

#[test]
fn the_users_policy_and_instrument_see_what_they_see_in_a_bare_breaker() {
    let delays = [Duration::ZERO, HOUR].into_iter();
    let logs = Logs::default();
    let policy = Script { logs: logs.clone(), delays: delays.clone() };
    let bare = StateMachine::new(policy, logs.clone());
    let expected = exercise(
        &logs,
        || bare.is_call_permitted(),
        || bare.on_error(),
        || bare.on_success(),
        || bare.reset(),
    );

    let metrics = MetricsRegistry::new();
    let logs = Logs::default();
    let policy = Script { logs: logs.clone(), delays };
    let breaker = BreakerObserver::new("script").build(policy, logs.clone(), &metrics).unwrap();
    let seen = exercise(
        &logs,
        || breaker.is_call_permitted(),
        || breaker.on_error(),
        || breaker.on_success(),
        || breaker.reset(),
    );
    assert_eq!(seen, expected);
    assert_eq!(Page::scrape(&metrics).walk("script"), [1, 1, 1, 0, 1]);
}

#[test]
fn half_open_opens_again_whatever_the_policy_answers() {
    let metrics = MetricsRegistry::new();
    let policy = Script { logs: Logs::default(), delays: [Duration::ZERO].into_iter() };
    let breaker = BreakerObserver::new("script").build(policy, (), &metrics).unwrap();
    breaker.on_error();
    enter_half_open(&breaker);
    // The script has ended, so the policy does not open the breaker.
    breaker.on_error();
    let page = Page::scrape(&metrics);
    assert_eq!(page.state("script"), Some(1));
    assert_eq!(page.walk("script"), [1, 1, 1, 0, 0]);
}

#[test]
fn every_transition_is_counted_as_what_it_is() {
    let metrics = MetricsRegistry::new();
    let breaker =
        BreakerObserver::new("walk").build(trip_at_once(Duration::ZERO), (), &metrics).unwrap();
    let walk = || Page::scrape(&metrics).walk("walk");
    breaker.reset();
    assert_eq!(walk(), [0, 0, 0, 0, 0], "it was closed");
    breaker.on_error();
    assert_eq!(walk(), [1, 0, 0, 0, 0]);
    breaker.reset();
    assert_eq!(walk(), [1, 0, 0, 0, 1]);
    breaker.on_error();
    enter_half_open(&breaker);
    assert_eq!(walk(), [2, 1, 0, 0, 1]);
    breaker.on_error();
    assert_eq!(walk(), [2, 1, 1, 0, 1]);
    enter_half_open(&breaker);
    breaker.on_success();
    assert_eq!(walk(), [2, 2, 1, 1, 1]);
    breaker.on_error();
    enter_half_open(&breaker);
    breaker.inner().reset();
    assert_eq!(walk(), [3, 3, 1, 2, 1], "a reset from half-open");
    breaker.inner().on_error();
    assert_eq!(walk(), [4, 3, 1, 2, 1], "transitions of inner() count too");
    assert_eq!(Page::scrape(&metrics).state("walk"), Some(1));
}

#[test]
fn reset_can_be_called_from_every_callback() {
    for callback in ["on_open", "on_half_open", "on_closed"] {
        without_deadlock(move || {
            let metrics = MetricsRegistry::new();
            let (breaker, reacts) = reacting(&metrics);
            reset_from(callback, &metrics, &breaker, &reacts);
        });
        without_deadlock(move || {
            let metrics = MetricsRegistry::new();
            let (breaker, reacts) = reacting_wrapped(&metrics);
            reset_from(callback, &metrics, &breaker, &reacts);
        });
    }
}

fn reset_from<P, I>(
    callback: &'static str,
    metrics: &MetricsRegistry,
    breaker: &ObservedBreaker<P, I>,
    reacts: &Reacts,
) where
    P: FailurePolicy + Send + 'static,
    I: Instrument + Send + Sync + 'static,
{
    let times = Arc::new(AtomicI64::new(0));
    let (counted, reset) = (Arc::clone(&times), breaker.clone());
    reacts.with(move |called| {
        if called == callback {
            counted.fetch_add(1, SeqCst);
            reset.reset();
        }
    });
    for _ in 0..3 {
        breaker.on_error();
        enter_half_open(breaker);
        breaker.on_success();
        breaker.on_error();
        breaker.reset();
        assert_at_rest(metrics, breaker);
    }
    assert!(times.load(SeqCst) >= 3, "{callback} is called");
}

#[test]
fn reset_can_be_called_from_the_rejection_callback() {
    without_deadlock(|| {
        let metrics = MetricsRegistry::new();
        let reacts = Reacts::default();
        let breaker = BreakerObserver::new("reacts")
            .build(trip_at_once(HOUR), reacts.clone(), &metrics)
            .unwrap();
        let reset = breaker.clone();
        reacts.with(move |called| {
            if called == "on_call_rejected" {
                reset.reset();
            }
        });
        breaker.on_error();
        assert!(!breaker.is_call_permitted());
        assert!(breaker.is_call_permitted());
        assert_at_rest(&metrics, &breaker);
        assert_eq!(Page::scrape(&metrics).walk("reacts"), [1, 0, 0, 0, 1]);
    });
}

#[test]
fn metrics_and_state_can_be_read_from_every_callback() {
    without_deadlock(|| {
        let metrics = MetricsRegistry::new();
        let (breaker, reacts) = reacting(&metrics);
        read_in_callbacks(&metrics, &breaker, &reacts);
    });
    without_deadlock(|| {
        let metrics = MetricsRegistry::new();
        let (breaker, reacts) = reacting_wrapped(&metrics);
        read_in_callbacks(&metrics, &breaker, &reacts);
    });
}

fn read_in_callbacks<P, I>(
    metrics: &MetricsRegistry,
    breaker: &ObservedBreaker<P, I>,
    reacts: &Reacts,
) where
    P: FailurePolicy + Send + 'static,
    I: Instrument + Send + Sync + 'static,
{
    let called = Arc::new(Mutex::new(HashSet::new()));
    let (noted, scraped, read) = (Arc::clone(&called), metrics.clone(), breaker.clone());
    reacts.with(move |callback| {
        let told = match callback {
            "on_open" | "on_call_rejected" => CircuitBreakerState::Open,
            "on_half_open" => CircuitBreakerState::HalfOpen,
            _ => CircuitBreakerState::Closed,
        };
        assert_eq!(read.state(), told, "{callback}, on one thread");
        assert_eq!(Page::scrape(&scraped).state("reacts"), Some(told as i64));
        noted.lock().unwrap().insert(callback.to_owned());
    });
    breaker.on_error();
    enter_half_open(breaker);
    breaker.on_success();
    breaker.on_error();
    breaker.reset();
    assert_at_rest(metrics, breaker);
    for callback in ["on_open", "on_half_open", "on_closed"] {
        assert!(called.lock().unwrap().contains(callback), "{callback}");
    }
}

/// Reads the metrics whenever it is called, which is under failsafe's lock.
struct Reads(MetricsRegistry);

impl FailurePolicy for Reads {
    fn record_success(&mut self) {
        Page::scrape(&self.0);
    }

    fn mark_dead_on_failure(&mut self) -> Option<Duration> {
        Page::scrape(&self.0);
        Some(HOUR)
    }

    fn revived(&mut self) {}
}

#[test]
fn metrics_can_be_read_from_the_policy() {
    without_deadlock(|| {
        let metrics = MetricsRegistry::builder().collection_timeout(Duration::from_millis(100));
        let metrics = metrics.build().unwrap();
        let built = BreakerObserver::new("built").build(Reads(metrics.clone()), (), &metrics);
        let existing = StateMachine::new(Reads(metrics.clone()), ());
        let wrapped = BreakerObserver::new("wrapped").wrap(existing, &metrics);
        let (built, wrapped) = (built.unwrap(), wrapped.unwrap());
        built.on_success();
        wrapped.on_success();
        built.on_error();
        wrapped.on_error();
        // The wrapped breaker is read when the lock is free.
        while Page::scrape(&metrics).state("wrapped") != Some(1) {}
        assert_eq!(Page::scrape(&metrics).state("built"), Some(1));
    });
}
