//! The series that exist, and for how long.

mod common;

use std::error::Error;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex, Weak, mpsc};
use std::thread;
use std::time::Duration;

use caracal_breaker::{BreakerObserver, CIRCUIT_BREAKER};
use caracal_metrics_core::adapter::{InstanceKind, Sampled};
use caracal_metrics_core::{AttachError, CircuitBreakerState, Format, MetricsRegistry};
use common::{HOUR, Page, enter_half_open, trip_at_once};
use failsafe::{CircuitBreaker, FailurePolicy, Instrument, StateMachine};

/// A policy and an instrument that report when they are dropped.
struct Tells {
    _alive: Arc<()>,
}

impl FailurePolicy for Tells {
    fn record_success(&mut self) {}

    fn mark_dead_on_failure(&mut self) -> Option<Duration> {
        Some(HOUR)
    }

    fn revived(&mut self) {}
}

impl Instrument for Tells {
    fn on_call_rejected(&self) {}
    fn on_open(&self) {}
    fn on_half_open(&self) {}
    fn on_closed(&self) {}
}

fn tells() -> (Tells, Tells, Weak<()>) {
    let alive = Arc::new(());
    let weak = Arc::downgrade(&alive);
    let policy = Tells { _alive: Arc::clone(&alive) };
    (policy, Tells { _alive: alive }, weak)
}

#[test]
fn a_built_breaker_has_all_its_series_at_0_at_once() {
    let metrics = MetricsRegistry::new();
    let _breaker =
        BreakerObserver::new("database").build(trip_at_once(HOUR), (), &metrics).unwrap();
    let page = Page::scrape(&metrics);
    assert_eq!(page.state("database"), Some(0));
    assert_eq!(page.successes("database"), Some(0));
    assert_eq!(page.failures("database"), Some(0));
    assert_eq!(page.rejections("database"), Some(0));
    assert_eq!(page.cancelled("database"), Some(0));
    assert_eq!(page.panicked("database"), Some(0));
    assert_eq!(page.walk("database"), [0; 5]);
    assert_eq!(page.series_of("database"), 11);
    assert_eq!(page.len(), 11);
}

#[test]
fn a_wrapped_breaker_has_all_but_its_transitions() {
    let metrics = MetricsRegistry::new();
    let _breaker = BreakerObserver::new("mcp")
        .wrap(StateMachine::new(trip_at_once(HOUR), ()), &metrics)
        .unwrap();
    let page = Page::scrape(&metrics);
    assert_eq!(page.state("mcp"), Some(0));
    assert_eq!(page.successes("mcp"), Some(0));
    assert_eq!(page.failures("mcp"), Some(0));
    assert_eq!(page.rejections("mcp"), Some(0));
    assert_eq!(page.cancelled("mcp"), Some(0));
    assert_eq!(page.panicked("mcp"), Some(0));
    assert_eq!(page.transitions("mcp"), [None; 5]);
    assert_eq!(page.series_of("mcp"), 6);
}

#[test]
fn the_state_of_a_wrapped_breaker_is_read_at_scrape() {
    let metrics = MetricsRegistry::new();
    let existing = StateMachine::new(trip_at_once(Duration::ZERO), ());
    existing.on_error();
    let breaker = BreakerObserver::new("mcp").wrap(existing.clone(), &metrics).unwrap();
    let state = || Page::scrape(&metrics).state("mcp");
    assert_eq!(state(), Some(1), "it was open before");
    assert_eq!(breaker.state(), CircuitBreakerState::Open);
    enter_half_open(&existing);
    assert_eq!(state(), Some(2));
    assert_eq!(breaker.state(), CircuitBreakerState::HalfOpen);
    existing.on_success();
    assert_eq!(state(), Some(0));
}

/// Scrapes on another thread while `f` runs.
fn under_scrapes<R>(metrics: &MetricsRegistry, f: impl FnOnce() -> R) -> R {
    struct Stop<'a>(&'a AtomicBool);
    impl Drop for Stop<'_> {
        fn drop(&mut self) {
            self.0.store(true, SeqCst);
        }
    }
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(SeqCst) {
                Page::scrape(metrics);
            }
        });
        let _stop = Stop(&stop);
        f()
    })
}

#[test]
fn a_scrape_does_not_take_a_breaker_that_is_being_made_for_gone() {
    let metrics = MetricsRegistry::new();
    let existing = StateMachine::new(trip_at_once(HOUR), ());
    existing.on_error();
    under_scrapes(&metrics, || {
        for index in 0..300 {
            let observer = BreakerObserver::new(format!("mcp-{index}"));
            let _breaker = observer.wrap(existing.clone(), &metrics).unwrap();
            let page = Page::scrape(&metrics);
            assert_eq!(page.series_of(&format!("mcp-{index}")), 6);
            assert_eq!(page.state(&format!("mcp-{index}")), Some(1));
        }
    });
}

