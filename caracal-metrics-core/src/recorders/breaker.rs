//! Circuit breakers that are reported by hand.

use std::sync::Arc;

use crate::catalogue::Metric;
use crate::core::{Core, Series};
use crate::engine;
use crate::labels::CircuitBreakerState;
use crate::registry::MetricsRegistry;
use crate::series::Labels;

use CircuitBreakerState::{Closed, HalfOpen, Open};

/// The transitions that a breaker can make; the last one is a reset by hand.
const LEGAL_TRANSITIONS: [(CircuitBreakerState, CircuitBreakerState); 5] =
    [(Closed, Open), (Open, HalfOpen), (HalfOpen, Open), (HalfOpen, Closed), (Open, Closed)];

fn transition_labels(from: CircuitBreakerState, to: CircuitBreakerState) -> u32 {
    from.index() * CircuitBreakerState::COUNT + to.index()
}

impl MetricsRegistry {
    /// The handle of a circuit breaker. Its state (closed), its counters and its legal transitions
    /// stand in the output from now on.
    #[must_use]
    pub fn circuit_breaker(&self, name: &str) -> CircuitBreakerMetrics {
        let core = self.core();
        let series = |metric| core.series(metric, Labels { closed: 0, open: [name] });
        for (from, to) in LEGAL_TRANSITIONS {
            let labels = Labels { closed: transition_labels(from, to), open: [name] };
            core.series(Metric::CircuitBreakerStateChanges, labels);
        }
        // The families of a breaker have the same limits.
        let [value] = core.store(Metric::CircuitBreakerState).values([name]);
        CircuitBreakerMetrics {
            state: series(Metric::CircuitBreakerState),
            failures: series(Metric::CircuitBreakerFailures),
            successes: series(Metric::CircuitBreakerSuccesses),
            name: (*value).into(),
            core: Arc::clone(core),
        }
    }

    /// Sets the state of a breaker.
    pub fn set_circuit_breaker_state(&self, name: &str, state: CircuitBreakerState) {
        let series = self.breaker_series(Metric::CircuitBreakerState, 0, name);
        self.core().set(series, state.index().into());
    }

    /// Counts a call that failed.
    #[inline]
    pub fn record_circuit_breaker_failure(&self, name: &str) {
        self.count_of_breaker(Metric::CircuitBreakerFailures, 0, name);
    }

    /// Counts a call that succeeded.
    #[inline]
    pub fn record_circuit_breaker_success(&self, name: &str) {
        self.count_of_breaker(Metric::CircuitBreakerSuccesses, 0, name);
    }

    /// Counts a transition. The state's gauge is set by
    /// [`set_circuit_breaker_state`](Self::set_circuit_breaker_state), as in the Python module.
    #[inline]
    pub fn record_circuit_breaker_state_change(
        &self,
        name: &str,
        from: CircuitBreakerState,
        to: CircuitBreakerState,
    ) {
        let closed = transition_labels(from, to);
        self.count_of_breaker(Metric::CircuitBreakerStateChanges, closed, name);
    }

    #[inline(always)]
    #[expect(clippy::inline_always, reason = "constants of the caller decide most of it")]
    fn count_of_breaker(&self, metric: Metric, closed: u32, name: &str) {
        match self.core().store(metric).recall(Labels { closed, open: [name] }) {
            Some(cell) => engine::add(cell, 1),
            None => self.count_of_breaker_anew(metric, closed, name),
        }
    }

    #[inline(never)]
    fn count_of_breaker_anew(&self, metric: Metric, closed: u32, name: &str) {
        self.core().increment(self.breaker_series(metric, closed, name));
    }

    /// A series of a breaker. The first one that is asked for brings the others along.
    fn breaker_series(&self, metric: Metric, closed: u32, name: &str) -> Series {
        let labels = Labels { closed, open: [name] };
        match self.core().known_series(metric, labels) {
            Some(series) => series,
            None => self.make_breaker_series(metric, labels),
        }
    }

    #[inline(never)]
    fn make_breaker_series(&self, metric: Metric, labels: Labels<'_, 1>) -> Series {
        // As the series carry it, so that only the record itself counts a name that is too long.
        let [name] = self.core().store(metric).values(labels.open);
        let _others = self.circuit_breaker(&name);
        self.core().series(metric, labels)
    }
}

/// One circuit breaker that is reported by hand.
#[derive(Clone, Debug)]
pub struct CircuitBreakerMetrics {
    core: Arc<Core>,
    name: Arc<str>,
    state: Series,
    failures: Series,
    successes: Series,
}

impl CircuitBreakerMetrics {
    /// Sets the state.
    pub fn set_state(&self, state: CircuitBreakerState) {
        self.core.set(self.state, state.index().into());
    }

    /// Counts a call that failed.
    #[inline]
    pub fn record_failure(&self) {
        self.core.increment(self.failures);
    }

    /// Counts a call that succeeded.
    #[inline]
    pub fn record_success(&self) {
        self.core.increment(self.successes);
    }

    /// Counts a transition.
    pub fn record_state_change(&self, from: CircuitBreakerState, to: CircuitBreakerState) {
        let labels = Labels { closed: transition_labels(from, to), open: [&self.name] };
        self.core.count(Metric::CircuitBreakerStateChanges, labels);
    }
}
