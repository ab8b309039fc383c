//! The families of database queries, pools and connection errors.

use std::sync::Arc;
use std::time::Duration;

use super::policy;
use crate::clock::Stopwatch;
use crate::family::Family;
use crate::family_spec::FamilySpec;
use crate::kinds::{Counter, DurationHistogram, Gauge};
use crate::preregistered::Preregistered;
use crate::registry::MetricsRegistry;

crate::labels! {
    /// The operation of a database statement.
    #[non_exhaustive]
    pub enum DatabaseOperationType {
        /// Reads rows.
        Select => "select",
        /// Adds rows.
        Insert => "insert",
        /// Changes rows.
        Update => "update",
        /// Removes rows.
        Delete => "delete",
        /// Anything else: DDL, transactions, and statements that can't be parsed.
        Other => "other",
    }

    /// The result of a database statement.
    #[non_exhaustive]
    pub enum QueryStatus {
        /// The database returned a result.
        Success => "success",
        /// It failed, or was abandoned before a result came.
        Error => "error",
        /// It ended, but the code that counts it can't see the result.
        Unknown => "unknown",
    }

    /// The labels of a query.
    pub struct Query<'a> {
        /// The operation of the statement.
        pub operation: DatabaseOperationType,
        /// The table that the statement uses.
        pub table: &'a str,
        /// The result of the statement.
        pub status: QueryStatus,
    }

    /// The labels of the duration of a query.
    pub struct QueryTime<'a> {
        /// The operation of the statement.
        pub operation: DatabaseOperationType,
        /// The table that the statement uses.
        pub table: &'a str,
    }

    /// The label of a connection pool.
    pub struct Pool<'a> {
        /// The name of the pool, if there is more than one.
        pub pool: Option<&'a str>,
    }

    /// The label of a connection error.
    pub struct ConnectionError<'a> {
        /// The cause of the error.
        pub error_type: &'a str,
    }
}

/// `database_queries_total`.
pub static DATABASE_QUERIES: Family<Counter, Query<'_>> =
    Family::counter("database_queries_total", "Total number of database queries").namespaced();

/// `database_query_duration_seconds`.
pub static DATABASE_QUERY_DURATION: Family<DurationHistogram, QueryTime<'_>> =
    Family::duration_histogram(
        "database_query_duration_seconds",
        "Database query duration in seconds",
    )
    .namespaced()
    .buckets(&[
        Duration::from_millis(1),
        Duration::from_micros(2_500),
        Duration::from_millis(5),
        Duration::from_millis(10),
        Duration::from_millis(25),
        Duration::from_millis(50),
        Duration::from_millis(100),
        Duration::from_millis(250),
        Duration::from_millis(500),
        Duration::from_secs(1),
        Duration::from_millis(2_500),
    ]);

/// `database_connection_pool_size`.
pub static DATABASE_CONNECTION_POOL_SIZE: Family<Gauge, Pool<'_>> =
    Family::gauge("database_connection_pool_size", "Current database connection pool size")
        .namespaced();

/// `database_connection_pool_checked_out`.
pub static DATABASE_CONNECTION_POOL_CHECKED_OUT: Family<Gauge, Pool<'_>> = Family::gauge(
    "database_connection_pool_checked_out",
    "Number of database connections currently checked out",
)
.namespaced();

/// `database_connection_pool_overflow`.
pub static DATABASE_CONNECTION_POOL_OVERFLOW: Family<Gauge, Pool<'_>> =
    Family::gauge("database_connection_pool_overflow", "Number of overflow database connections")
        .namespaced();

/// `database_connection_errors_total`.
pub static DATABASE_CONNECTION_ERRORS: Family<Counter, ConnectionError<'_>> = Family::counter(
    "database_connection_errors_total",
    "Total number of database connection errors",
)
.namespaced();

pub(super) static FAMILIES: [&FamilySpec; 6] = [
    DATABASE_QUERIES.spec(),
    DATABASE_QUERY_DURATION.spec(),
    DATABASE_CONNECTION_POOL_SIZE.spec(),
    DATABASE_CONNECTION_POOL_CHECKED_OUT.spec(),
    DATABASE_CONNECTION_POOL_OVERFLOW.spec(),
    DATABASE_CONNECTION_ERRORS.spec(),
];

