//! Connection pools and queries.

use super::{Panel, Row};

pub(super) const ROW: Row = Row {
    title: "Database",
    panels: &[
        Panel::gauge("Pool utilisation", 6)
            .note("Connections in use, relative to the maximum size of the pool.")
            .unit("percentunit")
            .max(1.0)
            .thresholds(&[0.7, 0.9])
            .queries(&[(
                "caracal_database_connection_pool_checked_out / \
                 (caracal_database_connection_pool_size > 0)",
                "{{instance}} {{pool}}",
            )]),
        Panel::timeseries("Connections", 9).unit("short").queries(&[
            ("sum by (pool) (caracal_database_connection_pool_size)", "size {{pool}}"),
            ("sum by (pool) (caracal_database_connection_pool_open)", "open {{pool}}"),
            ("sum by (pool) (caracal_database_connection_pool_checked_out)", "in use {{pool}}"),
            ("sum by (pool) (caracal_database_connection_pool_idle)", "idle {{pool}}"),
            ("sum by (pool) (caracal_database_connection_pool_overflow)", "overflow {{pool}}"),
        ]),
        Panel::timeseries("Connection errors", 9).unit("ops").queries(&[(
            "sum by (error_type) (rate(\
             caracal_database_connection_errors_total[$__rate_interval]))",
            "{{error_type}}",
        )]),
        Panel::timeseries("Callers waiting and timed out", 8)
            .note(
                "Callers that wait for a connection, and callers that got none within \
                 the pool's `acquire_timeout`. Only wrapped pools \
                 (`PoolObserver::wrap`) report this.",
            )
            .unit("short")
            .queries(&[
                ("sum by (pool) (caracal_database_connection_pool_pending)", "waiting {{pool}}"),
                (
                    "sum by (pool) (increase(\
                     caracal_database_connection_pool_acquire_timeouts_total\
                     [$__rate_interval]))",
                    "timed out {{pool}}",
                ),
            ]),
        Panel::timeseries("Time to acquire a connection", 8)
            .note(
                "If callers wait long but hold connections briefly, the pool is too \
                 small. If both are long, connections are held too long.",
            )
            .quantiles_by("caracal_database_connection_pool_acquire_duration_seconds", "pool"),
        Panel::timeseries("Time a connection is held", 8)
            .note("From acquiring the connection until it is returned to the pool.")
            .quantiles_by("caracal_database_connection_pool_hold_duration_seconds", "pool"),
        Panel::timeseries("Transactions", 8)
            .note(
                "Transactions of wrapped pools, by outcome. Dropped means without a commit or a rollback. Failed \
                 means that the commit or the rollback was refused or cancelled.",
            )
            .unit("ops")
            .queries(&[
                (
                    "sum by (outcome) (rate(caracal_database_transactions_total\
                     [$__rate_interval]))",
                    "{{outcome}}",
                ),
                (
                    "sum by (outcome) (rate(caracal_database_savepoints_total\
                     [$__rate_interval]))",
                    "savepoints {{outcome}}",
                ),
            ]),
        Panel::timeseries("Transaction duration", 16)
            .note("From begin to commit, rollback or drop, without the time to acquire a connection.")
            .quantiles_by("caracal_database_transaction_duration_seconds", "pool"),
        Panel::timeseries("Queries by operation", 8).unit("ops").stacked().queries(&[(
            "sum by (operation) (rate(caracal_database_queries_total\
             [$__rate_interval]))",
            "{{operation}}",
        )]),
        Panel::timeseries("Queries by table", 8).unit("ops").stacked().queries(&[(
            "topk(10, sum by (table) (rate(caracal_database_queries_total\
             [$__rate_interval])))",
            "{{table}}",
        )]),
        Panel::timeseries("Failed queries", 8).unit("ops").queries(&[(
            "sum by (operation, table) (rate(caracal_database_queries_total\
             {status=\"error\"}[$__rate_interval]))",
            "{{operation}} {{table}}",
        )]),
        Panel::timeseries("Query duration", 12).quantiles("caracal_database_query_duration_seconds"),
        Panel::timeseries("Slowest queries, 99th percentile", 12).queries(&[(
            "topk(10, histogram_quantile(0.99, sum by (le, operation, table) \
             (rate(caracal_database_query_duration_seconds_bucket\
             [$__rate_interval]))))",
            "{{operation}} {{table}}",
        )]),
    ],
};
