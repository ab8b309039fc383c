//! A query of the user's, taken apart to read its text and put together again.

use std::fmt;

use sqlx::error::BoxDynError;
use sqlx::{Database, Execute, SqlStr};

/// A query with its text at hand; the driver runs this one.
pub struct OwnedQuery<DB: Database> {
    sql: SqlStr,
    statement: Option<DB::Statement>,
    arguments: Result<Option<DB::Arguments>, BoxDynError>,
    persistent: bool,
}

impl<DB: Database> OwnedQuery<DB> {
    pub(crate) fn new<'q>(mut query: impl Execute<'q, DB>) -> Self {
        // In the drivers' own order: a query of `query!` that has given its arguments away says
        // that it is not persistent.
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
