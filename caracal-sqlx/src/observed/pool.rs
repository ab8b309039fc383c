//! The wrapped pool.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use async_stream::try_stream;
use futures_util::future::BoxFuture;
use futures_util::stream::{BoxStream, TryStreamExt};
use sqlx::pool::{PoolConnection, PoolOptions};
use sqlx::{Either, Error, Execute, Executor, Pool, Transaction};

use super::{ObservedConnection, ObservedTransaction};
use crate::call::{Answers, Call};
use crate::connection_error::{ConnectionErrorType, ConnectionErrors, classify_connection_error};
use crate::driver::Driver;
use crate::query::OwnedQuery;
use crate::recorder::{Hold, Recorder};
use crate::transactions::Begun;
use crate::version::{BeginStatement, StatementText, prepare_and_describe};

/// A pool whose queries are counted and timed. See the [crate's documentation](crate).
///
/// Cloning it is cheap. The series are removed from the output when the last clone and the last of its
/// connections, transactions and streams are dropped, or when the pool is closed. Until then it keeps
/// the pool open, like any other clone of the pool.
#[must_use = "the pool's series leave the output when the last clone of this is dropped"]
pub struct ObservedPool<DB: Driver> {
    pool: Pool<DB>,
    recorder: Arc<Recorder>,
}

impl<DB: Driver> ObservedPool<DB> {
    pub(crate) fn new(pool: Pool<DB>, recorder: Arc<Recorder>) -> Self {
        Self { pool, recorder }
    }

    /// Returns sqlx's pool. The queries on it are not counted.
    #[must_use]
    pub fn inner(&self) -> &Pool<DB> {
        &self.pool
    }

    /// Stops observing, and returns sqlx's pool.
    #[must_use]
    pub fn into_inner(self) -> Pool<DB> {
        self.pool
    }

    /// Returns the name of the pool in the metrics, if it has one.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.recorder.instance.name()
    }

    /// Returns the counters of connection errors. Use them for errors that this wrapper does not see, such
    /// as those of a connection that you opened without the pool.
    #[must_use]
    pub fn connection_errors(&self) -> &ConnectionErrors {
        &self.recorder.errors
    }

    /// Takes a connection, as [`Pool::acquire`] does. The future does not borrow the pool.
    ///
    /// # Errors
    ///
    /// Returns the error of [`Pool::acquire`].
    pub fn acquire(
        &self,
    ) -> impl Future<Output = Result<ObservedConnection<DB>, Error>> + Send + use<DB> {
        let pool = self.clone();
        async move {
            let taken = pool.take().await;
            taken
                .map(|(connection, hold)| ObservedConnection::new(connection, &pool.recorder, hold))
                .inspect_err(|error| pool.recorder.errors.observe(error))
        }
    }

    /// Takes a connection if one is idle, as [`Pool::try_acquire`] does.
    #[must_use]
    pub fn try_acquire(&self) -> Option<ObservedConnection<DB>> {
        let connection = self.pool.try_acquire()?;
        Some(ObservedConnection::new(connection, &self.recorder, Hold::new(&self.recorder)))
    }

    /// Takes a connection and begins a transaction, as [`Pool::begin`] does. The future does not
    /// borrow the pool.
    ///
    /// # Errors
    ///
    /// Returns the error of [`Pool::begin`].
    pub fn begin(
        &self,
    ) -> impl Future<Output = Result<ObservedTransaction<'static, DB>, Error>> + Send + use<DB>
    {
        self.clone().begin_on(None, None)
    }

    /// Takes a connection and begins a transaction with this statement, as [`Pool::begin_with`]
    /// does.
    ///
    /// # Errors
    ///
    /// Returns the error of [`Pool::begin_with`].
    pub async fn begin_with(
        &self,
        statement: impl BeginStatement,
    ) -> Result<ObservedTransaction<'static, DB>, Error> {
        self.clone().begin_on(None, Some(statement.into_text())).await
    }

    /// Begins a transaction if a connection is idle, as [`Pool::try_begin`] does.
    ///
    /// # Errors
    ///
    /// Returns the error of [`Pool::try_begin`].
    pub async fn try_begin(&self) -> Result<Option<ObservedTransaction<'static, DB>>, Error> {
        let Some(connection) = self.pool.try_acquire() else { return Ok(None) };
        let taken = (connection, Hold::new(&self.recorder));
        self.clone().begin_on(Some(taken), None).await.map(Some)
    }

    /// Closes the pool, as [`Pool::close`] does. The next scrape no longer contains its gauges.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    /// Returns whether the pool was closed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.pool.is_closed()
    }

    /// Returns the options of the pool.
    #[must_use]
    pub fn options(&self) -> &PoolOptions<DB> {
        self.pool.options()
    }

    /// Returns the number of open connections, including idle ones.
    #[must_use]
    pub fn size(&self) -> u32 {
        self.pool.size()
    }

    /// Returns the number of idle connections.
    #[must_use]
    pub fn num_idle(&self) -> usize {
        self.pool.num_idle()
    }

    pub(super) fn recorder(&self) -> &Arc<Recorder> {
        &self.recorder
    }

    /// Waits for a connection. The caller counts the error.
    pub(super) async fn take(&self) -> Result<(PoolConnection<DB>, Hold), Error> {
        let waiting = self.recorder.waiting();
        let connection = self.pool.acquire().await;
        waiting.end(&connection);
        if let Err(error) = &connection
            && classify_connection_error(error).is_none()
        {
            // The same error is not the connection's if a statement fails with it, but here there was no
            // statement: the user may not connect to this database, or the file is not one of SQLite.
            self.recorder.errors.record(ConnectionErrorType::Other);
        }
        Ok((connection?, Hold::new(&self.recorder)))
    }

    async fn begin_on(
        self,
        taken: Option<(PoolConnection<DB>, Hold)>,
        statement: Option<StatementText>,
    ) -> Result<ObservedTransaction<'static, DB>, Error> {
        let transaction = self.begun(taken, statement).await;
        transaction.inspect_err(|error| self.recorder.errors.observe(error))
    }

    async fn begun(
        &self,
        taken: Option<(PoolConnection<DB>, Hold)>,
        statement: Option<StatementText>,
    ) -> Result<ObservedTransaction<'static, DB>, Error> {
        let (connection, hold) = match taken {
            Some(taken) => taken,
            None => self.take().await?,
        };
        let since = Instant::now();
        let transaction = Transaction::begin(connection, statement).await?;
        let begun = Begun::new(&self.recorder.transactions, false, since);
        Ok(ObservedTransaction::new(transaction, &self.recorder, begun, Some(hold)))
    }
}

