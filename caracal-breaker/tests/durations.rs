//! How long calls take, and their exemplars.

mod common;

use std::future::{pending, poll_fn, ready};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use caracal_breaker::{BreakerObserver, BuiltBreaker};
use caracal_metrics_core::{Exemplar, Format, MetricsRegistry};
use common::{HOUR, trip_at_once};
use failsafe::backoff::Constant;
use failsafe::failure_policy::ConsecutiveFailures;
use failsafe::{CircuitBreaker, Error, StateMachine};

const DURATION: &str = "caracal_circuit_breaker_call_duration_seconds";

type Breaker = BuiltBreaker<ConsecutiveFailures<Constant>>;

fn breaker(metrics: &MetricsRegistry) -> Breaker {
    let observer = BreakerObserver::new("database").call_durations();
    observer.build(trip_at_once(HOUR), (), metrics).unwrap()
}

fn read(metrics: &MetricsRegistry, suffix: &str, outcome: &str) -> Option<f64> {
    let labels = [("name", "database"), ("outcome", outcome)];
    metrics.sample(&format!("{DURATION}{suffix}"), &labels)
}

/// Successes, failures, cancelled calls and panics.
fn counts(metrics: &MetricsRegistry) -> [f64; 4] {
    ["success", "failure", "cancelled", "panicked"]
        .map(|outcome| read(metrics, "_count", outcome).unwrap())
}

/// Polls a future to its end, or once.
fn poll<F: Future>(future: F) -> Poll<F::Output> {
    pin!(future).poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn each_call_is_timed_by_how_it_ends() {
    let metrics = MetricsRegistry::new();
    let breaker = breaker(&metrics);
    assert_eq!(counts(&metrics), [0.0; 4]);

    breaker.call(|| Ok::<_, ()>(())).unwrap();
    assert!(poll(breaker.call_async(ready(Ok::<_, ()>(())))).is_ready());
    assert_eq!(counts(&metrics), [2.0, 0.0, 0.0, 0.0]);

    let panics = || breaker.call(|| -> Result<(), ()> { panic!("on purpose") });
    catch_unwind(AssertUnwindSafe(panics)).unwrap_err();
    let panics = breaker.call_async(poll_fn(|_| -> Poll<Result<(), ()>> { panic!("on purpose") }));
    catch_unwind(AssertUnwindSafe(|| poll(panics))).unwrap_err();
    assert_eq!(counts(&metrics), [2.0, 0.0, 0.0, 2.0]);

    // A call that is never polled does not count.
    drop(breaker.call_async(pending::<Result<(), ()>>()));
    assert!(poll(breaker.call_async(pending::<Result<(), ()>>())).is_pending());
    assert_eq!(counts(&metrics), [2.0, 0.0, 1.0, 2.0]);

    breaker.call(|| Err::<(), _>("refused")).unwrap_err();
    assert_eq!(counts(&metrics), [2.0, 1.0, 1.0, 2.0]);
    // The breaker is open. Rejected calls are not timed.
    assert!(matches!(breaker.call(|| Ok::<_, ()>(())), Err(Error::Rejected)));
    assert!(poll(breaker.call_async(ready(Ok::<_, ()>(())))).is_ready());
    assert_eq!(counts(&metrics), [2.0, 1.0, 1.0, 2.0]);
}

#[test]
fn a_call_takes_from_its_first_poll_to_its_end() {
    const TIME: Duration = Duration::from_millis(20);
    let metrics = MetricsRegistry::new();
    let breaker = breaker(&metrics);
    let mut polled = false;
    let mut call = pin!(breaker.call_async(poll_fn(|_| {
        let again = std::mem::replace(&mut polled, true);
        if again { Poll::Ready(Ok::<_, ()>(())) } else { Poll::Pending }
    })));
    let mut context = Context::from_waker(Waker::noop());
    assert!(call.as_mut().poll(&mut context).is_pending());
    let began = Instant::now();
    while began.elapsed() < TIME {
        thread::yield_now();
    }
    assert!(call.as_mut().poll(&mut context).is_ready());
    let sum = read(&metrics, "_sum", "success").unwrap();
    assert!(sum >= TIME.as_secs_f64(), "{sum}");
}

#[test]
fn calls_are_not_timed_by_default() {
    let metrics = MetricsRegistry::new();
    let breaker = BreakerObserver::new("database").build(trip_at_once(HOUR), (), &metrics).unwrap();
    breaker.call(|| Ok::<_, ()>(())).unwrap();
    let page = String::from_utf8(metrics.generate_metrics()).unwrap();
    assert!(page.contains("caracal_circuit_breaker_successes_total"), "{page}");
    assert!(!page.contains(DURATION), "{page}");
}

#[test]
fn calls_through_an_existing_breaker_are_timed() {
    let metrics = MetricsRegistry::new();
    let existing = StateMachine::new(trip_at_once(HOUR), ());
    let observer = BreakerObserver::new("database").call_durations();
    let breaker = observer.wrap(existing, &metrics).unwrap();
    breaker.call(|| Ok::<_, ()>(())).unwrap();
    assert!(poll(breaker.call_async(pending::<Result<(), ()>>())).is_pending());
    assert!(poll(breaker.call_async(ready(Err::<(), _>("refused")))).is_ready());
    assert_eq!(counts(&metrics), [1.0, 1.0, 1.0, 0.0]);
}

#[test]
fn a_call_that_ends_while_the_breaker_is_open_is_timed() {
    let metrics = MetricsRegistry::new();
    let breaker = breaker(&metrics);
    let outer = breaker.call(|| {
        breaker.call(|| Err::<(), _>("refused")).unwrap_err();
        Ok::<_, ()>(())
    });
    outer.unwrap();
    assert_eq!(counts(&metrics), [1.0, 1.0, 0.0, 0.0]);
    assert!(matches!(breaker.call(|| Ok::<_, ()>(())), Err(Error::Rejected)));
    assert_eq!(counts(&metrics), [1.0, 1.0, 0.0, 0.0]);
}

#[test]
fn calls_made_by_hand_are_not_timed() {
    let metrics = MetricsRegistry::new();
    let breaker = breaker(&metrics);
    assert!(breaker.is_call_permitted());
    breaker.on_success();
    assert!(breaker.is_call_permitted());
    breaker.on_error();
    assert_eq!(counts(&metrics), [0.0; 4]);
}

#[test]
fn the_source_of_the_registry_gives_a_call_its_exemplar() {
    let metrics = MetricsRegistry::builder()
        .exemplar_source(|| Some(Exemplar::trace(0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736)))
        .build()
        .unwrap();
    let breaker = breaker(&metrics);
    assert!(poll(breaker.call_async(ready(Err::<(), _>("refused")))).is_ready());
    let mut page = Vec::new();
    metrics.encode(Format::OpenMetrics, &mut page);
    let page = String::from_utf8(page).unwrap();
    let exemplar = "# {trace_id=\"4bf92f3577b34da6a3ce929d0e0e4736\"}";
    let has = |outcome: &str| {
        page.lines().any(|line| {
            line.starts_with(DURATION)
                && line.contains(&format!("outcome=\"{outcome}\""))
                && line.contains(exemplar)
        })
    };
    assert!(has("failure") && !has("success"), "{page}");
}
