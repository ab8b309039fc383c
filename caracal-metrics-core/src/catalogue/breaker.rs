//! The families of circuit breakers.

use std::sync::Arc;

use super::database;
use crate::family::Family;
use crate::family_spec::FamilySpec;
use crate::kinds::{Counter, Gauge};
use crate::labels::Labels;
use crate::preregistered::Preregistered;
use crate::registry::MetricsRegistry;

crate::labels! {
    /// The state of a circuit breaker. The number of the state is the value of the gauge.
    #[non_exhaustive]
    pub enum CircuitBreakerState {
        /// Calls go through.
        Closed => "closed",
        /// Calls are rejected.
        Open => "open",
        /// Trial calls go through.
        HalfOpen => "half_open",
    }

    /// The label of a circuit breaker.
    pub struct BreakerName<'a> {
        /// The name of the breaker.
        pub name: &'a str,
    }

    /// The labels of a change of state.
    pub struct StateChange<'a> {
        /// The name of the breaker.
        pub name: &'a str,
        /// The state before.
        pub from_state: CircuitBreakerState,
        /// The state after.
        pub to_state: CircuitBreakerState,
    }
}

use CircuitBreakerState::{Closed, HalfOpen, Open};

impl CircuitBreakerState {
    /// The transitions of a circuit breaker, each from one state to another. The last one is a manual reset.
    pub const TRANSITIONS: [(Self, Self); 5] =
        [(Closed, Open), (Open, HalfOpen), (HalfOpen, Open), (HalfOpen, Closed), (Open, Closed)];

    /// Returns the value of the gauge in this state.
    #[must_use]
    pub const fn value(self) -> u64 {
        self as u64
    }
}

/// `circuit_breaker_state`.
pub static CIRCUIT_BREAKER_STATE: Family<Gauge, BreakerName<'_>> =
    Family::gauge("circuit_breaker_state", "Circuit breaker state (0=closed, 1=open, 2=half_open)")
        .namespaced();

/// `circuit_breaker_failures_total`.
pub static CIRCUIT_BREAKER_FAILURES: Family<Counter, BreakerName<'_>> =
    Family::counter("circuit_breaker_failures_total", "Total number of circuit breaker failures")
        .namespaced();

/// `circuit_breaker_successes_total`.
pub static CIRCUIT_BREAKER_SUCCESSES: Family<Counter, BreakerName<'_>> =
    Family::counter("circuit_breaker_successes_total", "Total number of circuit breaker successes")
        .namespaced();

/// `circuit_breaker_state_changes_total`.
pub static CIRCUIT_BREAKER_STATE_CHANGES: Family<Counter, StateChange<'_>> = Family::counter(
    "circuit_breaker_state_changes_total",
    "Total number of circuit breaker state changes",
)
.namespaced();

pub(super) static FAMILIES: [&FamilySpec; 4] = [
    CIRCUIT_BREAKER_STATE.spec(),
    CIRCUIT_BREAKER_FAILURES.spec(),
    CIRCUIT_BREAKER_SUCCESSES.spec(),
    CIRCUIT_BREAKER_STATE_CHANGES.spec(),
];

const END: usize = database::END + 4;

const STATE: Preregistered<Gauge, BreakerName<'_>> =
    Preregistered::find(&CIRCUIT_BREAKER_STATE, &FAMILIES, END);
const FAILURES: Preregistered<Counter, BreakerName<'_>> =
    Preregistered::find(&CIRCUIT_BREAKER_FAILURES, &FAMILIES, END);
const SUCCESSES: Preregistered<Counter, BreakerName<'_>> =
    Preregistered::find(&CIRCUIT_BREAKER_SUCCESSES, &FAMILIES, END);
const STATE_CHANGES: Preregistered<Counter, StateChange<'_>> =
    Preregistered::find(&CIRCUIT_BREAKER_STATE_CHANGES, &FAMILIES, END);

