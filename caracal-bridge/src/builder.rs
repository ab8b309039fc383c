//! Settings of a recorder.

use std::sync::Arc;

use caracal_metrics_core::adapter::RuntimeFamily;
use caracal_metrics_core::{FamilyError, Histogram, MetricsRegistry};
use thiserror::Error;

use crate::buckets::{BucketRules, Matcher};
use crate::recorder::FacadeRecorder;
use crate::shared::Shared;

/// The default of [`RecorderBuilder::max_metrics`].
pub(crate) const MAX_METRICS: usize = 1000;

/// Settings of a [`FacadeRecorder`].
///
/// ```
/// # mod caracal_metrics { pub use caracal_metrics_core::*; pub use caracal_bridge as bridge; }
/// use caracal_metrics::bridge::{Matcher, RecorderBuilder};
/// use caracal_metrics::MetricsRegistry;
///
/// let registry = MetricsRegistry::new();
/// let recorder = RecorderBuilder::new(&registry)
///     .buckets(Matcher::Prefix("db.".to_owned()), &[0.001, 0.01, 0.1])
///     .build()?;
///
/// metrics::with_local_recorder(&recorder, || metrics::histogram!("db.query").record(0.05));
/// assert_eq!(registry.sample("db_query_bucket", &[("le", "0.1")]), Some(1.0));
/// # Ok::<(), caracal_metrics::bridge::RecorderError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "nothing is recorded until `build`"]
pub struct RecorderBuilder {
    registry: MetricsRegistry,
    buckets: BucketRules,
    max_metrics: usize,
}

impl RecorderBuilder {
    /// Creates a builder with the default settings, for a recorder into this registry.
    pub fn new(registry: &MetricsRegistry) -> Self {
        let (buckets, max_metrics) = (BucketRules::default(), MAX_METRICS);
        Self { registry: registry.clone(), buckets, max_metrics }
    }

    /// Sets the upper bounds of the buckets of the histograms whose names match, in ascending order. `+Inf`
    /// is added. If several matchers match, a full name takes precedence over a prefix, and a prefix over a
    /// suffix. Of two matchers of the same kind, the longer one takes precedence.
    pub fn buckets(mut self, names: Matcher, bounds: &[f64]) -> Self {
        self.buckets.rules.push((names, bounds.to_vec()));
        self
    }

    /// Sets the upper bounds of the buckets of all other histograms. By default, these [depend on the
    /// unit](FacadeRecorder#histograms).
    pub fn default_buckets(mut self, bounds: &[f64]) -> Self {
        self.buckets.default = Some(bounds.to_vec());
        self
    }

    /// Sets the maximum number of metric names. Defaults to 1,000. Records of further metrics are refused,
    /// and counted in `caracal_facade_refused_records_total`.
    pub fn max_metrics(mut self, metrics: usize) -> Self {
        self.max_metrics = metrics;
        self
    }

    /// Builds the recorder.
    ///
    /// # Errors
    ///
    /// Returns an error if the bounds of buckets are not ascending and finite, if there are none or more
    /// than 62, or if the registry refuses the family that counts refused records.
    pub fn build(self) -> Result<FacadeRecorder, RecorderError> {
        let default = self.buckets.default.iter().map(|bounds| ("*".to_owned(), bounds));
        let rules = self.buckets.rules.iter().map(|(names, bounds)| (names.to_string(), bounds));
        for (names, bounds) in rules.chain(default) {
            let family = RuntimeFamily::<Histogram>::histogram(names, "").buckets(bounds);
            family.check_buckets().map_err(RecorderError::Buckets)?;
        }
        let shared = Shared::new(self.registry, self.buckets, self.max_metrics);
        Ok(FacadeRecorder::of(Arc::new(shared.map_err(RecorderError::Family)?)))
    }
}

/// An error of [`RecorderBuilder::build`].
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum RecorderError {
    /// Bounds of buckets are not valid. The error names the histograms by the pattern of their names.
    #[error(transparent)]
    Buckets(FamilyError),
    /// The registry refused the family that counts refused records.
    #[error(transparent)]
    Family(FamilyError),
}
