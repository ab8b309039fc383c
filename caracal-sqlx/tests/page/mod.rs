//! A wrapped pool with a table, and values from the page.
#![allow(dead_code, reason = "each test target uses a part of it")]

use caracal_metrics_core::MetricsRegistry;
use caracal_sqlx::{ConnectionErrorType, ObservedConnection, ObservedPool, PoolObserver};
use sqlx::Sqlite;
use sqlx::sqlite::SqlitePoolOptions;

/// It has one connection, because each connection has its own database in memory.
pub(crate) async fn observed() -> (MetricsRegistry, ObservedPool<Sqlite>) {
    let metrics = MetricsRegistry::new();
    let pool =
        SqlitePoolOptions::new().max_connections(1).connect("sqlite::memory:").await.unwrap();
    let schema = "CREATE TABLE agents (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
                  INSERT INTO agents (name) VALUES ('a'), ('b'), ('c')";
    sqlx::raw_sql(schema).execute(&pool).await.unwrap();
    let pool = PoolObserver::new(&pool).wrap(&metrics).unwrap();
    (metrics, pool)
}

/// Leaves the pool without a connection.
pub(crate) async fn all_connections(
    pool: &ObservedPool<Sqlite>,
) -> Vec<ObservedConnection<Sqlite>> {
    let mut held = Vec::new();
    for _ in 0..pool.inner().options().get_max_connections() {
        held.push(pool.acquire().await.unwrap());
    }
    held
}

/// The counts of the queries with one operation and one table.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Counts {
    pub(crate) success: f64,
    pub(crate) error: f64,
    /// The count of the histogram.
    pub(crate) durations: f64,
}

pub(crate) fn queries(metrics: &MetricsRegistry, operation: &str, table: &str) -> Counts {
    let of = |status| {
        let labels = &[("operation", operation), ("table", table), ("status", status)];
        metrics.sample("caracal_database_queries_total", labels).unwrap_or_default()
    };
    let labels = &[("operation", operation), ("table", table)];
    let durations = metrics.sample("caracal_database_query_duration_seconds_count", labels);
    Counts { success: of("success"), error: of("error"), durations: durations.unwrap_or_default() }
}

/// The connection errors that were counted, by type.
pub(crate) fn connection_errors(metrics: &MetricsRegistry) -> Vec<(&'static str, f64)> {
    let types = ConnectionErrorType::ALL.iter().map(|error_type| error_type.label());
    types
        .map(|label| {
            let labels = &[("error_type", label)];
            let count = metrics.sample("caracal_database_connection_errors_total", labels);
            (label, count.expect("every type stands at 0"))
        })
        .filter(|(_, count)| *count > 0.0)
        .collect()
}

pub(crate) fn pool_sample(metrics: &MetricsRegistry, name: &str) -> Option<f64> {
    metrics.sample(&format!("caracal_database_connection_pool_{name}"), &[])
}
