//! A query of the user, with its text.

use std::fmt;

use sqlx::{Database, Execute};

/// A query whose text was read. The driver runs the user's query.
pub struct OwnedQuery<'q, E> {
    text: &'q str,
    query: E,
}

impl<'q, E> OwnedQuery<'q, E> {
    pub(crate) fn new<DB: Database>(query: E) -> Self
    where
        E: Execute<'q, DB>,
    {
        Self { text: query.sql(), query }
    }

    pub(crate) fn text(&self) -> &str {
        self.text
    }

    #[cfg_attr(
        not(any(feature = "any", feature = "mysql", feature = "postgres", feature = "sqlite")),
        expect(dead_code, reason = "only drivers call it")
    )]
    pub(crate) fn into_query(self) -> E {
        self.query
    }
}

impl<E> fmt::Debug for OwnedQuery<'_, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnedQuery").field("text", &self.text).finish_non_exhaustive()
    }
}
