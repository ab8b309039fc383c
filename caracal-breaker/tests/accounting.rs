//! Every call is counted once, by the way in which it ended.

mod common;

use std::future::{self, Future};
use std::panic::{self, AssertUnwindSafe};
use std::pin::pin;
use std::sync::Barrier;
use std::sync::atomic::{AtomicI64, Ordering::SeqCst};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use caracal_breaker::{BreakerObserver, BuiltBreaker, ObservedBreaker};
use caracal_metrics_core::MetricsRegistry;
use common::{HOUR, Page, Policy, enter_half_open, real_state, trip_at_once};
use failsafe::{CircuitBreaker, Error, FailurePolicy, Instrument, StateMachine};

fn built(metrics: &MetricsRegistry, backoff: Duration) -> BuiltBreaker<Policy> {
    BreakerObserver::new("counted")
        .build(trip_at_once(backoff), (), metrics)
        .expect("a fresh registry")
}

/// Polls once, like a task that is then dropped or continues.
fn poll_once<F: Future>(future: std::pin::Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

fn ready<F: Future>(future: F) -> F::Output {
    match poll_once(pin!(future)) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("not ready"),
    }
}

/// Successes, failures, rejections, cancelled and panicked calls.
fn counts(metrics: &MetricsRegistry) -> [i64; 5] {
    let page = Page::scrape(metrics);
    [
        page.successes("counted"),
        page.failures("counted"),
        page.rejections("counted"),
        page.cancelled("counted"),
        page.panicked("counted"),
    ]
    .map(|count| count.expect("exposed"))
}

fn quietly<R>(f: impl FnOnce() -> R) -> thread::Result<R> {
    // `resume_unwind` unwinds without the message that `panic!` prints.
    panic::catch_unwind(AssertUnwindSafe(f))
}

fn give_up() -> ! {
    panic::resume_unwind(Box::new("a panic of the user's code"))
}

/// Makes a call of one of many kinds. Returns how it must be counted, judged by what the caller saw:
/// the index in [`counts`].
fn call<P: FailurePolicy, I: Instrument>(breaker: &ObservedBreaker<P, I>, kind: u64) -> usize {
    let ignored = |error: &&str| *error != "ignored";
    let result = match kind % 12 {
        0..=2 => breaker.call(|| Ok::<_, &str>(())),
        3 => breaker.call(|| Err("refused")),
        4 => breaker.call_with(ignored, || Err("ignored")),
        5 => ready(breaker.call_async(async { Ok(()) })),
        6 => ready(breaker.call_async(async { Err("refused") })),
        7 => ready(breaker.call_async_with(ignored, async { Err("ignored") })),
        8 => match quietly(|| breaker.call(|| -> Result<(), &str> { give_up() })) {
            Ok(result) => result,
            Err(_) => return 4,
        },
        9 => {
            let future = breaker.call_async(async { give_up() });
            match quietly(|| ready(future)) {
                Ok(result) => result,
                Err(_) => return 4,
            }
        }
        10 => {
            let future = breaker.call_async(future::pending::<Result<(), &str>>());
            match poll_once(pin!(future)) {
                Poll::Ready(result) => result,
                Poll::Pending => return 3,
            }
        }
        _ => match quietly(|| breaker.call_with(|_: &&str| give_up(), || Err("refused"))) {
            Ok(result) => result,
            Err(_) => return 4,
        },
    };
    match result {
        Ok(()) | Err(Error::Inner("ignored")) => 0,
        Err(Error::Inner(_)) => 1,
        Err(Error::Rejected) => 2,
    }
}

fn counts_are_exact<P, I>(metrics: &MetricsRegistry, breaker: &ObservedBreaker<P, I>)
where
    P: FailurePolicy + Send,
    I: Instrument + Send + Sync,
{
    const THREADS: u64 = 8;
    const CALLS: u64 = 3_000;
    let expected: [AtomicI64; 5] = Default::default();
    let barrier = Barrier::new(8);
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let (expected, barrier) = (&expected, &barrier);
            scope.spawn(move || {
                barrier.wait();
                for index in 0..CALLS {
                    // 7 has no factor in common with the number of kinds.
                    let outcome = call(breaker, thread + 7 * index);
                    expected[outcome].fetch_add(1, SeqCst);
                    if index % 50 == 0 {
                        breaker.reset();
                    }
                }
            });
        }
    });
    let expected = expected.map(AtomicI64::into_inner);
    assert!(expected.iter().all(|count| *count > 0), "each kind occurs: {expected:?}");
    assert_eq!(counts(metrics), expected);
    let total: i64 = counts(metrics).iter().sum();
    assert_eq!(u64::try_from(total), Ok(THREADS * CALLS));
}

#[test]
fn counts_are_exact_under_concurrency() {
    let metrics = MetricsRegistry::new();
    counts_are_exact(&metrics, &built(&metrics, Duration::from_micros(20)));
}

#[test]
fn counts_of_a_wrapped_breaker_are_exact_under_concurrency() {
    let metrics = MetricsRegistry::new();
    let existing = StateMachine::new(trip_at_once(Duration::from_micros(20)), ());
    let breaker =
        BreakerObserver::new("counted").wrap(existing, &metrics).expect("a fresh registry");
    counts_are_exact(&metrics, &breaker);
}

