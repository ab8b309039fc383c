//! An instrument that calls back into the test.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use caracal_breaker::{BreakerObserver, BuiltBreaker, ObservedBreaker};
use caracal_metrics_core::MetricsRegistry;
use failsafe::{Instrument, StateMachine};

use super::{Page, Policy, real_state, trip_at_once};

type Act = Box<dyn Fn(&str) + Send + Sync>;

/// Calls back into the test.
#[derive(Clone, Default)]
pub(crate) struct Reacts(Arc<OnceLock<Act>>);

impl Reacts {
    fn react(&self, to: &str) {
        if let Some(act) = self.0.get() {
            act(to);
        }
    }

    pub(crate) fn with(&self, act: impl Fn(&str) + Send + Sync + 'static) {
        assert!(self.0.set(Box::new(act)).is_ok(), "set once");
    }
}

impl Instrument for Reacts {
    fn on_call_rejected(&self) {
        self.react("on_call_rejected");
    }

    fn on_open(&self) {
        self.react("on_open");
    }

    fn on_half_open(&self) {
        self.react("on_half_open");
    }

    fn on_closed(&self) {
        self.react("on_closed");
    }
}

/// A built breaker that becomes half-open at the next call.
pub(crate) fn reacting(metrics: &MetricsRegistry) -> (BuiltBreaker<Policy, Reacts>, Reacts) {
    let reacts = Reacts::default();
    let breaker = BreakerObserver::new("reacts")
        .build(trip_at_once(Duration::ZERO), reacts.clone(), metrics)
        .unwrap();
    (breaker, reacts)
}

/// Like [`reacting`], built without our listeners.
pub(crate) fn reacting_wrapped(
    metrics: &MetricsRegistry,
) -> (ObservedBreaker<Policy, Reacts>, Reacts) {
    let reacts = Reacts::default();
    let existing = StateMachine::new(trip_at_once(Duration::ZERO), reacts.clone());
    let breaker = BreakerObserver::new("reacts").wrap(existing, metrics).unwrap();
    (breaker, reacts)
}

pub(crate) fn assert_at_rest<P, I>(metrics: &MetricsRegistry, breaker: &ObservedBreaker<P, I>) {
    let real = real_state(breaker.inner());
    let page = Page::scrape(metrics);
    assert_eq!(page.state("reacts"), Some(real as i64));
    assert_eq!(breaker.state(), real);
}
