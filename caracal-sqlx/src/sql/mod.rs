//! What a statement does, and to which table, read from its text.

mod cache;
mod dialect;
#[cfg(test)]
mod differential;
mod keyword;
mod lexer;
mod parser;
#[cfg(test)]
mod promises;
#[cfg(test)]
mod tests;
mod transaction;
mod unicode;

use caracal_metrics_core::DatabaseOperationType;

pub(crate) use cache::QueryCache;
#[cfg(feature = "query-events")]
pub use dialect::Dialect;
#[cfg(not(feature = "query-events"))]
pub(crate) use dialect::Dialect;
pub(crate) use parser::classify;
pub(crate) use transaction::controls_transaction;

/// The table of a statement that names none that can be read.
pub(crate) const UNKNOWN: &str = "unknown";
/// The table of a text with several statements.
pub(crate) const BATCH: &str = "batch";

/// What a text says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Statement {
    pub(crate) operation: DatabaseOperationType,
    /// As the database folds it: without quotes, schema, and the case that does not count.
    pub(crate) table: Option<String>,
}

impl Statement {
    pub(crate) fn table(&self) -> &str {
        self.table.as_deref().unwrap_or(UNKNOWN)
    }
}
