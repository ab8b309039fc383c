//! Circuit breakers.

use super::{Alert, Group, Rule, Severity};

pub(super) fn group() -> Group {
    Group {
        topic: "circuit-breakers",
        comment: "",
        rules: vec![
            Rule::alert(
                "CircuitBreakerNotClosed",
                "# Half-open is not closed either: a breaker that tries and fails \
                 goes through it again and again.\n\
                 max_over_time(caracal_circuit_breaker_state[1m]) > 0",
                Alert::new(
                    Severity::Critical,
                    "A circuit breaker does not stay closed",
                    "The circuit breaker {{ $labels.name }} of {{ $labels.instance }} \
                     was open or half-open in each of\n\
                     the last minutes.",
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
                    "A circuit breaker opens again and again",
                    "The circuit breaker {{ $labels.name }} of {{ $labels.instance }} \
                     opened\n\
                     {{ $value | printf \"%.0f\" }} times in 15 minutes.",
                ),
            ),
        ],
    }
}
