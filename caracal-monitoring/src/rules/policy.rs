//! Policy decisions about the actions of agents.

use super::{Alert, Group, Rule, Severity};

pub(super) fn group() -> Group {
    Group {
        topic: "policy",
        comment: "",
        rules: vec![
            Rule::record(
                "job:caracal_policy_denial_ratio:rate5m",
                "sum by (job) (rate(\
                 caracal_policy_evaluation_duration_seconds_count\
                 {decision=\"denied\"}[5m]))\n\
                 / sum by (job) (rate(\
                 caracal_policy_evaluation_duration_seconds_count[5m]))",
            )
            .comment(
                "Uses the count of the durations, which has a series for each \
                 decision from the start. The counter has a\n\
                 series for each agent, and its first value is not an increase, so \
                 new agents would be ignored.",
            ),
            Rule::record(
                "job:caracal_policy_cache_hit_ratio:rate5m",
                "sum by (job) (rate(caracal_policy_cache_hits_total[5m]))\n\
                 / (\n  \
                 sum by (job) (rate(caracal_policy_cache_hits_total[5m]))\n  \
                 + sum by (job) (rate(caracal_policy_cache_misses_total[5m]))\n\
                 )",
            ),
            Rule::alert(
                "PolicyDenialRatioHigh",
                "job:caracal_policy_denial_ratio:rate5m > 0.5\n\
                 and sum by (job) (rate(\
                 caracal_policy_evaluation_duration_seconds_count[5m])) > 0.05",
                Alert::new(
                    Severity::Warning,
                    "Most actions are denied",
                    "{{ $labels.job }} denies {{ $value | humanizePercentage }} of the \
                     actions that agents request.",
                )
                .hold("10m"),
            ),
            Rule::alert(
                "PolicyEvaluationErrors",
                "sum by (job) (rate(\
                 caracal_policy_evaluation_duration_seconds_count\
                 {decision=\"error\"}[5m]))\n\
                 / sum by (job) (rate(\
                 caracal_policy_evaluation_duration_seconds_count[5m]))\n\
                 > 0.05",
                Alert::new(
                    Severity::Warning,
                    "Policy evaluations fail",
                    "{{ $labels.job }} reaches no decision for {{ $value | \
                     humanizePercentage }} of the actions that agents request.",
                )
                .hold("5m"),
            ),
            Rule::alert(
                "PolicyCacheHitRatioLow",
                "job:caracal_policy_cache_hit_ratio:rate5m < 0.5\n\
                 and sum by (job) (rate(caracal_policy_cache_misses_total[5m])) > 1",
                Alert::new(
                    Severity::Warning,
                    "The policy cache has a low hit ratio",
                    "Only {{ $value | humanizePercentage }} of the lookups in the policy \
                     cache of {{ $labels.job }} are hits.\n\
                     The other lookups go to the database.",
                )
                .hold("15m"),
            ),
        ],
    }
}
