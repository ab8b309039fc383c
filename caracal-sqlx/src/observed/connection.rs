//! A connection of a wrapped pool.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use sqlx::pool::PoolConnection;
use sqlx::{Connection, Error};

use super::ObservedSession;
use super::session::Link;
use crate::driver::Driver;
use crate::recorder::{Hold, Recorder};

/// A connection whose queries are counted and timed. It goes back to its pool when it is dropped.
#[derive(Debug)]
#[must_use = "the connection goes back to its pool when this is dropped"]
pub struct ObservedConnection<DB: Driver> {
    session: ObservedSession<'static, DB>,
    hold: Hold,
}

impl<DB: Driver> ObservedConnection<DB> {
    pub(super) fn new(
        connection: PoolConnection<DB>,
        recorder: &Arc<Recorder>,
        hold: Hold,
    ) -> Self {
        let link = Link::Connection(connection);
        Self { session: ObservedSession { link, recorder: Arc::clone(recorder) }, hold }
    }

    /// Returns the pool's connection, which is no longer observed. Use it to detach the connection from
    /// the pool.
    #[must_use]
    pub fn into_inner(self) -> PoolConnection<DB> {
        self.session.link.into_connection()
    }

    /// Closes the connection, as [`PoolConnection::close`] does.
    ///
    /// # Errors
    ///
    /// Returns the error of [`PoolConnection::close`].
    pub async fn close(self) -> Result<(), Error> {
        let Self { session, hold } = self;
        let closed = session.link.into_connection().close().await;
        drop(hold);
        closed.inspect_err(|error| session.recorder.errors.observe(error))
    }

    /// Checks that the database answers, as sqlx's `Connection::ping` does.
    ///
    /// # Errors
    ///
    /// Returns an error if the connection is broken.
    pub async fn ping(&mut self) -> Result<(), Error> {
        let pong = self.session.inner().ping().await;
        pong.inspect_err(|error| self.session.recorder.errors.observe(error))
    }
}

impl<DB: Driver> Deref for ObservedConnection<DB> {
    type Target = ObservedSession<'static, DB>;

    fn deref(&self) -> &Self::Target {
        &self.session
    }
}

impl<DB: Driver> DerefMut for ObservedConnection<DB> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.session
    }
}
