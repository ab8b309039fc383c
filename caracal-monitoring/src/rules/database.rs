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
                "A pool that is told its size later reads 0 until then, which \
                 would divide to infinity.",
            ),
            Rule::alert(
                "DatabasePoolSaturated",
                "avg_over_time(\
                 instance:caracal_database_connection_pool_utilisation:ratio[5m]) \
                 > 0.9",
                Alert::new(
                    Severity::Critical,
                    "A database connection pool is nearly exhausted",
                    "{{ $labels.instance }}{{ with $labels.pool }} (pool {{ . }}){{ \
                     end }} had\n\
                     {{ $value | humanizePercentage }} of its database connections in \
                     use over 5 minutes.",
                )
                .hold("5m"),
            ),
            Rule::alert(
                "DatabasePoolCallersWait",
                "min_over_time(caracal_database_connection_pool_pending[1m]) > 0",
                Alert::new(
                    Severity::Critical,
                    "Callers wait for a database connection all the time",
                    "{{ $value | printf \"%.0f\" }} callers or more wait for a \
                     database connection\n\
                     of {{ $labels.instance }}{{ with $labels.pool }} (pool {{ . }}){{ \
                     end }}.",
                )
                .hold("2m"),
            )
            .comment(
                "Only a wrapped pool knows who waits. One scrape without anybody \
                 ends it: a queue that comes and\n\
                 goes is what a pool is for.",
            ),
            Rule::alert(
                "DatabasePoolAcquireTimeouts",
                "sum by (job, instance, pool) (\n  \
                 increase(caracal_database_connection_pool_acquire_timeouts_total\
                 [5m])\n\
                 ) > 0",
                Alert::new(
                    Severity::Warning,
                    "Callers get no database connection in time",
                    "{{ $value | printf \"%.0f\" }} callers of {{ $labels.instance \
                     }}{{ with $labels.pool }}\n\
                     (pool {{ . }}){{ end }} got no database connection in time in 5 \
                     minutes.",
                )
                .hold("2m"),
            ),
        ],
    }
}
