//! Reads the operation and the table of a statement from its text.

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

/// The label of a statement without a table, or with one that can't be read.
pub(crate) const UNKNOWN: &str = "unknown";
/// The label of a text with several statements.
pub(crate) const BATCH: &str = "batch";

/// The operation and the table of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Statement {
    pub(crate) operation: DatabaseOperationType,
    /// The name as the database folds it: without quotes and schema, and in lower case where case does not matter.
    pub(crate) table: Option<String>,
}

impl Statement {
    pub(crate) fn table(&self) -> &str {
        self.table.as_deref().unwrap_or(UNKNOWN)
    }
}
