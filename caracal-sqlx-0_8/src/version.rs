//! What differs in sqlx 0.8 from sqlx 0.9, for the shared sources.

use std::borrow::Cow;
use std::sync::Arc;

use sqlx::{Database, Pool};

/// The text of a statement that begins a transaction.
pub(crate) type StatementText = Cow<'static, str>;

/// A statement that begins a transaction, as sqlx's own `begin_with` takes it.
pub trait BeginStatement: Into<Cow<'static, str>> {
    /// Returns the text in sqlx's type.
    #[doc(hidden)]
    fn into_text(self) -> StatementText;
}

impl<T: Into<Cow<'static, str>>> BeginStatement for T {
    fn into_text(self) -> StatementText {
        self.into()
    }
}

/// A pool that [`PoolObserver::new`](crate::PoolObserver::new) takes: sqlx's `Pool`, or a
/// reference or an `Arc` to one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a pool of sqlx 0.8",
    label = "not a pool of sqlx 0.8",
    note = "for a pool of sqlx 0.9, enable the feature `sqlx` of `caracal-metrics` and use \
            `caracal_metrics::sqlx::PoolObserver`"
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
        fn prepare_with<'e, 'q: 'e>(
            self,
            $sql: &'q str,
            $parameters: &'e [DB::TypeInfo],
        ) -> futures_util::future::BoxFuture<'e, Result<DB::Statement<'q>, sqlx::Error>>
        where
            $lifetime: 'e,
        {
            let $executor = self;
            Box::pin($prepare)
        }

        fn describe<'e, 'q: 'e>(
            self,
            $sql: &'q str,
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
