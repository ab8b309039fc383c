//! What differs in sqlx 0.9 from sqlx 0.8, for the shared sources.

use std::sync::Arc;

use sqlx::{Database, Pool, SqlSafeStr, SqlStr};

/// The text of a statement that begins a transaction.
pub(crate) type StatementText = SqlStr;

/// A statement that begins a transaction, as sqlx's own `begin_with` takes it.
pub trait BeginStatement: SqlSafeStr {
    /// Returns the text in sqlx's type.
    #[doc(hidden)]
    fn into_text(self) -> StatementText;
}

impl<T: SqlSafeStr> BeginStatement for T {
    fn into_text(self) -> StatementText {
        self.into_sql_str()
    }
}

/// A pool that [`PoolObserver::new`](crate::PoolObserver::new) takes: sqlx's `Pool`, or a
/// reference or an `Arc` to one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a pool of sqlx 0.9",
    label = "not a pool of sqlx 0.9",
    note = "for a pool of sqlx 0.8, enable the feature `sqlx-0_8` of `caracal-metrics` and use \
            `caracal_metrics::sqlx_0_8::PoolObserver`"
)]
pub trait ObservablePool {
    /// The database of the pool.
    type Database: Database;

    /// Returns a clone of the pool.
    fn pool(&self) -> Pool<Self::Database>;
}

impl<DB: Database> ObservablePool for Pool<DB> {
    type Database = DB;

    fn pool(&self) -> Pool<DB> {
        self.clone()
    }
}

impl<P: ObservablePool + ?Sized> ObservablePool for &P {
    type Database = P::Database;

    fn pool(&self) -> Pool<P::Database> {
        (**self).pool()
    }
}

impl<P: ObservablePool + ?Sized> ObservablePool for Arc<P> {
    type Database = P::Database;

    fn pool(&self) -> Pool<P::Database> {
        (**self).pool()
    }
}

/// The methods of `Executor` whose signatures differ between sqlx 0.8 and 0.9.
macro_rules! prepare_and_describe {
    (
        $lifetime:lifetime, $executor:ident, $sql:ident, $parameters:ident,
        prepare: $prepare:expr,
        describe: $describe:expr,
    ) => {
        fn prepare_with<'e>(
            self,
            $sql: sqlx::SqlStr,
            $parameters: &'e [DB::TypeInfo],
        ) -> futures_util::future::BoxFuture<'e, Result<DB::Statement, sqlx::Error>>
        where
            $lifetime: 'e,
        {
            let $executor = self;
            Box::pin($prepare)
        }

        fn describe<'e>(
            self,
            $sql: sqlx::SqlStr,
        ) -> futures_util::future::BoxFuture<'e, Result<sqlx::Describe<DB>, sqlx::Error>>
        where
            $lifetime: 'e,
        {
            let $executor = self;
            Box::pin($describe)
        }
    };
}

pub(crate) use prepare_and_describe;
