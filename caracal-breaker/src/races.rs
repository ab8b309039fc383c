//! The races between failsafe's callbacks, one order at a time. A callback of a real breaker is
//! held back until others have overtaken it.

use std::cell::RefCell;
use std::iter;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering::SeqCst};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use caracal_metrics_core::CircuitBreakerState::{self, Closed, HalfOpen, Open};
use caracal_metrics_core::MetricsRegistry;
use failsafe::failure_policy::{ConsecutiveFailures, consecutive_failures};
use failsafe::{CircuitBreaker, Instrument, StateMachine};

use crate::look::look;
use crate::{BreakerObserver, ObservedBreaker, ObservedInstrument, ObservedPolicy};

/// An exporter that trusts the callbacks.
#[derive(Clone, Default)]
struct Naive(Arc<AtomicI64>);

impl Instrument for Naive {
    fn on_call_rejected(&self) {}

    fn on_open(&self) {
        self.0.store(Open as i64, SeqCst);
    }

    fn on_half_open(&self) {
        self.0.store(HalfOpen as i64, SeqCst);
    }

    fn on_closed(&self) {
        self.0.store(Closed as i64, SeqCst);
    }
}

struct Hold {
    callback: CircuitBreakerState,
    arrived: Sender<()>,
    go: Receiver<()>,
}

thread_local!(static HOLD: RefCell<Option<Hold>> = const { RefCell::new(None) });

/// A gate between failsafe and our instrument, where the scheduler could stop a thread.
struct Gate<I>(I);

fn pass(callback: CircuitBreakerState) {
    let hold = HOLD.with_borrow_mut(|hold| hold.take_if(|hold| hold.callback == callback));
    if let Some(hold) = hold {
        hold.arrived.send(()).expect("the test waits");
        hold.go.recv().expect("the test lets go");
    }
}

impl<I: Instrument> Instrument for Gate<I> {
    fn on_call_rejected(&self) {
        self.0.on_call_rejected();
    }

    fn on_open(&self) {
        pass(Open);
        self.0.on_open();
    }

    fn on_half_open(&self) {
        pass(HalfOpen);
        self.0.on_half_open();
    }

    fn on_closed(&self) {
        pass(Closed);
        self.0.on_closed();
    }
}

type Policy = ConsecutiveFailures<iter::Repeat<Duration>>;
type Breaker = ObservedBreaker<ObservedPolicy<Policy>, Gate<ObservedInstrument<Naive>>>;

struct Race {
    metrics: MetricsRegistry,
    breaker: Breaker,
    naive: Naive,
}

/// A thread that failsafe has called back, but that has not reached our instrument yet.
struct Held {
    go: Sender<()>,
    thread: JoinHandle<()>,
}

impl Held {
    fn let_go(self) {
        self.go.send(()).expect("it waits");
        self.thread.join().expect("it comes to its end");
    }
}

impl Race {
    /// An open breaker that becomes half-open with the next call.
    fn open() -> Self {
        let metrics = MetricsRegistry::new();
        let naive = Naive::default();
        let policy = consecutive_failures(1, iter::repeat(Duration::ZERO));
        let breaker = BreakerObserver::new("raced")
            .assemble(&metrics, |tracker| {
                let instrument = ObservedInstrument::new(naive.clone(), Arc::clone(&tracker));
                StateMachine::new(ObservedPolicy::new(policy, tracker), Gate(instrument))
            })
            .expect("a fresh registry");
        breaker.on_error();
        Self { metrics, breaker, naive }
    }

    /// Runs `f` on another thread until it reaches this callback.
    fn hold(
        &self,
        callback: CircuitBreakerState,
        f: impl FnOnce(&Breaker) + Send + 'static,
    ) -> Held {
        let (arrived, waiting) = channel();
        let (go, going) = channel();
        let breaker = self.breaker.clone();
        let thread = thread::spawn(move || {
            HOLD.set(Some(Hold { callback, arrived, go: going }));
            f(&breaker);
        });
        waiting.recv().expect("the callback is called");
        Held { go, thread }
    }

    fn hold_half_open(&self) -> Held {
        self.hold(HalfOpen, enter_half_open)
    }

