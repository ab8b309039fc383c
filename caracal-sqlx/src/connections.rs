//! The connections that a pool opens and closes.

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

/// Counts the connections that one pool opened and closed.
///
/// sqlx calls the hook `after_connect` when it has opened a connection. The hook can be set only before the
/// pool is created. Give the counter first to the pool's options, and then to the pool's
/// [observer](crate::PoolObserver::connections).
///
/// - `caracal_database_connection_pool_opened_connections_total` counts the connections that sqlx
///   established, even if your own `after_connect` rejects them.
/// - `caracal_database_connection_pool_closed_connections_total` counts the connections that left the
///   pool because they were closed, broken or detached. It is the difference between the opened connections
///   and the pool's size. So a connection that is being opened hides a closed one until it is established.
///
/// There are no families for the reason why a connection was closed, for the age of the oldest connection, and
/// for the time that connecting takes, because sqlx does not report them:
///
/// - A pool closes connections for their lifetime, an idle timeout or an error. No hook is called then.
/// - The hooks `before_acquire` and `after_release` get the age of one connection when it is used. Idle
///   connections, which are often the oldest, do not pass through a hook.
/// - No hook is called before the pool connects. The wait for a connection, which includes connecting, is in
///   `caracal_database_connection_pool_acquire_duration_seconds` of a wrapped pool.
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
    /// Creates a counter for one pool.
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes pools with these options count. It replaces the options' `after_connect`. If you have your own
    /// hook, use [`after_connect`](Self::after_connect).
    #[must_use]
    pub fn count<DB: Database>(&self, options: PoolOptions<DB>) -> PoolOptions<DB> {
        options
            .after_connect(self.after_connect::<DB, _>(|_, _| std::future::ready(Ok(())).boxed()))
    }

    /// Returns a hook for `PoolOptions::after_connect` that counts the connection and then runs your hook.
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

    /// Adds the counts to the output.
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

/// The counts of a counter that are in the output.
pub(crate) struct ConnectionCounts {
    opened: SampledCounter,
    closed: SampledCounter,
    counter: ConnectionCounter,
    shown_opened: AtomicU64,
    shown_closed: AtomicU64,
}

impl ConnectionCounts {
    /// Adds the connections since the last scrape. Scrapes of one instance do not overlap.
    pub(crate) fn read(&self, scrape: &Gauges<'_>, size: impl FnOnce() -> u32) {
        // The size is read after the opened connections. It includes a connection before that is opened, so
        // the difference is never more than the closed connections.
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
