//! Connections that a pool opens and closes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use caracal_metrics_core::AttachError;
use caracal_metrics_core::adapter::{Gauges, InstanceBuilder, SampledCounter};
use caracal_metrics_core::catalogue::Pool as PoolLabel;
use futures_util::future::{BoxFuture, FutureExt};
use sqlx::pool::{PoolConnectionMetadata, PoolOptions};
use sqlx::{Database, Error};

use crate::families::{
    DATABASE_CONNECTION_POOL_CLOSED_CONNECTIONS, DATABASE_CONNECTION_POOL_OPENED_CONNECTIONS,
};

/// Counts the connections of one pool: those that it opened, and those that it closed.
///
/// sqlx has a hook for a connection that was opened, `after_connect`, but only before the pool is made.
/// So the counter is given to the pool's options first, and then to its
/// [observer](crate::PoolObserver::connections).
///
/// - `caracal_database_connection_pool_opened_connections_total` counts the connections that sqlx
///   established, whatever an `after_connect` of yours makes of them.
/// - `caracal_database_connection_pool_closed_connections_total` counts those that are no longer the
///   pool's: closed, broken or detached. It is the difference between those opened and the pool's size,
///   so a connection that is being dialled hides one that was closed until it is there.
///
/// sqlx tells nobody why it closes a connection (its lifetime, an idle timeout, an error), how old the
/// connections are, or how long it took to connect: there are no families for these.
///
/// ```
/// # mod caracal_metrics { pub use caracal_metrics_core::*; pub use caracal_sqlx as sqlx; }
/// use caracal_metrics::MetricsRegistry;
/// use caracal_metrics::sqlx::{ConnectionCounter, PoolObserver};
/// use sqlx::sqlite::SqlitePoolOptions;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let connections = ConnectionCounter::new();
/// let options = connections.count(SqlitePoolOptions::new());
/// let pool = options.connect("sqlite::memory:").await?;
///
/// let metrics = MetricsRegistry::new();
/// let pool = PoolObserver::new(&pool).connections(&connections).wrap(&metrics)?;
/// pool.acquire().await?.close().await?;
///
/// let count = |name| metrics.sample(name, &[]);
/// assert_eq!(count("caracal_database_connection_pool_opened_connections_total"), Some(1.0));
/// assert_eq!(count("caracal_database_connection_pool_closed_connections_total"), Some(1.0));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "it counts nothing until it is given to the pool's options and to its observer"]
pub struct ConnectionCounter {
    opened: Arc<AtomicU64>,
}

impl ConnectionCounter {
    /// A counter for one pool.
    pub fn new() -> Self {
        Self::default()
    }

    /// Has the pool of these options count. It replaces the options' `after_connect`: if you have a
    /// hook of your own, use [`after_connect`](Self::after_connect).
    #[must_use]
    pub fn count<DB: Database>(&self, options: PoolOptions<DB>) -> PoolOptions<DB> {
        options
            .after_connect(self.after_connect::<DB, _>(|_, _| std::future::ready(Ok(())).boxed()))
    }

    /// A hook for `PoolOptions::after_connect` that counts, and then runs yours.
    pub fn after_connect<DB, F>(
        &self,
        hook: F,
    ) -> impl for<'c> Fn(
        &'c mut DB::Connection,
        PoolConnectionMetadata,
    ) -> BoxFuture<'c, Result<(), Error>>
    + Send
    + Sync
    + 'static
    + use<DB, F>
    where
        DB: Database,
        F: for<'c> Fn(
                &'c mut DB::Connection,
                PoolConnectionMetadata,
            ) -> BoxFuture<'c, Result<(), Error>>
            + Send
            + Sync
            + 'static,
    {
        let opened = Arc::clone(&self.opened);
        move |connection, metadata| {
            opened.fetch_add(1, Relaxed);
            hook(connection, metadata)
        }
    }

    /// Puts the counts into the output.
    pub(crate) fn attach(
        &self,
        builder: &mut InstanceBuilder,
        label: PoolLabel<'_>,
    ) -> Result<ConnectionCounts, AttachError> {
        Ok(ConnectionCounts {
            opened: builder.sampled_counter(&DATABASE_CONNECTION_POOL_OPENED_CONNECTIONS, label)?,
            closed: builder.sampled_counter(&DATABASE_CONNECTION_POOL_CLOSED_CONNECTIONS, label)?,
            counter: self.clone(),
            shown_opened: AtomicU64::new(0),
            shown_closed: AtomicU64::new(0),
        })
    }
}

/// What the output has of a counter.
pub(crate) struct ConnectionCounts {
    opened: SampledCounter,
    closed: SampledCounter,
    counter: ConnectionCounter,
    shown_opened: AtomicU64,
    shown_closed: AtomicU64,
}

impl ConnectionCounts {
    /// Adds what has come since the last scrape. Scrapes of one instance do not overlap.
    pub(crate) fn read(&self, scrape: &Gauges<'_>, size: impl FnOnce() -> u32) {
        // The size is read later. A connection has its place in it before it is opened, so the
        // difference is never more than were closed.
        let opened = self.counter.opened.load(Relaxed);
        let closed = opened.saturating_sub(size().into());
        for (counter, shown, now) in
            [(self.opened, &self.shown_opened, opened), (self.closed, &self.shown_closed, closed)]
        {
            let before = shown.fetch_max(now, Relaxed);
            scrape.add(counter, now.saturating_sub(before));
        }
    }
}
