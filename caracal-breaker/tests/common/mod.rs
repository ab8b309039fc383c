//! Code that the tests of this crate share. Each test uses a part of it.
#![allow(dead_code, reason = "every test binary compiles this for itself and uses a part")]

pub(crate) mod reacts;

use std::collections::HashMap;
use std::fmt::Debug;
use std::iter;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering::SeqCst};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use caracal_metrics_core::CircuitBreakerState::{self, Closed, HalfOpen, Open};
use caracal_metrics_core::MetricsRegistry;
use failsafe::failure_policy::{ConsecutiveFailures, consecutive_failures};
use failsafe::{CircuitBreaker, Instrument};

pub(crate) const HOUR: Duration = Duration::from_secs(3600);

/// Half-open at the next call, or not for an hour.
pub(crate) type Policy = ConsecutiveFailures<iter::Repeat<Duration>>;

/// Opens at the first failure.
pub(crate) fn trip_at_once(backoff: Duration) -> Policy {
    consecutive_failures(1, iter::repeat(backoff))
}

/// Requests permission until the backoff, which must be short, is over.
pub(crate) fn enter_half_open(breaker: &impl CircuitBreaker) {
    while !breaker.is_call_permitted() {
        thread::yield_now();
    }
}

pub(crate) const TRANSITIONS: [(CircuitBreakerState, CircuitBreakerState); 5] =
    [(Closed, Open), (Open, HalfOpen), (HalfOpen, Open), (HalfOpen, Closed), (Open, Closed)];

/// All samples of the circuit breaker families, by the text before the value.
pub(crate) struct Page(HashMap<String, i64>);

impl Page {
    pub(crate) fn scrape(metrics: &MetricsRegistry) -> Self {
        let page = String::from_utf8(metrics.generate_metrics()).expect("the page is text");
        let samples =
            page.lines().filter(|line| line.starts_with("caracal_circuit_breaker_")).map(|line| {
                let (series, value) = line.rsplit_once(' ').expect("a value");
                (series.to_owned(), value.parse().expect("a whole number"))
            });
        Self(samples.collect())
    }

    /// The number of series of circuit breakers.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The number of series of the breaker with this name.
    pub(crate) fn series_of(&self, name: &str) -> usize {
        let label = format!("name=\"{name}\"");
        self.0.keys().filter(|key| key.contains(&label)).count()
    }

    pub(crate) fn state(&self, name: &str) -> Option<i64> {
        self.get("state", name, "")
    }

    pub(crate) fn successes(&self, name: &str) -> Option<i64> {
        self.get("successes_total", name, "")
    }

    pub(crate) fn failures(&self, name: &str) -> Option<i64> {
        self.get("failures_total", name, "")
    }

    pub(crate) fn rejections(&self, name: &str) -> Option<i64> {
        self.get("rejections_total", name, "")
    }

    pub(crate) fn cancelled(&self, name: &str) -> Option<i64> {
        self.get("unfinished_calls_total", name, ",outcome=\"cancelled\"")
    }

    pub(crate) fn panicked(&self, name: &str) -> Option<i64> {
        self.get("unfinished_calls_total", name, ",outcome=\"panicked\"")
    }

    /// In the order of [`TRANSITIONS`].
    pub(crate) fn transitions(&self, name: &str) -> [Option<i64>; 5] {
        TRANSITIONS.map(|(from, to)| {
            let labels = format!(",from_state=\"{from}\",to_state=\"{to}\"");
            self.get("state_changes_total", name, &labels)
        })
    }

    /// Like [`transitions`](Self::transitions), if all of them must exist.
    pub(crate) fn walk(&self, name: &str) -> [i64; 5] {
        self.transitions(name).map(|count| count.expect("every transition is exposed"))
    }

    fn get(&self, family: &str, name: &str, labels: &str) -> Option<i64> {
        let key = format!("caracal_circuit_breaker_{family}{{name=\"{name}\"{labels}}}");
        self.0.get(&key).copied()
    }
}

/// The state of a breaker according to itself.
pub(crate) fn real_state(machine: &impl Debug) -> CircuitBreakerState {
    match format!("{machine:?}").as_str() {
        r#"StateMachine { state: "closed" }"# => Closed,
        r#"StateMachine { state: "open" }"# => Open,
        r#"StateMachine { state: "half_open" }"# => HalfOpen,
        other => panic!("failsafe prints its state in another way: {other}"),
    }
}

/// The gauge of an exporter that trusts the callbacks, and the number of callbacks.
#[derive(Debug, Default)]
pub(crate) struct Callbacks {
    pub(crate) gauge: AtomicI64,
    pub(crate) closed: AtomicI64,
    pub(crate) opened: AtomicI64,
    pub(crate) half_opened: AtomicI64,
    pub(crate) rejected: AtomicI64,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Naive(pub(crate) Arc<Callbacks>);

impl Naive {
    fn set(&self, state: CircuitBreakerState, count: &AtomicI64) {
        self.0.gauge.store(state as i64, SeqCst);
        count.fetch_add(1, SeqCst);
    }
}

impl Instrument for Naive {
    fn on_call_rejected(&self) {
        self.0.rejected.fetch_add(1, SeqCst);
    }

    fn on_open(&self) {
        self.set(Open, &self.0.opened);
    }

    fn on_half_open(&self) {
        self.set(HalfOpen, &self.0.half_opened);
    }

    fn on_closed(&self) {
        self.set(Closed, &self.0.closed);
    }
}

/// Fails instead of hanging if `f` deadlocks.
pub(crate) fn without_deadlock<R: Send + 'static>(f: impl FnOnce() -> R + Send + 'static) -> R {
    let (done, waiting) = mpsc::channel();
    let thread = thread::spawn(move || done.send(f()));
    match waiting.recv_timeout(Duration::from_secs(60)) {
        Ok(result) => result,
        Err(mpsc::RecvTimeoutError::Timeout) => panic!("deadlock"),
        Err(mpsc::RecvTimeoutError::Disconnected) => {
            thread.join().expect("panicked").expect("unreachable");
            unreachable!("a thread that ends sends")
        }
    }
}
