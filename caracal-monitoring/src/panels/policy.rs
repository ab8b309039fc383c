//! Policy decisions about the actions of agents.

use super::{Panel, Row};

pub(super) const ROW: Row = Row {
    title: "Policy",
    panels: &[
        Panel::timeseries("Evaluations by decision", 8).unit("ops").stacked().queries(&[(
            "sum by (decision) (rate(caracal_policy_evaluations_total\
             [$__rate_interval]))",
            "{{decision}}",
        )]),
        Panel::timeseries("Ratio of denials and errors", 8)
            .unit("percentunit")
            .thresholds(&[0.25, 0.5])
            .queries(&[(
                "sum by (decision) (rate(caracal_policy_evaluations_total\
                 {decision!=\"allowed\"}[$__rate_interval])) / ignoring (decision) \
                 group_left sum(rate(caracal_policy_evaluations_total\
                 [$__rate_interval]))",
                "{{decision}}",
            )]),
        Panel::timeseries("Agents denied most", 8).unit("ops").queries(&[(
            "topk(10, sum by (agent_id) (rate(\
             caracal_policy_evaluations_total{decision=\"denied\"}\
             [$__rate_interval])))",
            "{{agent_id}}",
        )]),
        Panel::timeseries("Evaluation duration", 8)
            .quantiles("caracal_policy_evaluation_duration_seconds"),
    ],
};
