//! A transaction, or a savepoint in one.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use sqlx::{Error, Transaction};

use super::ObservedSession;
use super::session::Link;
use crate::call::Call;
use crate::driver::Driver;
use crate::recorder::{Hold, Recorder};
use crate::version::{BeginStatement, StatementText};

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
        Call::time(&recorder, "COMMIT", session.link.into_transaction().commit()).await
    }

    /// Rolls the transaction back, or returns to the savepoint.
    ///
    /// # Errors
    ///
    /// When the database does not.
    pub async fn rollback(self) -> Result<(), Error> {
        let Self { session, hold: _hold } = self;
        let recorder = session.recorder;
        Call::time(&recorder, "ROLLBACK", session.link.into_transaction().rollback()).await
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

impl<DB: Driver> ObservedSession<'_, DB> {
    /// Begins a transaction, or sets a savepoint in one.
    ///
    /// # Errors
    ///
    /// When the database does not.
    pub async fn begin(&mut self) -> Result<ObservedTransaction<'_, DB>, Error> {
        self.begin_on(None).await
    }

    /// Begins a transaction with this statement.
    ///
    /// # Errors
    ///
    /// When there is a transaction already, or the statement begins none.
    pub async fn begin_with(
        &mut self,
        statement: impl BeginStatement,
    ) -> Result<ObservedTransaction<'_, DB>, Error> {
        self.begin_on(Some(statement.into_text())).await
    }

    async fn begin_on(
        &mut self,
        statement: Option<StatementText>,
    ) -> Result<ObservedTransaction<'_, DB>, Error> {
        let recorder = Arc::clone(&self.recorder);
        let begun =
            Call::time(&recorder, "BEGIN", Transaction::begin(self.inner(), statement)).await?;
        Ok(ObservedTransaction::new(begun, &recorder, None))
    }
}
