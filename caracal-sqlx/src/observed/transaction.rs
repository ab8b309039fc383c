//! A transaction, or a savepoint in one.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use sqlx::{Error, Transaction};

use super::ObservedSession;
use super::session::Link;
use crate::driver::Driver;
use crate::recorder::{Hold, Recorder};

/// A transaction or a savepoint, whose queries are counted and timed.
///
/// Beginning, committing and rolling back are queries of the operation `other` themselves. Dropped
/// without either it is rolled back, by sqlx and later, which is not counted.
#[derive(Debug)]
#[must_use = "a transaction that is dropped is rolled back"]
pub struct ObservedTransaction<'c, DB: Driver> {
    session: ObservedSession<'c, DB>,
    /// Only of one that took a connection of its own.
    hold: Option<Hold>,
}

impl<'c, DB: Driver> ObservedTransaction<'c, DB> {
    pub(super) fn new(
        transaction: Transaction<'c, DB>,
        recorder: &Arc<Recorder>,
        hold: Option<Hold>,
    ) -> Self {
        let link = Link::Transaction(transaction);
        Self { session: ObservedSession { link, recorder: Arc::clone(recorder) }, hold }
    }

    /// The transaction itself, no longer observed.
    #[must_use]
    pub fn into_inner(self) -> Transaction<'c, DB> {
        self.session.link.into_transaction()
    }

    /// Commits the transaction, or releases the savepoint.
    ///
    /// # Errors
    ///
    /// When the database does not.
    pub async fn commit(self) -> Result<(), Error> {
        let Self { session, hold: _hold } = self;
        let recorder = session.recorder;
        recorder.time("COMMIT", session.link.into_transaction().commit()).await
    }

    /// Rolls the transaction back, or returns to the savepoint.
    ///
    /// # Errors
    ///
    /// When the database does not.
    pub async fn rollback(self) -> Result<(), Error> {
        let Self { session, hold: _hold } = self;
        let recorder = session.recorder;
        recorder.time("ROLLBACK", session.link.into_transaction().rollback()).await
    }
}

impl<'c, DB: Driver> Deref for ObservedTransaction<'c, DB> {
    type Target = ObservedSession<'c, DB>;

    fn deref(&self) -> &Self::Target {
        &self.session
    }
}

impl<DB: Driver> DerefMut for ObservedTransaction<'_, DB> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.session
    }
}
