//! A transaction, or a savepoint in one.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::time::Instant;

use sqlx::{Error, Transaction};

use super::session::Link;
use super::{ObservedConnection, ObservedSession};
use crate::driver::Driver;
use crate::recorder::{Hold, Recorder};
use crate::transactions::{Begun, End};
use crate::version::{BeginStatement, StatementText};

/// A transaction or a savepoint, whose queries are counted and timed.
///
/// It counts once in `caracal_database_transactions_total` or `caracal_database_savepoints_total`, when it is
/// committed, rolled back or dropped. If it is dropped, sqlx rolls it back when the connection is used next or
/// goes back to its pool. Beginning and ending it do not count as queries.
#[derive(Debug)]
#[must_use = "a transaction that is dropped is rolled back"]
pub struct ObservedTransaction<'c, DB: Driver> {
    session: ObservedSession<'c, DB>,
    begun: Begun,
    /// `None` if the transaction runs on a connection that the caller holds.
    hold: Option<Hold>,
}

impl<'c, DB: Driver> ObservedTransaction<'c, DB> {
    pub(super) fn new(
        transaction: Transaction<'c, DB>,
        recorder: &Arc<Recorder>,
        begun: Begun,
        hold: Option<Hold>,
    ) -> Self {
        let link = Link::Transaction(transaction);
        Self { session: ObservedSession { link, recorder: Arc::clone(recorder) }, begun, hold }
    }

    /// Returns sqlx's transaction, which is no longer observed. Its outcome is not counted.
    #[must_use]
    pub fn into_inner(self) -> Transaction<'c, DB> {
        self.begun.forget();
        self.session.link.into_transaction()
    }

    /// Commits the transaction, or releases the savepoint.
    ///
    /// # Errors
    ///
    /// Returns an error if the commit or the release fails.
    pub async fn commit(self) -> Result<(), Error> {
        let Self { session, begun, hold: _hold } = self;
        let commit = session.link.into_transaction().commit();
        let ended = begun.end(End::Committed, commit).await;
        ended.inspect_err(|error| session.recorder.errors.observe(error))
    }

    /// Rolls the transaction back, or rolls back to the savepoint.
    ///
    /// # Errors
    ///
    /// Returns an error if the rollback fails.
    pub async fn rollback(self) -> Result<(), Error> {
        let Self { session, begun, hold: _hold } = self;
        let rollback = session.link.into_transaction().rollback();
        let ended = begun.end(End::RolledBack, rollback).await;
        ended.inspect_err(|error| session.recorder.errors.observe(error))
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
    /// Begins a transaction, or sets a savepoint if there is one already.
    ///
    /// # Errors
    ///
    /// Returns an error if the statement fails.
    pub async fn begin(&mut self) -> Result<ObservedTransaction<'_, DB>, Error> {
        self.begin_on(None).await
    }

    /// Begins a transaction with this statement.
    ///
    /// # Errors
    ///
    /// Returns an error if there is a transaction already, or if the statement does not begin one.
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
        let is_savepoint = self.link.is_in_transaction();
        let since = Instant::now();
        let transaction = Transaction::begin(self.inner(), statement).await;
        let transaction = transaction.inspect_err(|error| recorder.errors.observe(error))?;
        let begun = Begun::new(&recorder.transactions, is_savepoint, since);
        Ok(ObservedTransaction::new(transaction, &recorder, begun, None))
    }
}

/// Forwards `begin` to the session. Without it, `begin` would be the method of sqlx's `Acquire` wherever the
/// trait is imported, and that transaction would not be counted.
macro_rules! begin {
    ($wrapper:ty) => {
        impl<DB: Driver> $wrapper {
            /// Begins a transaction, or sets a savepoint if there is one already: see
            /// [`ObservedSession::begin`].
            ///
            /// # Errors
            ///
            /// Returns an error if the statement fails.
            pub async fn begin(&mut self) -> Result<ObservedTransaction<'_, DB>, Error> {
                (**self).begin().await
            }
        }
    };
}

begin!(ObservedConnection<DB>);
begin!(ObservedTransaction<'_, DB>);
