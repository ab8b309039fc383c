//! The declaration of a family at run time.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use super::metric::RuntimeMetric;
use crate::description::{Bounds, Description, nanos};
use crate::exposition::parse_labels;
use crate::family_error::FamilyError;
use crate::family_spec::FamilyKind;
use crate::kinds::Kind;
use crate::registry::MetricsRegistry;

/// A family whose name is only known at run time, and in which each series has its own labels. It is meant for
/// adapters of libraries that choose the names of their metrics. The families of a service are
/// [constants](crate::Family).
///
/// ```
/// # extern crate caracal_metrics_core as caracal_metrics;
/// use caracal_metrics::adapter::RuntimeFamily;
/// use caracal_metrics::{Counter, MetricsRegistry};
///
/// let metrics = MetricsRegistry::new();
/// let name = format!("plugin_{}_calls_total", "mail");
/// let calls = metrics.runtime_family(RuntimeFamily::<Counter>::counter(name, "Calls of the plugin."))?;
///
/// calls.with(&[("method", "send"), ("peer", "a")])?.inc();
/// calls.with(&[("method", "list")])?.inc_by(2);
///
/// let sample = |labels: &[(&str, &str)]| metrics.sample("plugin_mail_calls_total", labels);
/// assert_eq!(sample(&[("method", "send"), ("peer", "a")]), Some(1.0));
/// assert_eq!(sample(&[("method", "list")]), Some(2.0));
/// # Ok::<(), caracal_metrics::FamilyError>(())
/// ```
#[must_use = "the family is registered with `MetricsRegistry::runtime_family`"]
pub struct RuntimeFamily<K> {
    description: Description,
    kind: PhantomData<fn() -> K>,
}

impl<K> fmt::Debug for RuntimeFamily<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.description.fmt(f)
    }
}

macro_rules! constructors {
    ($( $(#[$doc:meta])* $constructor:ident: $kind:ident, $unit:expr; )*) => { $(
        impl RuntimeFamily<crate::kinds::$kind> {
            $(#[$doc])*
            pub fn $constructor(name: impl Into<String>, help: impl Into<String>) -> Self {
                Self::new(FamilyKind::$kind, name.into(), help.into(), $unit)
            }
        }
    )* };
}

constructors! {
    /// A family of [counters](crate::Counter). The name ends in `_total`.
    counter: Counter, None;
    /// A family of [counters of floating-point numbers](crate::FloatCounter). The name ends in `_total`.
    float_counter: FloatCounter, None;
    /// A family of [gauges](crate::Gauge).
    gauge: Gauge, None;
    /// A family of [gauges of floating-point numbers](crate::FloatGauge).
    float_gauge: FloatGauge, None;
    /// A family of [histograms of durations](crate::DurationHistogram). The values on the page are in
    /// seconds, and the name ends in `_seconds`. It needs [`buckets`](Self::buckets).
    duration_histogram: DurationHistogram, Some("seconds".to_owned());
    /// A family of [histograms of floating-point numbers](crate::Histogram). It needs
    /// [`buckets`](Self::buckets).
    histogram: Histogram, None;
}

impl<K> RuntimeFamily<K> {
    fn new(kind: FamilyKind, name: String, help: String, unit: Option<String>) -> Self {
        let description = Description {
            name,
            kind,
            help: help.into(),
            unit: unit.map(Into::into),
            labels: (&[]).into(),
            bounds: Bounds::None,
            series_labels: Some(read_labels),
        };
        Self { description, kind: PhantomData }
    }

    /// Sets the unit of the values, which OpenMetrics writes as `# UNIT`. The name must end in it.
    pub fn unit(mut self, unit: impl Into<String>) -> Self {
        self.description.unit = Some(unit.into().into());
        self
    }

    /// Checks whether a histogram can have these buckets. Use this if you know the buckets before the names of
    /// families.
    ///
    /// # Errors
    ///
    /// Returns an error if there are no buckets or too many, or if they are not ascending and finite.
    pub fn check_buckets(&self) -> Result<(), FamilyError> {
        self.description.check_bounds()
    }
}

fn read_labels(text: &str) -> Vec<(Cow<'static, str>, Cow<'static, str>)> {
    let labels = parse_labels(text).unwrap_or_default();
    labels.into_iter().map(|(name, value)| (name.into(), value.into())).collect()
}

impl RuntimeFamily<crate::kinds::DurationHistogram> {
    /// Sets the upper bounds of the buckets, in ascending order. `+Inf` is added.
    pub fn buckets(mut self, bounds: &[Duration]) -> Self {
        self.description.bounds = Bounds::Nanos(bounds.iter().copied().map(nanos).collect());
        self
    }
}

impl RuntimeFamily<crate::kinds::Histogram> {
    /// Sets the upper bounds of the buckets, finite and in ascending order. `+Inf` is added.
    pub fn buckets(mut self, bounds: &[f64]) -> Self {
        self.description.bounds = Bounds::Floats(bounds.into());
        self
    }
}

impl MetricsRegistry {
    /// Registers a family that is declared at run time. It is on the page as soon as it has a series.
    ///
    /// Registering the same declaration again returns the same series. The limits, constant labels and
    /// aggregated labels of the registry apply to it. The registry never removes it, so limit the number of
    /// names that come from outside.
    ///
    /// This does not wait for code of the user, so you can call it while recording. For this reason, the name
    /// is not reserved in an attached `prometheus::Registry`. If a collector of that registry has a family
    /// whose names clash with it, pages leave out that family and count it in
    /// `caracal_metrics_collection_errors_total`.
    ///
    /// # Errors
    ///
    /// Returns an error if the name or the buckets are not valid, or if another family uses the name or the
    /// name of one of the samples. In this case, nothing is registered. The name of a gauge or a histogram can
    /// end in `_total`, `_count`, `_sum` or `_bucket` if no other family needs it, because such names come from
    /// libraries whose users can't change them.
    pub fn runtime_family<K: Kind>(
        &self,
        family: RuntimeFamily<K>,
    ) -> Result<RuntimeMetric<K>, FamilyError> {
        let store = self.instances().state().register_at_run_time(family.description)?;
        Ok(RuntimeMetric::new(store))
    }
}
