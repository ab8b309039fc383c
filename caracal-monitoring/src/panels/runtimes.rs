//! Tokio runtimes.

use super::{Panel, Row};

pub(super) const ROW: Row = Row {
    title: "Tokio runtimes",
    panels: &[
        Panel::timeseries("Busy workers", 8)
            .note("The fraction of time for which the workers run tasks.")
            .unit("percentunit")
            .max(1.0)
            .thresholds(&[0.75, 0.9])
            .queries(&[(
                "sum by (instance, runtime) (rate(\
                 caracal_tokio_worker_busy_seconds_total[$__rate_interval])) / sum \
                 by (instance, runtime) (caracal_tokio_workers)",
                "{{instance}} {{runtime}}",
            )]),
        Panel::timeseries("Scheduling delay and stalled workers", 8).queries(&[
            ("caracal_tokio_scheduling_delay_seconds", "delay {{instance}} {{runtime}}"),
            (
                "max by (instance, runtime) (caracal_tokio_worker_stalled_seconds)",
                "stalled {{instance}} {{runtime}}",
            ),
        ]),
        Panel::timeseries("Tasks and global queue", 8).unit("short").queries(&[
            ("caracal_tokio_alive_tasks", "alive {{instance}} {{runtime}}"),
            ("caracal_tokio_global_queue_depth", "global queue {{instance}} {{runtime}}"),
        ]),
    ],
};
