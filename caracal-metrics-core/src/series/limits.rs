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

/// How the label values of a record fit the limits of its family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fit {
    /// They are recorded as they were given, or as `aggregate_label` asks.
    Whole,
    /// A value is too long.
    Cut,
    /// The family is full: the record goes to the aggregated series.
    Folded,
    /// The family is full, and a value is too long.
    CutAndFolded,
}

impl Fit {
    pub(crate) fn is_cut(self) -> bool {
        matches!(self, Self::Cut | Self::CutAndFolded)
    }

    pub(crate) fn is_folded(self) -> bool {
        matches!(self, Self::Folded | Self::CutAndFolded)
    }

    /// The same for a value that is too long, if `cut` says so.
    #[must_use]
    pub(crate) fn or_cut(self, cut: bool) -> Self {
        match self {
            Self::Whole if cut => Self::Cut,
            Self::Folded if cut => Self::CutAndFolded,
            fit => fit,
        }
    }

    /// The same for a family that is full.
    #[must_use]
    pub(super) fn folded(self) -> Self {
        if self.is_cut() { Self::CutAndFolded } else { Self::Folded }
    }
}