/// The index after these families in a registry.
pub(super) const END: usize = policy::END + 6;

const QUERIES: Preregistered<Counter, Query<'_>> =
    Preregistered::find(&DATABASE_QUERIES, &FAMILIES, END);
const DURATION: Preregistered<DurationHistogram, QueryTime<'_>> =
    Preregistered::find(&DATABASE_QUERY_DURATION, &FAMILIES, END);
const SIZE: Preregistered<Gauge, Pool<'_>> =
    Preregistered::find(&DATABASE_CONNECTION_POOL_SIZE, &FAMILIES, END);
const CHECKED_OUT: Preregistered<Gauge, Pool<'_>> =
    Preregistered::find(&DATABASE_CONNECTION_POOL_CHECKED_OUT, &FAMILIES, END);
const OVERFLOW: Preregistered<Gauge, Pool<'_>> =
    Preregistered::find(&DATABASE_CONNECTION_POOL_OVERFLOW, &FAMILIES, END);
const ERRORS: Preregistered<Counter, ConnectionError<'_>> =
    Preregistered::find(&DATABASE_CONNECTION_ERRORS, &FAMILIES, END);

/// The numbers of a connection pool, as its owner knows them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PoolStats {
    /// The maximum number of connections of the pool.
    pub size: u64,
    /// The number of connections in use.
    pub checked_out: u64,
    /// The number of connections that were opened beyond those that the pool keeps.
    pub overflow: u64,
}

impl MetricsRegistry {
    /// Counts a query and its duration.
    #[inline]
    pub fn record_database_query(
        &self,
        operation: DatabaseOperationType,
        table: &str,
        status: QueryStatus,
        duration: Duration,
    ) {
        let query = Query { operation, table, status };
        self.count_and_observe(
            (QUERIES, query),
            (DURATION, QueryTime { operation, table }),
            duration,
        );
    }

    /// Returns the handle of queries with these labels. Series for success and error are on the page from now
    /// on, so that `rate()` shows the first error.
    #[must_use]
    pub fn database_query(
        &self,
        operation: DatabaseOperationType,
        table: &str,
    ) -> DatabaseQueryMetrics {
        let queries = |status| self.handle(QUERIES, Query { operation, table, status });
        DatabaseQueryMetrics {
            success: queries(QueryStatus::Success),
            error: queries(QueryStatus::Error),
            duration: self.handle(DURATION, QueryTime { operation, table }),
            unknown: Arc::new(UnknownEnds {
                metrics: self.clone(),
                operation,
                table: table.into(),
            }),
        }
    }

    /// Times a query. If the timer is dropped before it is finished, it records an error.
    pub fn time_database_query(
        &self,
        operation: DatabaseOperationType,
        table: &str,
    ) -> DatabaseQueryTimer {
        self.database_query(operation, table).time()
    }

    /// Sets the gauges of the connection pool.
    ///
    /// While an adapter observes a pool of this registry, the page shows the numbers of the adapter. The
    /// numbers passed here are then counted in `caracal_metrics_invalid_values_total`.
    pub fn update_connection_pool_stats(&self, stats: PoolStats) {
        for (gauge, value) in
            [(SIZE, stats.size), (CHECKED_OUT, stats.checked_out), (OVERFLOW, stats.overflow)]
        {
            self.set(gauge, Pool { pool: None }, value);
            let store = self.store(gauge);
            if store.is_attached_to() {
                store.count_invalid();
            }
        }
    }

    /// Counts a connection that could not be established or that broke.
    #[inline]
    pub fn record_database_connection_error(&self, error_type: &str) {
        self.count(ERRORS, ConnectionError { error_type });
    }

    /// Returns the handle of connection errors of this type. The series is on the page from now on.
    #[must_use]
    pub fn database_connection_error(&self, error_type: &str) -> Counter {
        self.handle(ERRORS, ConnectionError { error_type })
    }
}

