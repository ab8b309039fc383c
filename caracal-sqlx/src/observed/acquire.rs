//! Wrapped pools, connections and transactions for code that takes sqlx's own types.

use std::ops::{Deref, DerefMut};

use futures_util::future::{BoxFuture, FutureExt};
use sqlx::pool::PoolConnection;
use sqlx::{Acquire, Error, Transaction};

use super::{ObservedConnection, ObservedPool, ObservedSession, ObservedTransaction};
use crate::driver::Driver;
use crate::recorder::Hold;

/// A connection of a wrapped pool that was taken through sqlx's `Acquire`.
///
/// It dereferences to sqlx's connection, as the trait demands, so its queries are not counted. The wait
/// for the connection and the time that it is held are.
#[derive(Debug)]
#[must_use = "the connection goes back to its pool when this is dropped"]
pub struct AcquiredConnection<DB: Driver> {
    connection: PoolConnection<DB>,
    _hold: Hold,
}

impl<DB: Driver> Deref for AcquiredConnection<DB> {
    type Target = DB::Connection;

    fn deref(&self) -> &Self::Target {
        &self.connection
    }
}

impl<DB: Driver> DerefMut for AcquiredConnection<DB> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.connection
    }
}

/// For code that is generic over sqlx's `Acquire`, such as `migrate!().run(&pool)`.
///
/// The wait for the connection and its errors are counted. The trait returns sqlx's own connections and
/// transactions, so the queries and transactions that run on them are not.
impl<'a, DB: Driver> Acquire<'a> for &ObservedPool<DB> {
    type Database = DB;
    type Connection = AcquiredConnection<DB>;

    fn acquire(self) -> BoxFuture<'a, Result<Self::Connection, Error>> {
        let pool = self.clone();
        async move {
            let taken = pool.take().await;
            taken
                .map(|(connection, hold)| AcquiredConnection { connection, _hold: hold })
                .inspect_err(|error| pool.connection_errors().observe(error))
        }
        .boxed()
    }

    fn begin(self) -> BoxFuture<'a, Result<Transaction<'a, DB>, Error>> {
        let pool = self.clone();
        async move {
            let begun = async {
                let (connection, _hold) = pool.take().await?;
                Transaction::begin(connection, None).await
            };
            begun.await.inspect_err(|error| pool.connection_errors().observe(error))
        }
        .boxed()
    }
}

/// Gives access to sqlx's connection. The queries on it are not counted.
macro_rules! bare_connection {
    ($wrapper:ty) => {
        impl<DB: Driver> AsMut<DB::Connection> for $wrapper {
            /// Returns sqlx's connection. The wrapper does not count the queries on it.
            fn as_mut(&mut self) -> &mut DB::Connection {
                self.inner()
            }
        }

        impl<DB: Driver> AsRef<DB::Connection> for $wrapper {
            /// Returns sqlx's connection, for example for the guard of a `PgAdvisoryLock`.
            fn as_ref(&self) -> &DB::Connection {
                self.link.connection()
            }
        }

        impl<'c, DB: Driver> Acquire<'c> for &'c mut $wrapper {
            type Database = DB;
            type Connection = &'c mut DB::Connection;

            fn acquire(self) -> BoxFuture<'c, Result<Self::Connection, Error>> {
                Box::pin(std::future::ready(Ok(self.inner())))
            }

            fn begin(self) -> BoxFuture<'c, Result<Transaction<'c, DB>, Error>> {
                Box::pin(Transaction::begin(self.inner(), None))
            }
        }
    };
}

bare_connection!(ObservedSession<'_, DB>);
bare_connection!(ObservedConnection<DB>);
bare_connection!(ObservedTransaction<'_, DB>);
