//! Why a series was not hidden.

use thiserror::Error;

/// Why [`Metric::hide`](crate::Metric::hide) left a series on the page.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum HideError {
    /// The family hides no series.
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
    /// Something keeps the series on the page: a handle, an attached instance, or a guard of the gauge.
    #[error(
        "the series of {metric:?} is in use: drop its handles and guards, and detach the instance \
         that feeds it"
    )]
    InUse {
        /// The family.
        metric: String,
    },
    /// The series is there for good, since its open labels are all empty or all `aggregated`.
    #[error(
        "the series of {metric:?} whose open labels are empty or `aggregated` stays on the page"
    )]
    Permanent {
        /// The family.
        metric: String,
    },
}
