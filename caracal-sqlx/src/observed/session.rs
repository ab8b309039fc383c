//! The session that queries run on: a connection of a wrapped pool, possibly in a transaction.

use std::fmt;
use std::sync::Arc;

use sqlx::pool::PoolConnection;
use sqlx::{Connection, Transaction};

use super::ObservedPool;
use crate::driver::Driver;
use crate::recorder::Recorder;

/// A session with the database, whose queries are counted and timed.
///
/// [`ObservedConnection`](crate::ObservedConnection) and [`ObservedTransaction`](crate::ObservedTransaction)
/// dereference to it, just as sqlx's types dereference to a connection. `&mut *connection` and
/// `&mut *transaction` are therefore `Executor`s. A function that runs several queries on one connection takes
/// `&mut ObservedSession<'_, Postgres>` instead of `&mut PgConnection`.
pub struct ObservedSession<'c, DB: Driver> {
    pub(super) link: Link<'c, DB>,
    pub(super) recorder: Arc<Recorder>,
}

/// The connection of a session.
pub(super) enum Link<'c, DB: Driver> {
    Connection(PoolConnection<DB>),
    Transaction(Transaction<'c, DB>),
    /// A connection that other code holds.
    Borrowed(&'c mut DB::Connection),
}

impl<'c, DB: Driver> Link<'c, DB> {
    pub(super) fn into_connection(self) -> PoolConnection<DB> {
        match self {
            Self::Connection(connection) => connection,
            Self::Transaction(_) | Self::Borrowed(_) => {
                unreachable!("an ObservedConnection holds a connection")
            }
        }
    }

    pub(super) fn into_transaction(self) -> Transaction<'c, DB> {
        match self {
            Self::Transaction(transaction) => transaction,
            Self::Connection(_) | Self::Borrowed(_) => {
                unreachable!("an ObservedTransaction holds a transaction")
            }
        }
    }

    pub(super) fn connection(&self) -> &DB::Connection {
        match self {
            Self::Connection(connection) => connection,
            Self::Transaction(transaction) => transaction,
            Self::Borrowed(connection) => connection,
        }
    }

    /// Whether a transaction that is begun here is a savepoint.
    pub(super) fn is_in_transaction(&self) -> bool {
        match self {
            Self::Connection(_) => false,
            Self::Transaction(_) => true,
            Self::Borrowed(connection) => connection.is_in_transaction(),
        }
    }
}

impl<DB: Driver> ObservedPool<DB> {
    /// Returns a session on a connection of sqlx. Its queries are counted as queries of this pool.
    ///
    /// Use it where you have only sqlx's connection: under a `PgAdvisoryLockGuard`, in a hook of the pool, or
    /// in code that is generic over `Acquire`.
    ///
    #[cfg_attr(feature = "sqlite", doc = "```")]
    #[cfg_attr(not(feature = "sqlite"), doc = "```ignore")]
    /// # mod caracal_metrics { pub use caracal_metrics_core::*; pub use caracal_sqlx as sqlx; }
    /// use caracal_metrics::MetricsRegistry;
    /// use caracal_metrics::sqlx::PoolObserver;
    /// use sqlx::Acquire;
    /// # use sqlx::sqlite::SqlitePoolOptions;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let pool = SqlitePoolOptions::new().max_connections(1).connect("sqlite::memory:").await?;
    /// let metrics = MetricsRegistry::new();
    /// let pool = PoolObserver::new(&pool).wrap(&metrics)?;
    /// let mut connection = Acquire::acquire(&pool).await?;
    /// sqlx::query("CREATE TABLE agents (id INTEGER)").execute(&mut pool.session(&mut connection)).await?;
    ///
    /// let created = &[("operation", "other"), ("table", "agents"), ("status", "success")];
    /// assert_eq!(metrics.sample("caracal_database_queries_total", created), Some(1.0));
    /// # Ok(())
    /// # }
    /// ```
    pub fn session<'c>(&self, connection: &'c mut DB::Connection) -> ObservedSession<'c, DB> {
        ObservedSession { link: Link::Borrowed(connection), recorder: Arc::clone(self.recorder()) }
    }
}

impl<DB: Driver> ObservedSession<'_, DB> {
    /// Returns sqlx's connection. The queries on it are not counted.
    #[must_use]
    pub fn inner(&mut self) -> &mut DB::Connection {
        match &mut self.link {
            Link::Connection(connection) => connection,
            Link::Transaction(transaction) => transaction,
            Link::Borrowed(connection) => connection,
        }
    }
}

impl<DB: Driver> fmt::Debug for ObservedSession<'_, DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let link: &dyn fmt::Debug = match &self.link {
            Link::Connection(connection) => connection,
            Link::Transaction(transaction) => transaction,
            Link::Borrowed(_) => &"borrowed",
        };
        f.debug_struct("ObservedSession").field("link", link).finish_non_exhaustive()
    }
}
