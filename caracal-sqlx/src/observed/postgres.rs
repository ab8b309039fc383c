//! Features of Postgres: `COPY` and notifications.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::Stream;
use futures_util::stream::{BoxStream, StreamExt};
use sqlx::Error;
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnection, PgCopyIn, PgListener, PgPoolCopyExt, Postgres};

use super::{ObservedPool, ObservedSession};
use crate::call::{Answers, Call};
use crate::recorder::Hold;

impl ObservedPool<Postgres> {
    /// Begins a `COPY … FROM STDIN`, as sqlx's `PgPoolCopyExt::copy_in_raw` does.
    ///
    /// The copy counts as one query: see [`ObservedCopyIn`]. Its duration includes the wait for a
    /// connection. `caracal_database_connection_pool_acquire_duration_seconds` does not contain this wait,
    /// because sqlx does not report when it ends.
    ///
    /// # Errors
    ///
    /// Returns the error of [`Pool::acquire`](sqlx::Pool::acquire), or of the server if it does not accept
    /// the statement.
    pub async fn copy_in_raw(
        &self,
        statement: &str,
    ) -> Result<ObservedCopyIn<PoolConnection<Postgres>>, Error> {
        let mut call = Call::new(self.recorder(), statement);
        call.begin();
        let copy = PgPoolCopyExt::copy_in_raw(self.inner(), statement).await;
        let copy = self.taken(&mut call, copy)?;
        Ok(ObservedCopyIn { copy, call, hold: Some(Hold::new(self.recorder())) })
    }

    /// Begins a `COPY … TO STDOUT`, as sqlx's `PgPoolCopyExt::copy_out_raw` does.
    ///
    /// The copy counts as one query when the stream ends or is dropped. If the stream is dropped just after it
    /// returned data, the copy counts as a success. If it is dropped while it waits for data, or before it was
    /// polled, the copy counts as an error. The duration includes the wait for a connection, as in
    /// [`copy_in_raw`](Self::copy_in_raw).
    ///
    /// # Refused and dropped copies
    ///
    /// With sqlx 0.8.6 and 0.9.0, a connection is out of sync after the server has refused a `COPY … TO STDOUT`,
    /// and after the stream was dropped before its end. The function `pg_begin_copy_out` of sqlx does not register
    /// that the server will send `ReadyForQuery`. When the connection goes back to the pool, sqlx takes this
    /// message for the answer to its ping, and keeps the connection. A later statement on the connection then
    /// returns no rows, the rows of an earlier statement, or a protocol error.
    ///
    /// The connection is in the stream, so you can't close it. If a copy may be refused or dropped, do one of the
    /// following:
    ///
    /// - Call [`acquire`](Self::acquire), and then [`copy_out_raw`](ObservedSession::copy_out_raw) on the
    ///   connection. If the copy is refused or dropped, [close](crate::ObservedConnection::close) the connection.
    /// - Run `query("SELECT 1").fetch_one(connection)` in `PoolOptions::after_release`. It fails on a connection
    ///   that is out of sync. Return the error, and the pool closes the connection.
    ///
    /// # Errors
    ///
    /// Returns the error of [`Pool::acquire`](sqlx::Pool::acquire), or of the server if it does not accept
    /// the statement.
    pub async fn copy_out_raw(
        &self,
        statement: &str,
    ) -> Result<BoxStream<'static, Result<Bytes, Error>>, Error> {
        let mut call = Call::new(self.recorder(), statement);
        call.begin();
        // The integration test `copies_out_of_sync` shows what a copy that is refused or dropped does to the
        // connection.
        let chunks = PgPoolCopyExt::copy_out_raw(self.inner(), statement).await;
        let chunks = self.taken(&mut call, chunks)?;
        let hold = Hold::new(self.recorder());
        Ok(Box::pin(Answers::new(call, Held { chunks, _hold: hold })))
    }

    /// Takes a connection for notifications, as [`PgListener::connect_with`] does.
    ///
    /// The wait for the connection and its errors are counted. `LISTEN` and `UNLISTEN` are not counted, and
    /// neither are the connections that the listener takes after it has lost its own.
    ///
    /// # Errors
    ///
    /// Returns the error of [`Pool::acquire`](sqlx::Pool::acquire).
    pub async fn listener(&self) -> Result<PgListener, Error> {
        let waiting = self.recorder().waiting();
        let listener = PgListener::connect_with(self.inner()).await;
        waiting.end(&listener);
        listener.inspect_err(|error| self.connection_errors().observe(error))
    }

    fn taken<T>(&self, call: &mut Call, begun: Result<T, Error>) -> Result<T, Error> {
        self.recorder().timed_out(&begun);
        refused(call, begun)
    }
}

