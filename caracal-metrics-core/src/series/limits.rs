//! What bounds the label sets of a family.

use super::cut::DEFAULT_LIMIT;

/// The limits of every family of a registry.
#[derive(Clone, Debug)]
pub(crate) struct Limits {
    /// Label sets of a family.
    pub(crate) series: usize,
    /// Bytes of a label value, one of [`LIMITS`](super::cut::LIMITS).
    pub(crate) value_bytes: usize,
    /// Open labels that always read [`AGGREGATED`](crate::labels::AGGREGATED).
    pub(crate) aggregate: Vec<String>,
}

impl Default for Limits {
    fn default() -> Self {
        Self { series: 10_000, value_bytes: DEFAULT_LIMIT, aggregate: Vec::new() }
    }
}
