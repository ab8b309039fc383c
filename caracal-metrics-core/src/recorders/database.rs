//! Database queries, pools and connection errors.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::adapter::InstanceKind;
use crate::catalogue::Metric;
use crate::core::{Core, Series};
use crate::labels::{DatabaseOperationType, QueryStatus};
use crate::registry::MetricsRegistry;
use crate::series::Labels;

/// The closed part of a query's labels, operation before status.
#[inline]
fn query_labels(operation: DatabaseOperationType, status: QueryStatus) -> u32 {
    operation.index() * QueryStatus::COUNT + status.index()
}

/// The numbers of a connection pool, as its owner knows them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PoolStats {
    /// How many connections the pool may hold.
    pub size: u64,
    /// How many are in use.
    pub checked_out: u64,
    /// How many it opened beyond those that it keeps.
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
        let core = self.core();
        let closed = query_labels(operation, status);
        core.count(Metric::DatabaseQueries, Labels { closed, open: [table] });
        let labels = Labels { closed: operation.index(), open: [table] };
        core.time(Metric::DatabaseQueryDuration, labels, duration);
    }

    /// The handle of queries with these labels. Both outcomes stand in the output from now on, so
    /// that the first error shows in `rate()`.
    #[must_use]
    pub fn database_query(
        &self,
        operation: DatabaseOperationType,
        table: &str,
    ) -> DatabaseQueryMetrics {
        let core = self.core();
        let queries = |status| {
            let closed = query_labels(operation, status);
            core.series(Metric::DatabaseQueries, Labels { closed, open: [table] })
        };
        let labels = Labels { closed: operation.index(), open: [table] };
        DatabaseQueryMetrics {
            success: queries(QueryStatus::Success),
            error: queries(QueryStatus::Error),
            duration: core.series(Metric::DatabaseQueryDuration, labels),
            core: Arc::clone(core),
        }
    }

    /// Times a query. Dropped before it is finished, the timer records an error.
    pub fn time_database_query(
        &self,
        operation: DatabaseOperationType,
        table: &str,
    ) -> DatabaseQueryTimer {
        self.database_query(operation, table).time()
    }

    /// Sets the gauges of the connection pool.
    ///
    /// While an adapter observes a pool of this registry, its numbers stand in the output and these
    /// are counted in `caracal_metrics_invalid_values_total`.
    pub fn update_connection_pool_stats(&self, stats: PoolStats) {
        let core = self.core();
        let observed = core.instances.lock().any(InstanceKind::ConnectionPool);
        for (metric, value) in [
            (Metric::DatabaseConnectionPoolSize, stats.size),
            (Metric::DatabaseConnectionPoolCheckedOut, stats.checked_out),
            (Metric::DatabaseConnectionPoolOverflow, stats.overflow),
        ] {
            core.set(core.series(metric, Labels { closed: 0, open: [""] }), value);
            if observed {
                core.count_invalid(metric);
            }
        }
    }

    /// Counts a connection that could not be had or broke.
    #[inline]
    pub fn record_database_connection_error(&self, error_type: &str) {
        let labels = Labels { closed: 0, open: [error_type] };
        let core = self.core();
        core.count(Metric::DatabaseConnectionErrors, labels);
    }

    /// The handle of connection errors of this type; they stand in the output from now on.
    #[must_use]
    pub fn database_connection_error(&self, error_type: &str) -> DatabaseConnectionErrorMetrics {
        let labels = Labels { closed: 0, open: [error_type] };
        let series = self.core().series(Metric::DatabaseConnectionErrors, labels);
        DatabaseConnectionErrorMetrics { core: Arc::clone(self.core()), series }
    }
}

/// Queries of one operation on one table.
#[derive(Clone, Debug)]
pub struct DatabaseQueryMetrics {
    core: Arc<Core>,
    success: Series,
    error: Series,
    duration: Series,
}

impl DatabaseQueryMetrics {
    /// Counts a query and its duration.
    #[inline]
    pub fn record(&self, status: QueryStatus, duration: Duration) {
        let queries = match status {
            QueryStatus::Success => self.success,
            QueryStatus::Error => self.error,
        };
        self.core.increment(queries);
        self.core.observe(self.duration, duration);
    }

    /// Times a query. Dropped before it is finished, the timer records an error.
    pub fn time(&self) -> DatabaseQueryTimer {
        DatabaseQueryTimer {
            metrics: self.clone(),
            status: QueryStatus::Error,
            start: Instant::now(),
        }
    }
}

/// Connection errors of one type.
#[derive(Clone, Debug)]
pub struct DatabaseConnectionErrorMetrics {
    core: Arc<Core>,
    series: Series,
}

impl DatabaseConnectionErrorMetrics {
    /// Counts one.
    #[inline]
    pub fn record(&self) {
        self.core.increment(self.series);
    }
}

/// Times a database query, from its making to its end.
///
/// Finish it with [`success`](Self::success), [`error`](Self::error) or [`observe`](Self::observe).
/// Dropped unfinished, by an early `?`, a panic or a cancelled future, it records an error: no
/// answer came that anyone used.
///
/// ```
/// use caracal_metrics_core::{DatabaseOperationType, MetricsRegistry};
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
/// Bind it to a name: `let _ =` drops it at once, which records an error before the query begins. See
/// [`InFlightGuard`](crate::InFlightGuard) for the lint that finds this.
///
/// ```
/// # use caracal_metrics_core::{DatabaseOperationType, MetricsRegistry};
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
    start: Instant,
}

impl DatabaseQueryTimer {
    /// Ends the query as answered.
    pub fn success(mut self) {
        self.status = QueryStatus::Success;
    }

    /// Ends the query as failed.
    pub fn error(self) {
        drop(self);
    }

    /// Ends the query as its result says.
    pub fn observe<T, E>(self, result: &Result<T, E>) {
        match result {
            Ok(_) => self.success(),
            Err(_) => self.error(),
        }
    }
}

impl Drop for DatabaseQueryTimer {
    fn drop(&mut self) {
        self.metrics.record(self.status, self.start.elapsed());
    }
}