/// Counts a copy that did not begin.
fn refused<T>(call: &mut Call, begun: Result<T, Error>) -> Result<T, Error> {
    if begun.is_err() {
        call.end(&begun);
    }
    begun
}

/// A stream of chunks from a connection, which goes back to its pool when the stream is dropped.
struct Held {
    chunks: BoxStream<'static, Result<Bytes, Error>>,
    _hold: Hold,
}

impl Stream for Held {
    type Item = Result<Bytes, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.chunks.poll_next_unpin(cx)
    }
}

impl ObservedSession<'_, Postgres> {
    /// Begins a `COPY … FROM STDIN`, as [`PgConnection::copy_in_raw`] does. The copy counts as one query:
    /// see [`ObservedCopyIn`].
    ///
    /// # Errors
    ///
    /// Returns an error if the server does not accept the statement.
    pub async fn copy_in_raw(
        &mut self,
        statement: &str,
    ) -> Result<ObservedCopyIn<&mut PgConnection>, Error> {
        let mut call = Call::new(&self.recorder, statement);
        call.begin();
        let copy = refused(&mut call, self.inner().copy_in_raw(statement).await)?;
        Ok(ObservedCopyIn { copy, call, hold: None })
    }

    /// Begins a `COPY … TO STDOUT`, as [`PgConnection::copy_out_raw`] does. The copy counts as one query
    /// when the stream ends or is dropped, with the same status as in [`ObservedPool::copy_out_raw`].
    ///
    /// If the server refuses the copy, or if you drop the stream before its end, close the connection with
    /// [`ObservedConnection::close`](crate::ObservedConnection::close). [`ObservedPool::copy_out_raw`] gives the
    /// reason. For a copy in a transaction, begin the transaction on a connection that you have
    /// [acquired](ObservedPool::acquire), so that you can close it.
    ///
    /// # Errors
    ///
    /// Returns an error if the server does not accept the statement.
    pub async fn copy_out_raw<'c>(
        &'c mut self,
        statement: &str,
    ) -> Result<BoxStream<'c, Result<Bytes, Error>>, Error> {
        let mut call = Call::new(&self.recorder, statement);
        call.begin();
        let chunks = refused(&mut call, self.inner().copy_out_raw(statement).await)?;
        Ok(Box::pin(Answers::new(call, chunks)))
    }
}

/// sqlx's [`PgCopyIn`], counted as one query.
///
/// It dereferences to `PgCopyIn`, which has [`send`](PgCopyIn::send) and [`read_from`](PgCopyIn::read_from).
/// The copy counts as a success if [`finish`](Self::finish) succeeds. It counts as an error if it is aborted,
/// or dropped before the end. sqlx then tells the server to discard the data.
///
/// `caracal_database_connection_errors_total` does not contain the errors of `send` and `read_from`. Pass them
/// to [`ObservedPool::connection_errors`] to count them.
#[must_use = "the data is discarded unless `finish` is called"]
pub struct ObservedCopyIn<C: DerefMut<Target = PgConnection>> {
    copy: PgCopyIn<C>,
    call: Call,
    /// `None` if the copy runs on a connection that the caller holds.
    hold: Option<Hold>,
}

impl<C: DerefMut<Target = PgConnection>> ObservedCopyIn<C> {
    /// Ends the copy, and returns the number of rows: see [`PgCopyIn::finish`].
    ///
    /// # Errors
    ///
    /// Returns an error if the server does not accept the data.
    pub async fn finish(self) -> Result<u64, Error> {
        let Self { copy, mut call, hold: _hold } = self;
        let finished = copy.finish().await;
        call.end(&finished);
        finished
    }

    /// Aborts the copy: see [`PgCopyIn::abort`]. It counts as an error.
    ///
    /// # Errors
    ///
    /// Returns an error if the server does not confirm that the copy was aborted.
    pub async fn abort(self, message: impl Into<String>) -> Result<(), Error> {
        let Self { copy, mut call, hold: _hold } = self;
        let aborted = copy.abort(message).await;
        if aborted.is_err() {
            call.end(&aborted);
        }
        aborted
    }
}

impl<C: DerefMut<Target = PgConnection>> Deref for ObservedCopyIn<C> {
    type Target = PgCopyIn<C>;

    fn deref(&self) -> &Self::Target {
        &self.copy
    }
}

impl<C: DerefMut<Target = PgConnection>> DerefMut for ObservedCopyIn<C> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.copy
    }
}

impl<C: DerefMut<Target = PgConnection>> fmt::Debug for ObservedCopyIn<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ObservedCopyIn").field("call", &self.call).finish_non_exhaustive()
    }
}