#[test]
fn a_name_is_free_at_once_even_while_a_scrape_holds_the_breaker() {
    let metrics = MetricsRegistry::new();
    // An instance that is read earlier stops the scrape in the middle.
    let (reached, scraping) = mpsc::sync_channel(0);
    let (go, going) = mpsc::sync_channel::<()>(0);
    let going = Mutex::new(going);
    let attached = Arc::new(AtomicBool::new(false));
    let closed = Arc::clone(&attached);
    let gate =
        metrics.attach(InstanceKind::new("cache"), Some("gate")).unwrap().on_scrape(move |_| {
            // Open while it is attached, and once the test has released its ends.
            if closed.load(SeqCst) && reached.send(()).is_ok() {
                let _ = going.lock().unwrap().recv();
            }
            Sampled::Live
        });
    attached.store(true, SeqCst);
    let built = BreakerObserver::new("built").build(trip_at_once(HOUR), (), &metrics).unwrap();
    let wrapped = BreakerObserver::new("wrapped")
        .wrap(StateMachine::new(trip_at_once(HOUR), ()), &metrics)
        .unwrap();
    thread::scope(|scope| {
        let scrape = scope.spawn(|| metrics.generate_metrics());
        scraping.recv().unwrap();
        drop(scraping);
        drop((built, wrapped));
        let built = BreakerObserver::new("built").build(trip_at_once(HOUR), (), &metrics);
        let existing = StateMachine::new(trip_at_once(HOUR), ());
        let wrapped = BreakerObserver::new("wrapped").wrap(existing, &metrics);
        drop(go);
        scrape.join().unwrap();
        assert!(built.is_ok() && wrapped.is_ok(), "{built:?} {wrapped:?}");
        assert_eq!(Page::scrape(&metrics).len(), 11 + 6);
    });
    drop(gate);
}

#[test]
fn an_open_breaker_stays_open_until_the_next_call() {
    let metrics = MetricsRegistry::new();
    let breaker =
        BreakerObserver::new("idle").build(trip_at_once(Duration::ZERO), (), &metrics).unwrap();
    breaker.call(|| Err::<(), _>(())).unwrap_err();
    for _ in 0..3 {
        assert_eq!(Page::scrape(&metrics).state("idle"), Some(1));
        assert_eq!(breaker.state(), CircuitBreakerState::Open);
    }
    enter_half_open(&breaker);
    assert_eq!(Page::scrape(&metrics).state("idle"), Some(2));
}

#[test]
fn a_name_used_twice_is_a_typed_error() {
    let metrics = MetricsRegistry::new();
    let first = BreakerObserver::new("database").build(trip_at_once(HOUR), (), &metrics).unwrap();
    let built = BreakerObserver::new("database").build(trip_at_once(HOUR), (), &metrics);
    let existing = StateMachine::new(trip_at_once(HOUR), ());
    let wrapped = BreakerObserver::new("database").wrap(existing, &metrics);
    let expected = AttachError::NameTaken { kind: CIRCUIT_BREAKER, name: "database".to_owned() };
    assert_eq!(built.unwrap_err(), expected);
    assert_eq!(wrapped.unwrap_err(), expected);
    assert_eq!(Page::scrape(&metrics).len(), 11, "the first is untouched");

    // The same name in another registry, and in this one once it is free.
    let elsewhere = MetricsRegistry::new();
    let other = BreakerObserver::new("database").build(trip_at_once(HOUR), (), &elsewhere);
    assert!(other.is_ok());
    drop(first);
    let again = BreakerObserver::new("database").build(trip_at_once(HOUR), (), &metrics);
    assert!(again.is_ok());
}

#[test]
fn a_refused_breaker_leaves_nothing() -> Result<(), Box<dyn Error>> {
    let metrics = MetricsRegistry::builder().max_series_per_family(3).build()?;
    let empty = BreakerObserver::new("").build(trip_at_once(HOUR), (), &metrics);
    let kind = CIRCUIT_BREAKER;
    assert_eq!(empty.unwrap_err(), AttachError::EmptyName { kind });
    let full = BreakerObserver::new("database").build(trip_at_once(HOUR), (), &metrics);
    assert_eq!(
        full.unwrap_err(),
        AttachError::SeriesLimit {
            metric: "caracal_circuit_breaker_state_changes_total".to_owned(),
            limit: 3
        }
    );
    assert_eq!(Page::scrape(&metrics).len(), 0);
    let existing = StateMachine::new(trip_at_once(HOUR), ());
    let wrapped = BreakerObserver::new("database").wrap(existing, &metrics);
    assert!(wrapped.is_ok(), "the name is free, and it needs fewer");
    Ok(())
}

