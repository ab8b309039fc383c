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
/// It counts once in `caracal_database_transactions_total` or `caracal_database_savepoints_total`, by
/// its outcome, when it is committed, rolled back or dropped. sqlx rolls back one that is dropped, when
/// the connection is used next or goes back to its pool. Beginning and ending it are no queries.
#[derive(Debug)]
#[must_use = "a transaction that is dropped is rolled back"]
pub struct ObservedTransaction<'c, DB: Driver> {
    session: ObservedSession<'c, DB>,
    begun: Begun,
    /// Only of one that took a connection of its own.
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

    /// The transaction itself, no longer observed: its outcome is not counted.
    #[must_use]
    pub fn into_inner(self) -> Transaction<'c, DB> {
        self.begun.forget();
        self.session.link.into_transaction()
    }

    /// Commits the transaction, or releases the savepoint.
    ///
    /// # Errors
    ///
    /// When the database does not.
    pub async fn commit(self) -> Result<(), Error> {
        let Self { session, begun, hold: _hold } = self;
        let commit = session.link.into_transaction().commit();
        let ended = begun.end(End::Committed, commit).await;
        ended.inspect_err(|error| session.recorder.errors.observe(error))
    }

    /// Rolls the transaction back, or returns to the savepoint.
    ///
    /// # Errors
    ///
    /// When the database does not.
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
        let is_savepoint = self.link.is_in_transaction();
        let since = Instant::now();
        let transaction = Transaction::begin(self.inner(), statement).await;
        let transaction = transaction.inspect_err(|error| recorder.errors.observe(error))?;
        let begun = Begun::new(&recorder.transactions, is_savepoint, since);
        Ok(ObservedTransaction::new(transaction, &recorder, begun, None))
    }
}

/// `begin` of the session inside. Without these, `begin` would be that of sqlx's `Acquire` wherever the
/// trait is imported, which gives a transaction that is not counted.
macro_rules! begin {
    ($wrapper:ty) => {
        impl<DB: Driver> $wrapper {
            /// Begins a transaction, or sets a savepoint in one: see [`ObservedSession::begin`].
            ///
            /// # Errors
            ///
            /// When the database does not.
            pub async fn begin(&mut self) -> Result<ObservedTransaction<'_, DB>, Error> {
                (**self).begin().await
            }
        }
    };
}

begin!(ObservedConnection<DB>);
begin!(ObservedTransaction<'_, DB>);
