//! The errors of hiding a series.

use thiserror::Error;

/// An error of [`Metric::hide`](crate::Metric::hide). The series is still on the page.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum HideError {
    /// The family does not hide series.
    #[error(
        "series of {metric:?} can't be hidden: call hide_idle_series or hide_idle_series_of on the \
         builder of the registry, and give the family an open label"
    )]
    NotConfigured {
        /// The family.
        metric: String,
    },
    /// Nothing was recorded with these labels.
    #[error("{metric:?} has no series with these labels: nothing was recorded with them")]
    Unknown {
        /// The family.
        metric: String,
    },
    /// A handle, a guard of the gauge, or an attached instance keeps the series on the page.
    #[error(
        "the series of {metric:?} is in use: drop its handles and guards, and detach the instance \
         that feeds it"
    )]
    InUse {
        /// The family.
        metric: String,
    },
    /// The series is never hidden, because its open labels are all empty or all `aggregated`.
    #[error("the series of {metric:?} whose open labels are empty or `aggregated` can't be hidden")]
    Permanent {
        /// The family.
        metric: String,
    },
}
