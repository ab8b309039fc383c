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
/// It is a recorder for the whole process with `metrics::set_global_recorder`, or for a thread with
/// `metrics::with_local_recorder`. Clones record into the same metrics.
///
/// # Names
///
/// A metric is on the page under its name in the facade, without the namespace of the registry. Each
/// character that Prometheus does not take in a name becomes `_`, a described unit is added to the name
/// unless it is there (`sent` in bytes is `sent_bytes`), and a counter ends in `_total`. The help text is
/// the described one. A unit counts if it is described before the first record, a help text at any
/// time; of several, the first one.
///
/// # Labels
///
/// Metrics of one name may have different labels: each series has its own. A label whose name is a
/// constant label's of the registry or reserved (`le`) has `exported_` before its name. Of two labels of one name, the
/// last one counts. Limits, aggregated labels and constant labels of the registry apply.
///
/// # Counters
///
/// `increment` adds. `absolute` adds what is missing to the total, so it never makes a counter fall.
///
/// # Histograms
///
/// Buckets are those of the [builder](RecorderBuilder::buckets), by name. Otherwise they follow the
/// unit, which is described or at the end of the name: 5 milliseconds to 10 seconds for times, 64 bytes
/// to 256 mebibytes for bytes, and 0.005 to 10,000 for numbers whose unit is not known.
///
/// # What is set aside
///
/// A metric whose name is another family's, of another kind or of a name that reads the same on the
/// page, is set aside: each of its records is counted in
/// `caracal_facade_refused_records_total{metric="…",reason="name"}`, and
/// [`refusals`](Self::refusals) says what clashes with what. So are label sets that no series can have
/// (`reason="labels"`), and metrics past [`max_metrics`](RecorderBuilder::max_metrics)
/// (`reason="limit"`). Values that are not finite are counted in
/// `caracal_metrics_invalid_values_total`, but for NaN in a gauge.
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

    /// What is set aside and why, in the order in which it was found: each metric with its name or for
    /// its labels once.
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

/// Makes recorders of registries.
pub trait RecorderExt {
    /// A recorder for the `metrics` facade, with [default settings](RecorderBuilder).
    ///
    /// # Panics
    ///
    /// Panics if a family of yours has the name of the one that counts what is set aside.
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