/// Queries with one operation on one table.
#[derive(Clone, Debug)]
pub struct DatabaseQueryMetrics {
    success: Counter,
    error: Counter,
    duration: DurationHistogram,
    unknown: Arc<UnknownEnds>,
}

/// The series of queries with an unknown result. It is on the page only if there are such queries.
#[derive(Debug)]
struct UnknownEnds {
    metrics: MetricsRegistry,
    operation: DatabaseOperationType,
    table: Box<str>,
}

impl UnknownEnds {
    fn count(&self) {
        let Self { metrics, operation, table } = self;
        let status = QueryStatus::Unknown;
        metrics.count(QUERIES, Query { operation: *operation, table, status });
    }
}

impl DatabaseQueryMetrics {
    /// Counts a query and its duration.
    #[inline]
    pub fn record(&self, status: QueryStatus, duration: Duration) {
        match status {
            QueryStatus::Success => self.success.inc(),
            QueryStatus::Error => self.error.inc(),
            QueryStatus::Unknown => self.unknown.count(),
        }
        self.duration.observe(duration);
    }

    /// Times a query. If the timer is dropped before it is finished, it records an error.
    pub fn time(&self) -> DatabaseQueryTimer {
        DatabaseQueryTimer {
            metrics: self.clone(),
            status: QueryStatus::Error,
            stopwatch: Stopwatch::start(),
        }
    }
}

/// Times a database query, from the creation of the timer to the end of the query.
///
/// Finish it with [`success`](Self::success), [`error`](Self::error) or [`observe`](Self::observe). If it is
/// dropped unfinished (by an early `?`, a panic or a cancelled future), it records an error, because no result
/// was used.
///
/// ```
/// # extern crate caracal_metrics_core as caracal_metrics;
/// use caracal_metrics::{DatabaseOperationType, MetricsRegistry};
///
/// fn load(metrics: &MetricsRegistry, row: &str) -> Result<u32, std::num::ParseIntError> {
///     let timer = metrics.time_database_query(DatabaseOperationType::Select, "agents");
///     let answer = row.parse();
///     timer.observe(&answer);
///     answer
/// }
///
/// let metrics = MetricsRegistry::new();
/// load(&metrics, "7")?;
/// assert!(load(&metrics, "seven").is_err());
///
/// let count = |status| metrics.sample(
///     "caracal_database_queries_total",
///     &[("operation", "select"), ("table", "agents"), ("status", status)],
/// );
/// assert_eq!((count("success"), count("error")), (Some(1.0), Some(1.0)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Bind it to a name: `let _ =` drops it immediately, which records an error before the query begins. See
/// [`GaugeGuard`](crate::GaugeGuard) for the lint that finds this.
///
/// ```
/// # extern crate caracal_metrics_core as caracal_metrics;
/// # use caracal_metrics::{DatabaseOperationType, MetricsRegistry};
/// let metrics = MetricsRegistry::new();
/// let _ = metrics.time_database_query(DatabaseOperationType::Select, "agents");
/// let errors = [("operation", "select"), ("table", "agents"), ("status", "error")];
/// assert_eq!(metrics.sample("caracal_database_queries_total", &errors), Some(1.0));
/// ```
#[derive(Debug)]
#[must_use = "the query ends when the timer is finished or dropped"]
pub struct DatabaseQueryTimer {
    metrics: DatabaseQueryMetrics,
    status: QueryStatus,
    stopwatch: Stopwatch,
}

impl DatabaseQueryTimer {
    /// Records the query as successful.
    pub fn success(mut self) {
        self.status = QueryStatus::Success;
    }

    /// Records the query as failed.
    pub fn error(self) {
        drop(self);
    }

    /// Records the query as successful or failed, depending on its result.
    pub fn observe<T, E>(self, result: &Result<T, E>) {
        match result {
            Ok(_) => self.success(),
            Err(_) => self.error(),
        }
    }
}

impl Drop for DatabaseQueryTimer {
    fn drop(&mut self) {
        self.metrics.record(self.status, self.stopwatch.elapsed());
    }
}
