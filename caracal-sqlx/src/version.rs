//! Where sqlx 0.9 differs from sqlx 0.8, for the sources that both have.

use sqlx::{SqlSafeStr, SqlStr};

/// The text of a statement that begins a transaction.
pub(crate) type StatementText = SqlStr;

/// A statement that begins a transaction: what sqlx's own `begin_with` takes.
pub trait BeginStatement: SqlSafeStr {
    /// The text, as sqlx wants it.
    #[doc(hidden)]
    fn into_text(self) -> StatementText;
}

impl<T: SqlSafeStr> BeginStatement for T {
    fn into_text(self) -> StatementText {
        self.into_sql_str()
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
