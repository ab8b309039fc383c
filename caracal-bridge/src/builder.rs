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
    /// The default settings of a recorder into this registry.
    pub fn new(registry: &MetricsRegistry) -> Self {
        let (buckets, max_metrics) = (BucketRules::default(), MAX_METRICS);
        Self { registry: registry.clone(), buckets, max_metrics }
    }

    /// The upper bounds of the buckets of histograms with such names, ascending. `+Inf` is added. Of
    /// several matchers that fit, a whole name counts before a beginning and that before an end, and
    /// of two of a kind the longer one.
    pub fn buckets(mut self, names: Matcher, bounds: &[f64]) -> Self {
        self.buckets.rules.push((names, bounds.to_vec()));
        self
    }

    /// The upper bounds of the buckets of all other histograms. Without this, they
    /// [follow the unit](FacadeRecorder#histograms).
    pub fn default_buckets(mut self, bounds: &[f64]) -> Self {
        self.buckets.default = Some(bounds.to_vec());
        self
    }

    /// How many metrics of different names the recorder takes. Defaults to 1,000. The records of others
    /// are set aside, and counted in `caracal_facade_refused_records_total`.
    pub fn max_metrics(mut self, metrics: usize) -> Self {
        self.max_metrics = metrics;
        self
    }

    /// The recorder.
    ///
    /// # Errors
    ///
    /// Returns an error if bounds of buckets are not ascending and finite, are none or more than 62, and
    /// when the registry refuses the family that counts what is set aside.
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

/// Why there is no recorder.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum RecorderError {
    /// Bounds of buckets are not valid. The error names the histograms by the pattern of their names.
    #[error(transparent)]
    Buckets(FamilyError),
    /// The registry refused the family that counts what is set aside.
    #[error(transparent)]
    Family(FamilyError),
}
