//! Where sqlx 0.8 differs from sqlx 0.9, for the sources that both have.

use std::borrow::Cow;

/// The text of a statement that begins a transaction.
pub(crate) type StatementText = Cow<'static, str>;

/// A statement that begins a transaction: what sqlx's own `begin_with` takes.
pub trait BeginStatement: Into<Cow<'static, str>> {
    /// The text, as sqlx wants it.
    #[doc(hidden)]
    fn into_text(self) -> StatementText;
}

impl<T: Into<Cow<'static, str>>> BeginStatement for T {
    fn into_text(self) -> StatementText {
        self.into()
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