impl MetricsRegistry {
    /// Returns the handle of a circuit breaker. Its state (closed), its counters and its possible transitions
    /// are on the page from now on.
    #[must_use]
    pub fn circuit_breaker(&self, name: &str) -> CircuitBreakerMetrics {
        for (from_state, to_state) in CircuitBreakerState::TRANSITIONS {
            let _shown = self.handle(STATE_CHANGES, StateChange { name, from_state, to_state });
        }
        CircuitBreakerMetrics {
            state: self.handle(STATE, BreakerName { name }),
            failures: self.handle(FAILURES, BreakerName { name }),
            successes: self.handle(SUCCESSES, BreakerName { name }),
            // The name as it is on the series. All families of a breaker have the same length limit.
            name: (*self.store(STATE).carried_value(0, name)).into(),
            metrics: self.clone(),
        }
    }

    /// Sets the state of a breaker.
    pub fn set_circuit_breaker_state(&self, name: &str, state: CircuitBreakerState) {
        self.know_breaker(STATE, BreakerName { name }, name);
        self.set(STATE, BreakerName { name }, state.value());
    }

    /// Counts a failed call.
    #[inline]
    pub fn record_circuit_breaker_failure(&self, name: &str) {
        self.count_of_breaker(FAILURES, BreakerName { name }, name);
    }

    /// Counts a successful call.
    #[inline]
    pub fn record_circuit_breaker_success(&self, name: &str) {
        self.count_of_breaker(SUCCESSES, BreakerName { name }, name);
    }

    /// Counts a transition. As in the Python module,
    /// [`set_circuit_breaker_state`](Self::set_circuit_breaker_state) sets the gauge of the state.
    #[inline]
    pub fn record_circuit_breaker_state_change(
        &self,
        name: &str,
        from: CircuitBreakerState,
        to: CircuitBreakerState,
    ) {
        let labels = StateChange { name, from_state: from, to_state: to };
        self.count_of_breaker(STATE_CHANGES, labels, name);
    }

    #[inline(always)]
    #[expect(clippy::inline_always, reason = "most of it depends on constants of the caller")]
    fn count_of_breaker<L: Labels>(
        &self,
        family: Preregistered<Counter, L>,
        labels: L::Of<'_>,
        name: &str,
    ) {
        if !self.store(family).add_known(&labels, 1) {
            self.count_of_breaker_anew(family, labels, name);
        }
    }

    /// This is a separate, cold function, so that a record with a cached cell can use the registers.
    #[cold]
    fn count_of_breaker_anew<L: Labels>(
        &self,
        family: Preregistered<Counter, L>,
        labels: L::Of<'_>,
        name: &str,
    ) {
        self.know_breaker(family, labels, name);
        self.count(family, labels);
    }

    /// The first requested series of a breaker creates the others as well.
    #[inline(never)]
    fn know_breaker<K, L: Labels>(
        &self,
        family: Preregistered<K, L>,
        labels: L::Of<'_>,
        name: &str,
    ) {
        if !self.store(family).has_set(&labels) {
            // The name as it is on the series, so that only the record itself counts a name that is too long.
            let name = self.store(STATE).carried_value(0, name);
            let _others = self.circuit_breaker(&name);
        }
    }
}

/// A circuit breaker that is recorded manually.
#[derive(Clone, Debug)]
pub struct CircuitBreakerMetrics {
    metrics: MetricsRegistry,
    name: Arc<str>,
    state: Gauge,
    failures: Counter,
    successes: Counter,
}

impl CircuitBreakerMetrics {
    /// Sets the state.
    pub fn set_state(&self, state: CircuitBreakerState) {
        self.state.set(state.value().cast_signed());
    }

    /// Counts a failed call.
    #[inline]
    pub fn record_failure(&self) {
        self.failures.inc();
    }

    /// Counts a successful call.
    #[inline]
    pub fn record_success(&self) {
        self.successes.inc();
    }

    /// Counts a transition.
    pub fn record_state_change(&self, from: CircuitBreakerState, to: CircuitBreakerState) {
        let labels = StateChange { name: &self.name, from_state: from, to_state: to };
        self.metrics.count(STATE_CHANGES, labels);
    }
}
