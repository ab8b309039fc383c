//! The records that a recorder refuses, and the reasons.

use caracal_metrics_core::FamilyError;
use thiserror::Error;

/// Why records of a metric are refused. Each refused record is counted in
/// `caracal_facade_refused_records_total`.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The name is not valid, or clashes with another family: one of another kind, or one whose name on
    /// the page is the same.
    #[error("the {instrument} {metric:?} of the metrics facade is refused: {error}")]
    Name {
        /// The name in the facade.
        metric: String,
        /// `counter`, `gauge` or `histogram`.
        instrument: &'static str,
        /// What is wrong with the family.
        error: FamilyError,
    },
    /// The labels are not valid for a series. Only the first such label set of a metric is reported. Its valid
    /// label sets are recorded.
    #[error("a label set of the {instrument} {metric:?} of the metrics facade is refused: {error}")]
    Labels {
        /// The name in the facade.
        metric: String,
        /// `counter`, `gauge` or `histogram`.
        instrument: &'static str,
        /// What is wrong with the labels.
        error: FamilyError,
    },
    /// The recorder has reached `max_metrics`. Only the first refused metric is reported.
    #[error(
        "the {instrument} {metric:?} of the metrics facade is refused, because the recorder has {most} \
         metrics already: move the part of the name that varies into a label, or raise `max_metrics`"
    )]
    Limit {
        /// The name in the facade.
        metric: String,
        /// `counter`, `gauge` or `histogram`.
        instrument: &'static str,
        /// The maximum number of metrics.
        most: usize,
    },
    /// The name is too long.
    #[error(
        "a {instrument} of the metrics facade is refused, because its name has {bytes} bytes, and \
         at most {most} are allowed: shorten it. The name begins with {beginning:?}"
    )]
    LongName {
        /// The beginning of the name in the facade.
        beginning: String,
        /// `counter`, `gauge` or `histogram`.
        instrument: &'static str,
        /// The length of the name in bytes.
        bytes: usize,
        /// The maximum length in bytes.
        most: usize,
    },
}