impl<DB: Driver> Clone for ObservedPool<DB> {
    fn clone(&self) -> Self {
        Self { pool: self.pool.clone(), recorder: Arc::clone(&self.recorder) }
    }
}

impl<DB: Driver> fmt::Debug for ObservedPool<DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ObservedPool")
            .field("name", &self.name())
            .field("pool", &self.pool)
            .finish_non_exhaustive()
    }
}

impl<'p, DB: Driver> Executor<'p> for &'_ ObservedPool<DB> {
    type Database = DB;

    fn fetch_many<'e, 'q: 'e, E>(
        self,
        query: E,
    ) -> BoxStream<'e, Result<Either<DB::QueryResult, DB::Row>, Error>>
    where
        'p: 'e,
        E: 'q + Execute<'q, DB>,
    {
        let pool = self.clone();
        let query = OwnedQuery::new(query);
        let call = Call::new(&pool.recorder, query.text());
        let steps = try_stream! {
            let (mut connection, _hold) = pool.take().await?;
            let mut steps = pool.recorder.counted(DB::fetch_many(&mut connection, query));
            while let Some(step) = steps.try_next().await? {
                yield step;
            }
        };
        Box::pin(Answers::new(call, steps))
    }

    fn fetch_optional<'e, 'q: 'e, E>(
        self,
        query: E,
    ) -> BoxFuture<'e, Result<Option<DB::Row>, Error>>
    where
        'p: 'e,
        E: 'q + Execute<'q, DB>,
    {
        let pool = self.clone();
        let query = OwnedQuery::new(query);
        Box::pin(async move {
            let mut call = Call::new(&pool.recorder, query.text());
            call.begin();
            let row = async {
                let (mut connection, _hold) = pool.take().await?;
                pool.recorder.counted(DB::fetch_optional(&mut connection, query)).await
            };
            let row = row.await;
            call.end(&row);
            row
        })
    }

    prepare_and_describe! {
        'p, pool, sql, parameters,
        prepare: {
            let pool = pool.clone();
            async move { pool.acquire().await?.prepare_with(sql, parameters).await }
        },
        describe: {
            let pool = pool.clone();
            async move { pool.acquire().await?.describe(sql).await }
        },
    }
}
