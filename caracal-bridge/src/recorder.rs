//! The recorder.

use std::fmt;
use std::sync::Arc;

use caracal_metrics_core::{Counter, FloatGauge, Histogram, MetricsRegistry};
use metrics::{Key, KeyName, Metadata, Recorder, SharedString, Unit};

use crate::builder::RecorderBuilder;
use crate::refusal::Refusal;
use crate::shared::Shared;

/// Records what libraries report through the [`metrics`] facade into a [`MetricsRegistry`].
///
/// Install it for the whole process with `metrics::set_global_recorder`, or for a thread with
/// `metrics::with_local_recorder`. Clones record into the same metrics.
///
/// # Names
///
/// A metric has the same name on the page as in the facade, without the namespace of the registry. Each
/// character that is not valid in Prometheus becomes `_`. A described unit is added to the name if it is
/// missing (`sent` in bytes becomes `sent_bytes`), and the name of a counter ends in `_total`. The help text
/// is the described one. A unit must be described before the first record. A help text can be described at
/// any time. If there are several descriptions, the first one is used.
///
/// # Labels
///
/// Metrics with the same name can have different labels, because each series has its own labels. If the name
/// of a label is reserved (`le`), or is the name of a constant label of the registry, it gets the prefix
/// `exported_`. If two labels have the same name, the last one is used. The limits, aggregated labels and
/// constant labels of the registry apply.
///
/// # Counters
///
/// `increment` adds to the counter. `absolute` raises the counter to a total, and never decreases it.
///
/// # Histograms
///
/// The [builder](RecorderBuilder::buckets) sets the buckets by name. By default, they depend on the unit,
/// which is described or at the end of the name: from 5 milliseconds to 10 seconds for durations, from 64
/// bytes to 256 mebibytes for bytes, and from 0.005 to 10,000 for unknown units.
///
/// # Refused records
///
/// A metric is refused if its name on the page belongs to another family, including a metric of another
/// kind, or if its name is longer than 256 bytes. Each of its records is counted in
/// `caracal_facade_refused_records_total{metric="…",reason="name"}`. For a name that is already in use,
/// [`refusals`](Self::refusals) names both metrics. Invalid label sets (`reason="labels"`) and metrics
/// past [`max_metrics`](RecorderBuilder::max_metrics) (`reason="limit"`) are refused as well. Values that
/// are not finite are dropped, and counted in `caracal_metrics_invalid_values_total`. NaN in a gauge is
/// kept.
///
/// ```
/// # mod caracal_metrics { pub use caracal_metrics_core::*; pub use caracal_bridge as bridge; }
/// use caracal_metrics::bridge::RecorderExt;
/// use caracal_metrics::MetricsRegistry;
/// use metrics::{Unit, counter, describe_counter, gauge};
///
/// let registry = MetricsRegistry::new();
/// let recorder = registry.recorder();
/// metrics::with_local_recorder(&recorder, || {
///     describe_counter!("cache.read", Unit::Bytes, "Bytes that were read.");
///     counter!("cache.read", "tier" => "disk").increment(4096);
///     counter!("cache.read").increment(10);
///     gauge!("cache.read.bytes.total").set(1.0); // The same name on the page.
/// });
///
/// assert_eq!(registry.sample("cache_read_bytes_total", &[("tier", "disk")]), Some(4096.0));
/// assert_eq!(registry.sample("cache_read_bytes_total", &[]), Some(10.0));
/// let refused = [("metric", "cache.read.bytes.total"), ("reason", "name")];
/// assert_eq!(registry.sample("caracal_facade_refused_records_total", &refused), Some(1.0));
/// assert!(recorder.refusals()[0].to_string().contains("rename one of them"));
/// ```
#[derive(Clone)]
pub struct FacadeRecorder(Arc<Shared>);

impl fmt::Debug for FacadeRecorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FacadeRecorder")
            .field("registry", self.0.registry())
            .finish_non_exhaustive()
    }
}

impl FacadeRecorder {
    pub(crate) fn of(shared: Arc<Shared>) -> Self {
        Self(shared)
    }

    /// Returns the refused metrics and the reasons, in the order in which they were detected. Each metric is
    /// listed at most once for its name and once for its labels.
    #[must_use]
    pub fn refusals(&self) -> Vec<Refusal> {
        self.0.refusals()
    }
}

impl Recorder for FacadeRecorder {
    fn describe_counter(&self, key: KeyName, unit: Option<Unit>, description: SharedString) {
        self.0.describe(key.as_str(), unit, &description);
    }

    fn describe_gauge(&self, key: KeyName, unit: Option<Unit>, description: SharedString) {
        self.0.describe(key.as_str(), unit, &description);
    }

    fn describe_histogram(&self, key: KeyName, unit: Option<Unit>, description: SharedString) {
        self.0.describe(key.as_str(), unit, &description);
    }

    #[inline]
    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> metrics::Counter {
        self.0.handle::<Counter>(key)
    }

    #[inline]
    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> metrics::Gauge {
        self.0.handle::<FloatGauge>(key)
    }

    #[inline]
    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> metrics::Histogram {
        self.0.handle::<Histogram>(key)
    }
}

/// Creates recorders for registries.
pub trait RecorderExt {
    /// Creates a recorder for the `metrics` facade, with the [default settings](RecorderBuilder).
    ///
    /// # Panics
    ///
    /// Panics if one of your families has the name of the family that counts refused records.
    fn recorder(&self) -> FacadeRecorder;
}

impl RecorderExt for MetricsRegistry {
    fn recorder(&self) -> FacadeRecorder {
        match RecorderBuilder::new(self).build() {
            Ok(recorder) => recorder,
            Err(error) => panic!("{error}"),
        }
    }
}
