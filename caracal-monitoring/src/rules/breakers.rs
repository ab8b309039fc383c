//! Circuit breakers.

use super::{Alert, Group, Rule, Severity};

pub(super) fn group() -> Group {
    Group {
        topic: "circuit-breakers",
        comment: "",
        rules: vec![
            Rule::alert(
                "CircuitBreakerNotClosed",
                "# Includes half-open: a breaker whose trial calls fail alternates \
                 between open and half-open.\n\
                 max_over_time(caracal_circuit_breaker_state[1m]) > 0",
                Alert::new(
                    Severity::Critical,
                    "A circuit breaker is open or keeps reopening",
                    "The circuit breaker {{ $labels.name }} of {{ $labels.instance }} \
                     was open or half-open\n\
                     at least once in each of the last 3 minutes.",
                )
                .hold("2m"),
            ),
            Rule::alert(
                "CircuitBreakerFlapping",
                "sum by (job, instance, name) (\n  \
                 increase(caracal_circuit_breaker_state_changes_total\
                 {to_state=\"open\"}[15m])\n\
                 ) > 3",
                Alert::new(
                    Severity::Critical,
                    "A circuit breaker keeps opening",
                    "The circuit breaker {{ $labels.name }} of {{ $labels.instance }} \
                     opened\n\
                     {{ $value | printf \"%.0f\" }} times in the last 15 minutes.",
                ),
            ),
        ],
    }
}