    /// Asserts the number of transitions: closed to open, open to half-open, half-open to open,
    /// half-open to closed, and open to closed.
    #[track_caller]
    fn assert_walk(&self, state: CircuitBreakerState, walk: [f64; 5]) {
        assert_eq!(look(self.breaker.inner()), Some(state), "the breaker");
        assert_eq!(self.gauge(), Some(f64::from(state as u8)), "the gauge");
        let name = ("name", "raced");
        let counted = [
            ("closed", "open"),
            ("open", "half_open"),
            ("half_open", "open"),
            ("half_open", "closed"),
            ("open", "closed"),
        ]
        .map(|(from, to)| {
            let labels = [name, ("from_state", from), ("to_state", to)];
            self.metrics.sample("caracal_circuit_breaker_state_changes_total", &labels)
        });
        assert_eq!(counted, walk.map(Some), "the transitions");
    }

    fn gauge(&self) -> Option<f64> {
        self.metrics.sample("caracal_circuit_breaker_state", &[("name", "raced")])
    }

    #[track_caller]
    fn assert_naive(&self, state: CircuitBreakerState) {
        assert_eq!(self.naive.0.load(SeqCst), state as i64);
    }
}

fn enter_half_open(breaker: &Breaker) {
    while !breaker.is_call_permitted() {
        thread::yield_now();
    }
}

#[test]
fn closed_before_the_half_open_callback() {
    let race = Race::open();
    let held = race.hold_half_open();
    race.breaker.on_success();
    held.let_go();
    race.assert_walk(Closed, [1., 1., 0., 1., 0.]);
    // This is why the tracker is needed: a gauge set from the callbacks is wrong, and stays wrong.
    race.assert_naive(HalfOpen);
}

#[test]
fn opened_before_the_half_open_callback() {
    let race = Race::open();
    let held = race.hold_half_open();
    race.breaker.on_error();
    held.let_go();
    race.assert_walk(Open, [1., 1., 1., 0., 0.]);
    race.assert_naive(HalfOpen);
}

#[test]
fn reset_before_the_half_open_callback() {
    let race = Race::open();
    let held = race.hold_half_open();
    race.breaker.reset();
    held.let_go();
    // As if the reset had come before the call that made the breaker half-open.
    race.assert_walk(Closed, [1., 0., 0., 0., 1.]);
    race.assert_naive(HalfOpen);
}

#[test]
fn half_open_a_second_time_before_the_first_callback() {
    let race = Race::open();
    let first = race.hold_half_open();
    race.breaker.on_error();
    enter_half_open(&race.breaker);
    race.assert_walk(HalfOpen, [1., 2., 1., 0., 0.]);
    first.let_go();
    race.assert_walk(HalfOpen, [1., 2., 1., 0., 0.]);
}

#[test]
fn the_first_callback_stands_in_for_the_second() {
    let race = Race::open();
    let first = race.hold_half_open();
    race.breaker.on_error();
    let second = race.hold_half_open();
    first.let_go();
    race.assert_walk(HalfOpen, [1., 2., 1., 0., 0.]);
    second.let_go();
    race.assert_walk(HalfOpen, [1., 2., 1., 0., 0.]);
}

#[test]
fn half_open_stays_when_its_callback_is_late() {
    let race = Race::open();
    let held = race.hold_half_open();
    enter_half_open(&race.breaker);
    assert_eq!(race.gauge(), Some(1.0), "no callback has arrived yet");
    held.let_go();
    race.assert_walk(HalfOpen, [1., 1., 0., 0., 0.]);
}

#[test]
fn opened_again_before_the_closed_callback() {
    let race = Race::open();
    enter_half_open(&race.breaker);
    let held = race.hold(Closed, ObservedBreaker::on_success);
    race.breaker.on_error();
    held.let_go();
    race.assert_walk(Open, [2., 1., 0., 1., 0.]);
    race.assert_naive(Closed);
}

#[test]
fn a_late_closed_callback_comes_while_another_thread_resets() {
    let race = Race::open();
    enter_half_open(&race.breaker);
    let closed = race.hold(Closed, ObservedBreaker::on_success);
    race.breaker.on_error();
    let reset = race.hold(Closed, ObservedBreaker::reset);
    closed.let_go();
    let labels = [("name", "raced"), ("from_state", "open"), ("to_state", "closed")];
    let name = "caracal_circuit_breaker_state_changes_total";
    assert_eq!(race.metrics.sample(name, &labels), Some(0.0));
    assert_eq!(race.gauge(), Some(0.0), "reset has closed it already");
    reset.let_go();
    race.assert_walk(Closed, [2., 1., 0., 1., 1.]);
}

#[test]
fn a_scrape_does_not_wait_for_a_callback_that_holds_the_breakers_lock() {
    let race = Race::open();
    let held = race.hold(Closed, ObservedBreaker::reset);
    // This would deadlock if reading the state of a built breaker took failsafe's lock.
    assert_eq!(race.gauge(), Some(0.0));
    held.let_go();
}
