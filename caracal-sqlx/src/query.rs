//! A query of the user. It is taken apart to read its text, and put together again.

use std::fmt;

use sqlx::error::BoxDynError;
use sqlx::{Database, Execute, SqlStr};

/// A query whose text can be read. The driver runs it instead of the user's query.
pub struct OwnedQuery<DB: Database> {
    sql: SqlStr,
    statement: Option<DB::Statement>,
    arguments: Result<Option<DB::Arguments>, BoxDynError>,
    persistent: bool,
}

impl<DB: Database> OwnedQuery<DB> {
    pub(crate) fn new<'q>(mut query: impl Execute<'q, DB>) -> Self {
        // The drivers call these in the same order. A query of `query!` is not persistent after its
        // arguments were taken.
        let statement = query.statement().cloned();
        let arguments = query.take_arguments();
        let persistent = query.persistent();
        Self { sql: query.sql(), statement, arguments, persistent }
    }

    pub(crate) fn text(&self) -> &str {
        self.sql.as_str()
    }
}

impl<DB: Database> fmt::Debug for OwnedQuery<DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnedQuery").field("sql", &self.sql).finish_non_exhaustive()
    }
}

impl<DB: Database> Execute<'_, DB> for OwnedQuery<DB> {
    fn sql(self) -> SqlStr {
        self.sql
    }

    fn statement(&self) -> Option<&DB::Statement> {
        self.statement.as_ref()
    }

    fn take_arguments(&mut self) -> Result<Option<DB::Arguments>, BoxDynError> {
        std::mem::replace(&mut self.arguments, Ok(None))
    }

    fn persistent(&self) -> bool {
        self.persistent
    }
}
