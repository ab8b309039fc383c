//! Tokio runtimes.

use super::{Alert, Group, Rule, Severity};

pub(super) fn group() -> Group {
    Group {
        topic: "tokio",
        comment: "",
        rules: vec![
            Rule::alert(
                "TokioRuntimeSaturated",
                "sum by (job, instance, runtime) (rate(\
                 caracal_tokio_worker_busy_seconds_total[5m]))\n  \
                 / sum by (job, instance, runtime) (caracal_tokio_workers)\n  \
                 > 0.9",
                Alert::new(
                    Severity::Warning,
                    "A tokio runtime is saturated",
                    "The workers of {{ $labels.instance }}{{ with $labels.runtime }} \
                     (runtime {{ . }}){{ end }} were busy\n\
                     for {{ $value | humanizePercentage }} of the time in the last 5 minutes.",
                )
                .hold("5m"),
            ),
            Rule::alert(
                "TokioSchedulingDelayHigh",
                "min_over_time(caracal_tokio_scheduling_delay_seconds[2m]) > 0.1",
                Alert::new(
                    Severity::Critical,
                    "Tasks wait too long for a worker of a tokio runtime",
                    "Tasks that are ready to run wait at least {{ $value | \
                     humanizeDuration }} for a worker of\n\
                     {{ $labels.instance }}{{ with $labels.runtime }} (runtime {{ . \
                     }}){{ end }}.",
                )
                .hold("1m"),
            )
            .comment(
                "Uses the minimum over two minutes, because a single long delay is \
                 not worth an alert.",
            ),
            Rule::alert(
                "TokioWorkerStalled",
                "caracal_tokio_worker_stalled_seconds > 30",
                Alert::new(
                    Severity::Warning,
                    "A worker of a tokio runtime is stuck in a task",
                    "Worker {{ $labels.worker }} of {{ $labels.instance }}{{ with \
                     $labels.runtime }} (runtime {{ . }}){{ end }}\n\
                     has probably been stuck in a task for {{ $value | humanizeDuration }}.",
                ),
            ),
        ],
    }
}
