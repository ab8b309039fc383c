//! What a wrapped pool records into.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use caracal_metrics_core::adapter::{Instance, InstanceBuilder, Stopwatch};
use caracal_metrics_core::catalogue::Pool;
use caracal_metrics_core::{
    AttachError, Counter, DatabaseQueryMetrics, DurationHistogram, MetricsRegistry,
};
use sqlx::Error;

use crate::connection_error::ConnectionErrors;
use crate::families::{
    DATABASE_CONNECTION_POOL_ACQUIRE_DURATION, DATABASE_CONNECTION_POOL_ACQUIRE_TIMEOUTS,
    DATABASE_CONNECTION_POOL_HOLD_DURATION,
};
use crate::sql::{Dialect, QueryCache};

/// What the clones of a wrapped pool, its connections and its transactions share.
#[derive(Debug)]
pub(crate) struct Recorder {
    queries: QueryCache,
    pub(crate) errors: ConnectionErrors,
    waits: Waits,
    pub(crate) instance: Instance,
}

impl Recorder {
    pub(crate) fn new(
        metrics: &MetricsRegistry,
        dialect: Dialect,
        waits: Waits,
        instance: Instance,
    ) -> Arc<Self> {
        Arc::new(Self {
            queries: QueryCache::new(metrics, dialect),
            errors: ConnectionErrors::new(metrics),
            waits,
            instance,
        })
    }

    /// The series of queries like this one.
    pub(crate) fn query(&self, text: &str) -> DatabaseQueryMetrics {
        self.queries.get(text)
    }

    /// Counts somebody as waiting for a connection, and times the wait.
    pub(crate) fn waiting(&self) -> Waiting<'_> {
        self.waits.pending.fetch_add(1, Relaxed);
        Waiting { waits: &self.waits, since: Stopwatch::start() }
    }
}

/// What is known of those who want a connection, and of those who have one.
#[derive(Debug)]
pub(crate) struct Waits {
    /// Its own, as the scrape must not hold the instance that it reads for.
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

    pub(crate) fn pending(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.pending)
    }
}

/// One who waits for a connection, until it is dropped.
pub(crate) struct Waiting<'r> {
    waits: &'r Waits,
    since: Stopwatch,
}

impl Waiting<'_> {
    /// The wait is over: with a connection, or without one.
    pub(crate) fn end<T>(self, result: &Result<T, Error>) {
        if let Err(Error::PoolTimedOut) = result {
            self.waits.timeouts.inc();
        }
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
