//! What can happen between two steps of a tracker, one order at a time.

use std::fmt;
use std::sync::{Arc, Mutex};

use super::*;
use Transition::{ClosedToOpen, HalfOpenToClosed, HalfOpenToOpen, OpenToClosed, OpenToHalfOpen};

type Meanwhile = Box<dyn FnOnce(&Tracker) + Send>;

/// A breaker that is half-open whenever its state is read, and then continues.
struct Fake {
    tracker: Tracker,
    counted: Mutex<Vec<Transition>>,
    after_look: Mutex<Option<Meanwhile>>,
}

impl Observed for Fake {
    fn real_state(&self) -> Option<CircuitBreakerState> {
        let meanwhile = self.after_look.lock().unwrap().take();
        if let Some(meanwhile) = meanwhile {
            meanwhile(&self.tracker);
        }
        Some(HalfOpen)
    }

    fn count(&self, transition: Transition) {
        self.counted.lock().unwrap().push(transition);
    }
}

impl fmt::Debug for Fake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {:?}", self.tracker.state(), self.counted)
    }
}

/// An open breaker.
fn open() -> Arc<Fake> {
    let fake = Arc::new_cyclic(|this: &Weak<Fake>| Fake {
        tracker: Tracker::new(Weak::clone(this) as Weak<dyn Observed>),
        counted: Mutex::default(),
        after_look: Mutex::default(),
    });
    fake.tracker.failed(true);
    fake
}

fn half_open_looking_then(meanwhile: impl FnOnce(&Tracker) + Send + 'static) -> Arc<Fake> {
    let fake = open();
    *fake.after_look.lock().unwrap() = Some(Box::new(meanwhile));
    fake.tracker.on_half_open();
    fake
}

#[track_caller]
fn assert_walk(fake: &Fake, state: CircuitBreakerState, walk: &[Transition]) {
    assert_eq!(fake.tracker.state(), state, "{fake:?}");
    assert_eq!(*fake.counted.lock().unwrap(), walk);
}

#[test]
fn nothing_happens_between_look_and_step() {
    let fake = half_open_looking_then(|_| ());
    assert_walk(&fake, HalfOpen, &[ClosedToOpen, OpenToHalfOpen]);
}

#[test]
fn it_opens_again_after_the_look() {
    // It was open before and is open after, but not from the same opening.
    let fake = half_open_looking_then(|tracker| tracker.failed(true));
    assert_walk(&fake, Open, &[ClosedToOpen, OpenToHalfOpen, HalfOpenToOpen]);
}

#[test]
fn it_opens_again_after_the_look_though_its_policy_would_not() {
    let fake = half_open_looking_then(|tracker| tracker.failed(false));
    assert_walk(&fake, Open, &[ClosedToOpen, OpenToHalfOpen, HalfOpenToOpen]);
}

#[test]
fn it_closes_after_the_look() {
    let fake = half_open_looking_then(|tracker| {
        tracker.closed().told();
        tracker.succeeded();
    });
    let walk = [ClosedToOpen, OpenToHalfOpen, HalfOpenToClosed];
    assert_walk(&fake, Closed, &walk);
}

#[test]
fn it_is_being_closed_at_the_look() {
    let fake = open();
    *fake.after_look.lock().unwrap() = Some(Box::new(|tracker| tracker.closed().told()));
    fake.tracker.on_half_open();
    assert_walk(&fake, Closed, &[ClosedToOpen]);
    fake.tracker.succeeded();
    let walk = [ClosedToOpen, OpenToHalfOpen, HalfOpenToClosed];
    assert_walk(&fake, Closed, &walk);
}

#[test]
fn it_becomes_half_open_twice_before_the_look_is_over() {
    let fake = half_open_looking_then(|tracker| {
        tracker.failed(true);
        tracker.on_half_open();
    });
    let walk = [ClosedToOpen, OpenToHalfOpen, HalfOpenToOpen, OpenToHalfOpen];
    assert_walk(&fake, HalfOpen, &walk);
}

#[test]
fn a_reset_from_half_open_and_one_from_open() {
    let fake = half_open_looking_then(|_| ());
    fake.tracker.closed().told();
    fake.tracker.on_closed();
    fake.tracker.failed(true);
    fake.tracker.closed().told();
    fake.tracker.on_closed();
    let walk = [ClosedToOpen, OpenToHalfOpen, HalfOpenToClosed, ClosedToOpen, OpenToClosed];
    assert_walk(&fake, Closed, &walk);
}

#[test]
fn another_threads_late_callback_is_not_the_one_of_a_reset() {
    let fake = open();
    fake.tracker.closed().told();
    std::thread::scope(|scope| scope.spawn(|| fake.tracker.on_closed()).join().unwrap());
    assert_walk(&fake, Closed, &[ClosedToOpen]);
    fake.tracker.on_closed();
    assert_walk(&fake, Closed, &[ClosedToOpen, OpenToClosed]);
}

#[test]
fn a_policy_that_panics_while_the_breaker_closes_leaves_a_legal_walk() {
    let fake = open();
    drop(fake.tracker.closed());
    let walk = [ClosedToOpen, OpenToHalfOpen, HalfOpenToClosed];
    assert_walk(&fake, Closed, &walk);
    // And it left nothing that a later close could be mistaken for.
    fake.tracker.on_closed();
    fake.tracker.succeeded();
    assert_walk(&fake, Closed, &walk);
}

#[test]
fn a_failure_that_does_not_trip_changes_nothing() {
    let fake = open();
    fake.tracker.closed().told();
    fake.tracker.succeeded();
    let before = fake.counted.lock().unwrap().clone();
    fake.tracker.failed(false);
    assert_walk(&fake, Closed, &before);
}
