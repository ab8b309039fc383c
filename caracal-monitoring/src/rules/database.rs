//! Connection pools.

use super::{Alert, Group, Rule, Severity};

pub(super) fn group() -> Group {
    Group {
        topic: "database",
        comment: "",
        rules: vec![
            Rule::record(
                "instance:caracal_database_connection_pool_utilisation:ratio",
                "caracal_database_connection_pool_checked_out\n\
                 / (caracal_database_connection_pool_size > 0)",
            )
            .comment(
                "If the code of the service sets the size of a pool, the size is 0 until \
                 then. Dividing by it would give infinity.",
            ),
            Rule::alert(
                "DatabasePoolSaturated",
                "avg_over_time(\
                 instance:caracal_database_connection_pool_utilisation:ratio[5m]) \
                 > 0.9",
                Alert::new(
                    Severity::Critical,
                    "A database connection pool is nearly exhausted",
                    "On average over the last 5 minutes, {{ $labels.instance }}{{ with \
                     $labels.pool }} (pool {{ . }}){{ end }} used\n\
                     {{ $value | humanizePercentage }} of the database connections that \
                     its pool may open.",
                )
                .hold("5m"),
            ),
            Rule::alert(
                "DatabasePoolCallersWait",
                "min_over_time(caracal_database_connection_pool_pending[1m]) > 0",
                Alert::new(
                    Severity::Critical,
                    "Callers keep waiting for a database connection",
                    "On {{ $labels.instance }}{{ with $labels.pool }} (pool {{ . }}){{ end }}, \
                     callers were waiting for a\n\
                     database connection at every scrape. The smallest number waiting in \
                     the last minute was {{ $value | printf \"%.0f\" }}.",
                )
                .hold("2m"),
            )
            .comment(
                "Only a wrapped pool counts waiting callers. The alert resolves \
                 when a scrape finds no caller waiting,\n\
                 because a short queue is normal for a pool.",
            ),
            Rule::alert(
                "DatabasePoolAcquireTimeouts",
                "sum by (job, instance, pool) (\n  \
                 increase(caracal_database_connection_pool_acquire_timeouts_total\
                 [5m])\n\
                 ) > 0",
                Alert::new(
                    Severity::Warning,
                    "Callers time out waiting for a database connection",
                    "On {{ $labels.instance }}{{ with $labels.pool }} (pool {{ . }}){{ end }}, \
                     about {{ $value | printf \"%.0f\" }} callers\n\
                     timed out in the last 5 minutes while waiting for a database \
                     connection.",
                )
                .hold("2m"),
            ),
        ],
    }
}