#[test]
fn a_call_that_ends_while_the_breaker_is_open_is_counted() {
    let metrics = MetricsRegistry::new();
    let breaker = built(&metrics, HOUR);
    let result = breaker.call(|| {
        let inner = breaker.call(|| Err::<(), _>("first"));
        assert!(matches!(inner, Err(Error::Inner("first"))));
        Err::<(), _>("second, with the breaker open")
    });
    assert!(matches!(result, Err(Error::Inner(_))));
    assert_eq!(counts(&metrics), [0, 2, 0, 0, 0]);

    breaker.reset();
    let mut slow = pin!(breaker.call_async(async {
        let mut polled = false;
        future::poll_fn(|_| {
            if std::mem::replace(&mut polled, true) { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
        Ok::<_, ()>(())
    }));
    assert!(poll_once(slow.as_mut()).is_pending());
    breaker.call(|| Err::<(), _>(())).unwrap_err();
    assert!(matches!(poll_once(slow.as_mut()), Poll::Ready(Ok(()))));
    assert_eq!(counts(&metrics), [1, 3, 0, 0, 0]);
    assert_eq!(Page::scrape(&metrics).state("counted"), Some(1));
}

#[test]
fn a_future_is_a_call_from_its_first_poll_on() {
    let metrics = MetricsRegistry::new();
    let breaker = built(&metrics, HOUR);
    drop(breaker.call_async(async { Ok::<_, ()>(()) }));
    assert_eq!(counts(&metrics), [0; 5]);

    let mut call = Box::pin(breaker.call_async(future::pending::<Result<(), ()>>()));
    assert!(poll_once(call.as_mut()).is_pending());
    assert!(poll_once(call.as_mut()).is_pending());
    assert_eq!(counts(&metrics), [0; 5], "still running");
    drop(call);
    assert_eq!(counts(&metrics), [0, 0, 0, 1, 0]);

    breaker.on_error();
    let untouched = breaker.call_async(async { panic!("an open breaker runs nothing") });
    let result: Result<(), Error<()>> = ready(untouched);
    assert!(matches!(result, Err(Error::Rejected)));
    assert_eq!(counts(&metrics), [0, 1, 1, 1, 0]);
}

#[test]
fn a_call_dropped_by_the_panic_of_another_is_cancelled() {
    let metrics = MetricsRegistry::new();
    let breaker = built(&metrics, HOUR);
    let mut waiting = Box::pin(breaker.call_async(future::pending::<Result<(), ()>>()));
    assert!(poll_once(waiting.as_mut()).is_pending());
    let unwound = quietly(move || {
        let _waiting = waiting;
        give_up();
    });
    assert!(unwound.is_err());
    assert_eq!(counts(&metrics), [0, 0, 0, 1, 0]);
}

#[test]
fn a_call_polled_after_its_end_panics_and_counts_nothing_more() {
    let metrics = MetricsRegistry::new();
    let breaker = built(&metrics, HOUR);
    let mut call = Box::pin(breaker.call_async(async { Ok::<_, ()>(()) }));
    assert!(poll_once(call.as_mut()).is_ready());
    let hook = panic::take_hook();
    panic::set_hook(Box::new(|_| ()));
    let again = quietly(|| poll_once(call.as_mut()));
    panic::set_hook(hook);
    assert!(again.is_err());
    drop(call);
    assert_eq!(counts(&metrics), [1, 0, 0, 0, 0]);
}

#[test]
fn panics_and_cancellations_leave_the_state() {
    let metrics = MetricsRegistry::new();
    let breaker = built(&metrics, Duration::ZERO);
    breaker.on_error();
    enter_half_open(&breaker);
    for kind in [8, 9, 10] {
        assert!(call(&breaker, kind) > 2);
        assert_eq!(real_state(breaker.inner()) as i64, 2);
        assert_eq!(Page::scrape(&metrics).state("counted"), Some(2));
    }
}

#[test]
fn calls_made_by_hand_are_counted() {
    let metrics = MetricsRegistry::new();
    let breaker = built(&metrics, HOUR);
    assert!(breaker.is_call_permitted());
    breaker.on_success();
    assert!(breaker.is_call_permitted());
    breaker.on_error();
    assert!(!breaker.is_call_permitted());
    assert_eq!(counts(&metrics), [1, 1, 1, 0, 0]);
}

#[test]
fn a_call_is_send_where_its_future_is_and_needs_no_breaker_alive() {
    fn send<T: Send + 'static>(value: T) -> T {
        value
    }
    let metrics = MetricsRegistry::new();
    let call = send(built(&metrics, HOUR).call_async(async { Ok::<_, ()>(()) }));
    assert_eq!(counts(&metrics), [0; 5], "the call keeps the series");
    assert!(thread::spawn(move || ready(call)).join().unwrap().is_ok());
    assert_eq!(Page::scrape(&metrics).len(), 0);

    // A future that is not `Send` can be called all the same.
    let local = std::rc::Rc::new(());
    let breaker = built(&metrics, HOUR);
    let kept = ready(breaker.call_async(async move { Ok::<_, ()>(local) })).unwrap();
    assert_eq!(std::rc::Rc::strong_count(&kept), 1);
}
