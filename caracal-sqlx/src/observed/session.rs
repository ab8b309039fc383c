//! What queries run on: a connection of a wrapped pool, plain or in a transaction.

use std::fmt;
use std::sync::Arc;

use sqlx::Transaction;
use sqlx::pool::PoolConnection;

use crate::driver::Driver;
use crate::recorder::Recorder;

/// A session with the database, whose queries are counted and timed.
///
/// [`ObservedConnection`](crate::ObservedConnection) and
/// [`ObservedTransaction`](crate::ObservedTransaction) dereference to it, as sqlx's own do to a connection: `&mut *connection`
/// and `&mut *transaction` are `Executor`s, and a function that runs several queries on one
/// connection takes `&mut ObservedSession<'_, Postgres>` where it would take `&mut PgConnection`.
pub struct ObservedSession<'c, DB: Driver> {
    pub(super) link: Link<'c, DB>,
    pub(super) recorder: Arc<Recorder>,
}

/// What the session holds on to.
pub(super) enum Link<'c, DB: Driver> {
    Connection(PoolConnection<DB>),
    Transaction(Transaction<'c, DB>),
}

impl<'c, DB: Driver> Link<'c, DB> {
    pub(super) fn into_connection(self) -> PoolConnection<DB> {
        match self {
            Self::Connection(connection) => connection,
            Self::Transaction(_) => unreachable!("an ObservedConnection holds a connection"),
        }
    }

    pub(super) fn into_transaction(self) -> Transaction<'c, DB> {
        match self {
            Self::Transaction(transaction) => transaction,
            Self::Connection(_) => unreachable!("an ObservedTransaction holds a transaction"),
        }
    }
}

impl<DB: Driver> ObservedSession<'_, DB> {
    /// The connection itself, for what takes one of sqlx's. What runs on it is not counted.
    #[must_use]
    pub fn inner(&mut self) -> &mut DB::Connection {
        match &mut self.link {
            Link::Connection(connection) => connection,
            Link::Transaction(transaction) => transaction,
        }
    }
}

impl<DB: Driver> fmt::Debug for ObservedSession<'_, DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let link: &dyn fmt::Debug = match &self.link {
            Link::Connection(connection) => connection,
            Link::Transaction(transaction) => transaction,
        };
        f.debug_struct("ObservedSession").field("link", link).finish_non_exhaustive()
    }
}
