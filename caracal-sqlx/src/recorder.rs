//! The recorder of a wrapped pool.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use caracal_metrics_core::adapter::{Instance, InstanceBuilder, Stopwatch};
use caracal_metrics_core::catalogue::Pool;
use caracal_metrics_core::{
    AttachError, Counter, DatabaseQueryMetrics, DurationHistogram, MetricsRegistry,
};
use sqlx::Error;

use crate::connection_error::ConnectionErrors;
use crate::counted::{Counted, counted};
use crate::families::{
    DATABASE_CONNECTION_POOL_ACQUIRE_DURATION, DATABASE_CONNECTION_POOL_ACQUIRE_TIMEOUTS,
    DATABASE_CONNECTION_POOL_HOLD_DURATION,
};
use crate::sql::{Dialect, QueryCache, classify, controls_transaction};
use crate::transactions::Transactions;

/// The state that the clones of a wrapped pool, its connections and its transactions share.
#[derive(Debug)]
pub(crate) struct Recorder {
    metrics: MetricsRegistry,
    dialect: Dialect,
    queries: QueryCache<Option<DatabaseQueryMetrics>>,
    pub(crate) errors: ConnectionErrors,
    waits: Waits,
    pub(crate) transactions: Arc<Transactions>,
    pub(crate) instance: Instance,
}

impl Recorder {
    pub(crate) fn new(
        metrics: &MetricsRegistry,
        dialect: Dialect,
        waits: Waits,
        transactions: Arc<Transactions>,
        instance: Instance,
    ) -> Arc<Self> {
        Arc::new(Self {
            metrics: metrics.clone(),
            dialect,
            queries: QueryCache::new(dialect),
            errors: ConnectionErrors::new(metrics),
            waits,
            transactions,
            instance,
        })
    }

    /// The series of queries with this text. Statements that begin or end transactions have none.
    pub(crate) fn query(&self, text: &str) -> Arc<Option<DatabaseQueryMetrics>> {
        self.queries.get(text, |text, dialect| {
            if controls_transaction(text, dialect) {
                return None;
            }
            let statement = classify(text, dialect);
            Some(self.metrics.database_query(statement.operation, statement.table()))
        })
    }

    /// Marks a future or a stream of the driver as part of a query that is counted here.
    pub(crate) fn counted<F>(&self, run: F) -> Counted<F> {
        counted(self.dialect, run)
    }

    /// Counts a timeout if the wait for a connection ended with one. The wait itself is not timed.
    #[cfg(feature = "postgres")]
    pub(crate) fn timed_out<T>(&self, result: &Result<T, Error>) {
        self.waits.timed_out(result);
    }

    /// Counts a caller as waiting for a connection, and times the wait.
    pub(crate) fn waiting(&self) -> Waiting<'_> {
        self.waits.pending.fetch_add(1, Relaxed);
        Waiting { waits: &self.waits, since: Stopwatch::start() }
    }
}

/// The metrics of callers that wait for a connection or hold one.
#[derive(Debug)]
pub(crate) struct Waits {
    /// Separately allocated, because the scrape must not hold the instance that it reads for.
    pending: Arc<AtomicU64>,
    acquire: DurationHistogram,
    hold: DurationHistogram,
    timeouts: Counter,
}

impl Waits {
    pub(crate) fn new(builder: &mut InstanceBuilder, label: Pool<'_>) -> Result<Self, AttachError> {
        Ok(Self {
            pending: Arc::default(),
            acquire: builder.series(&DATABASE_CONNECTION_POOL_ACQUIRE_DURATION, label)?,
            hold: builder.series(&DATABASE_CONNECTION_POOL_HOLD_DURATION, label)?,
            timeouts: builder.series(&DATABASE_CONNECTION_POOL_ACQUIRE_TIMEOUTS, label)?,
        })
    }

    fn timed_out<T>(&self, result: &Result<T, Error>) {
        if let Err(Error::PoolTimedOut) = result {
            self.timeouts.inc();
        }
    }

    pub(crate) fn pending(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.pending)
    }
}

/// A caller that waits for a connection, until this is dropped.
pub(crate) struct Waiting<'r> {
    waits: &'r Waits,
    since: Stopwatch,
}

impl Waiting<'_> {
    /// Ends the wait, with a connection or without one.
    pub(crate) fn end<T>(self, result: &Result<T, Error>) {
        self.waits.timed_out(result);
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.waits.pending.fetch_sub(1, Relaxed);
        self.waits.acquire.observe(self.since.elapsed());
    }
}

/// Times how long a connection is away from its pool.
#[derive(Debug)]
pub(crate) struct Hold {
    recorder: Arc<Recorder>,
    since: Stopwatch,
}

impl Hold {
    pub(crate) fn new(recorder: &Arc<Recorder>) -> Self {
        Self { recorder: Arc::clone(recorder), since: Stopwatch::start() }
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.recorder.waits.hold.observe(self.since.elapsed());
    }
}
