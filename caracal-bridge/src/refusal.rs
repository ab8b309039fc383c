//! What a recorder sets aside, and why.

use caracal_metrics_core::FamilyError;
use thiserror::Error;

/// Why records of a metric are set aside. Each one is counted in
/// `caracal_facade_refused_records_total`.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The name is not valid, or clashes with another family: one of another kind, or one whose name on
    /// the page is the same.
    #[error("the {instrument} {metric:?} of the metrics facade is set aside: {error}")]
    Name {
        /// The name in the facade.
        metric: String,
        /// `counter`, `gauge` or `histogram`.
        instrument: &'static str,
        /// What is wrong with the family.
        error: FamilyError,
    },
    /// The labels are not ones that a series may have. The first such label set of a metric is reported,
    /// and its other label sets are recorded.
    #[error(
        "a label set of the {instrument} {metric:?} of the metrics facade is set aside: {error}"
    )]
    Labels {
        /// The name in the facade.
        metric: String,
        /// `counter`, `gauge` or `histogram`.
        instrument: &'static str,
        /// What is wrong with the labels.
        error: FamilyError,
    },
    /// There are as many metrics as the recorder takes. The first one beyond is reported.
    #[error(
        "the {instrument} {metric:?} of the metrics facade is set aside, since the recorder has {most} \
         metrics already: put what varies into a label, or raise `max_metrics`"
    )]
    Limit {
        /// The name in the facade.
        metric: String,
        /// `counter`, `gauge` or `histogram`.
        instrument: &'static str,
        /// How many metrics the recorder takes.
        most: usize,
    },
    /// The name is too long to be kept.
    #[error(
        "a {instrument} of the metrics facade is set aside, since its name has {bytes} bytes and {most} \
         are allowed: shorten it. It begins with {beginning:?}"
    )]
    LongName {
        /// The beginning of the name in the facade.
        beginning: String,
        /// `counter`, `gauge` or `histogram`.
        instrument: &'static str,
        /// How many bytes it has.
        bytes: usize,
        /// How many are allowed.
        most: usize,
    },
}