#[test]
fn a_long_name_is_the_one_of_the_metrics() {
    let metrics = MetricsRegistry::new();
    let hosts = ["a", "b"].map(|host| format!("https://{}.{host}.example", "x".repeat(300)));
    let breakers = hosts
        .each_ref()
        .map(|host| BreakerObserver::new(host).build(trip_at_once(HOUR), (), &metrics).unwrap());
    breakers[0].call(|| Err::<(), _>(())).unwrap_err();
    let page = Page::scrape(&metrics);
    for (breaker, state) in breakers.iter().zip([1, 0]) {
        assert!(breaker.name().len() <= 256, "{}", breaker.name());
        assert_eq!(page.state(breaker.name()), Some(state));
    }
    drop(breakers);
    assert_eq!(Page::scrape(&metrics).len(), 0);
}

#[test]
fn the_series_go_with_the_last_handle() {
    let metrics = MetricsRegistry::new();
    let breaker =
        BreakerObserver::new("database").build(trip_at_once(Duration::ZERO), (), &metrics).unwrap();
    let clone = breaker.clone();
    let bare = breaker.inner().clone();
    drop(breaker);
    clone.call(|| Err::<(), _>(())).unwrap_err();
    assert_eq!(Page::scrape(&metrics).failures("database"), Some(1));
    let call = clone.call_async(async { Ok::<_, ()>(()) });
    drop(clone);
    assert_eq!(Page::scrape(&metrics).len(), 11, "a call is a handle");
    drop(call);
    assert_eq!(Page::scrape(&metrics).len(), 0);
    // The inner breaker continues without being observed.
    enter_half_open(&bare);
    bare.on_success();
    bare.on_error();
    bare.reset();
    assert_eq!(Page::scrape(&metrics).len(), 0);
}

#[test]
fn metrics_keep_no_built_breaker_alive() {
    let metrics = MetricsRegistry::new();
    let (policy, instrument, alive) = tells();
    let breaker = BreakerObserver::new("database").build(policy, instrument, &metrics).unwrap();
    breaker.call(|| Err::<(), _>(())).unwrap_err();
    breaker.reset();
    assert_eq!(Page::scrape(&metrics).len(), 11);
    assert_eq!(alive.strong_count(), 2);
    drop(breaker);
    assert_eq!(alive.strong_count(), 0, "the breaker is gone before a scrape");
}

#[test]
fn metrics_keep_no_wrapped_breaker_alive() {
    let metrics = MetricsRegistry::new();
    let (policy, instrument, alive) = tells();
    let existing = StateMachine::new(policy, instrument);
    let breaker = BreakerObserver::new("mcp").wrap(existing.clone(), &metrics).unwrap();
    assert_eq!(Page::scrape(&metrics).len(), 6);
    drop(breaker);
    assert_eq!(alive.strong_count(), 2, "it is the user's");
    drop(existing);
    assert_eq!(alive.strong_count(), 0);
}

#[test]
fn a_breaker_outlives_its_registry() {
    let metrics = MetricsRegistry::new();
    let breaker = BreakerObserver::new("database").build(trip_at_once(HOUR), (), &metrics).unwrap();
    drop(metrics);
    breaker.call(|| Err::<(), _>(())).unwrap_err();
    assert_eq!(breaker.state(), CircuitBreakerState::Open);
    assert!(!breaker.is_call_permitted());
    breaker.reset();
    assert_eq!(
        format!("{breaker:?}"),
        r#"ObservedBreaker { name: "database", state: "closed", .. }"#
    );
}

/// Stops the scrapes, even if the test fails.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, SeqCst);
    }
}

#[test]
fn the_name_of_a_dropped_breaker_is_free_while_scrapes_read_it() {
    let metrics = MetricsRegistry::new();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut page = Vec::new();
            while !done.load(SeqCst) {
                page.clear();
                // A short page, so that most of the time is spent on reading the breaker.
                metrics.encode_named(Format::Text, &["caracal_circuit_breaker_state"], &mut page);
            }
        });
        let _stop = Stop(&done);
        for _ in 0..2_500 {
            let observer = BreakerObserver::new("again");
            let built = observer.build(trip_at_once(HOUR), (), &metrics).expect("the name is free");
            built.on_error();
            drop(built);
            let existing = StateMachine::new(trip_at_once(HOUR), ());
            let observer = BreakerObserver::new("again");
            drop(observer.wrap(existing, &metrics).expect("the name is free"));
        }
    });
    assert_eq!(Page::scrape(&metrics).len(), 0);
}
