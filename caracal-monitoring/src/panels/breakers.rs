//! Circuit breakers.

use super::{Panel, Row};

pub(super) const ROW: Row = Row {
    title: "Circuit breakers",
    panels: &[
        Panel::state_timeline("State", 24).height(6).breaker_states().queries(&[(
            "max by (instance, name) (caracal_circuit_breaker_state)",
            "{{name}} {{instance}}",
        )]),
        Panel::timeseries("Calls", 12).unit("ops").queries(&[
            (
                "sum by (name) (rate(caracal_circuit_breaker_successes_total\
                 [$__rate_interval]))",
                "{{name}}: success",
            ),
            (
                "sum by (name) (rate(caracal_circuit_breaker_failures_total\
                 [$__rate_interval]))",
                "{{name}}: failure",
            ),
            (
                "sum by (name) (rate(caracal_circuit_breaker_rejections_total\
                 [$__rate_interval]))",
                "{{name}}: rejected",
            ),
            (
                "sum by (name, outcome) (rate(\
                 caracal_circuit_breaker_unfinished_calls_total[$__rate_interval]))",
                "{{name}}: {{outcome}}",
            ),
        ]),
        Panel::timeseries("State changes", 12).unit("short").queries(&[(
            "sum by (name, from_state, to_state) \
             (increase(caracal_circuit_breaker_state_changes_total\
             [$__rate_interval]))",
            "{{name}}: {{from_state}} to {{to_state}}",
        )]),
        Panel::timeseries("Call duration", 24)
            .note("Only breakers with `call_durations` report this.")
            .quantiles_by("caracal_circuit_breaker_call_duration_seconds", "name"),
    ],
};
