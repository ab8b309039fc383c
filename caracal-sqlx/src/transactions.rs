//! Transactions and savepoints. Each is counted once, when it ends or is dropped.

use std::sync::Arc;
use std::time::Instant;

use caracal_metrics_core::adapter::InstanceBuilder;
use caracal_metrics_core::catalogue::Pool;
use caracal_metrics_core::{AttachError, Counter, DurationHistogram};

use crate::families::{
    DATABASE_SAVEPOINTS, DATABASE_TRANSACTION_DURATION, DATABASE_TRANSACTIONS, Savepoint,
    SavepointOutcome, Transaction, TransactionOutcome,
};

/// The counters of transactions or of savepoints, by outcome.
#[derive(Clone, Debug)]
struct Ended {
    committed: Counter,
    rolled_back: Counter,
    dropped: Counter,
    failed: Counter,
}

/// The metrics of a pool's transactions.
#[derive(Debug)]
pub(crate) struct Transactions {
    outermost: Ended,
    savepoints: Ended,
    duration: DurationHistogram,
}

impl Transactions {
    pub(crate) fn new(
        builder: &mut InstanceBuilder,
        Pool { pool }: Pool<'_>,
    ) -> Result<Arc<Self>, AttachError> {
        use {SavepointOutcome as Of, TransactionOutcome as To};
        let mut transaction =
            |outcome| builder.series(&DATABASE_TRANSACTIONS, Transaction { pool, outcome });
        let outermost = Ended {
            committed: transaction(To::Committed)?,
            rolled_back: transaction(To::RolledBack)?,
            dropped: transaction(To::Dropped)?,
            failed: transaction(To::Failed)?,
        };
        let mut savepoint =
            |outcome| builder.series(&DATABASE_SAVEPOINTS, Savepoint { pool, outcome });
        let savepoints = Ended {
            committed: savepoint(Of::Released)?,
            rolled_back: savepoint(Of::RolledBack)?,
            dropped: savepoint(Of::Dropped)?,
            failed: savepoint(Of::Failed)?,
        };
        let duration = builder.series(&DATABASE_TRANSACTION_DURATION, Pool { pool })?;
        Ok(Arc::new(Self { outermost, savepoints, duration }))
    }
}

/// A transaction or a savepoint that has begun.
#[derive(Debug)]
pub(crate) struct Begun {
    transactions: Arc<Transactions>,
    is_savepoint: bool,
    since: Instant,
    /// The outcome if it is dropped now. `None` if it is no longer observed.
    end: Option<End>,
}

/// How a transaction or a savepoint ends.
#[derive(Clone, Copy, Debug)]
pub(crate) enum End {
    Committed,
    RolledBack,
    Dropped,
    Failed,
}

impl Begun {
    /// A transaction or a savepoint that began at this time.
    pub(crate) fn new(
        transactions: &Arc<Transactions>,
        is_savepoint: bool,
        since: Instant,
    ) -> Self {
        Self {
            transactions: Arc::clone(transactions),
            is_savepoint,
            since,
            end: Some(End::Dropped),
        }
    }

    /// Ends it with the result of this statement. It is counted even if the future is dropped.
    pub(crate) async fn end<T, E>(
        mut self,
        end: End,
        statement: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        self.end = Some(End::Failed);
        let result = statement.await;
        if result.is_ok() {
            self.end = Some(end);
        }
        result
    }

    /// Stops observing it. It is not counted.
    pub(crate) fn forget(mut self) {
        self.end = None;
    }
}

impl Drop for Begun {
    fn drop(&mut self) {
        let Some(end) = self.end else { return };
        let Transactions { outermost, savepoints, duration } = &*self.transactions;
        let ended = if self.is_savepoint { savepoints } else { outermost };
        match end {
            End::Committed => &ended.committed,
            End::RolledBack => &ended.rolled_back,
            End::Dropped => &ended.dropped,
            End::Failed => &ended.failed,
        }
        .inc();
        if !self.is_savepoint {
            duration.observe(self.since.elapsed());
        }
    }
}
