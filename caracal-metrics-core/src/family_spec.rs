//! The description of a family, independent of the types of its labels and metrics.

use std::any::Any;
use std::fmt;
use std::time::Duration;

use crate::labels::LabelSpec;
use crate::resolution::Resolution;
use crate::value_limits::ValueLimits;

/// The type of a family, and of the numbers that are recorded into it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FamilyKind {
    /// A sum of integers that only grows.
    Counter,
    /// A sum of floating-point numbers that only grows.
    FloatCounter,
    /// An integer that goes up and down.
    Gauge,
    /// A floating-point number that goes up and down.
    FloatGauge,
    /// Durations that are counted in buckets, with their sum in seconds.
    DurationHistogram,
    /// Floating-point numbers that are counted in buckets, with their sum.
    Histogram,
}

impl FamilyKind {
    /// Returns the word that `# TYPE` contains: `counter`, `gauge` or `histogram`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Counter | Self::FloatCounter => "counter",
            Self::Gauge | Self::FloatGauge => "gauge",
            Self::DurationHistogram | Self::Histogram => "histogram",
        }
    }

    pub(crate) const fn is_gauge(self) -> bool {
        matches!(self, Self::Gauge | Self::FloatGauge)
    }

    /// Returns whether there are values that such a family corrects or ignores.
    pub(crate) const fn corrects(self) -> bool {
        !matches!(self, Self::Counter | Self::Gauge)
    }

    pub(crate) const fn is_histogram(self) -> bool {
        matches!(self, Self::DurationHistogram | Self::Histogram)
    }
}

/// The upper bounds of the buckets of a histogram, in ascending order, without `+Inf`.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Buckets {
    /// The family is not a histogram.
    None,
    /// The bounds of a [`DurationHistogram`](FamilyKind::DurationHistogram).
    Durations(&'static [Duration]),
    /// The bounds of a [`Histogram`](FamilyKind::Histogram).
    Floats(&'static [f64]),
}

impl Buckets {
    /// Returns the number of bounds, without `+Inf`.
    #[must_use]
    pub const fn len(self) -> usize {
        match self {
            Self::None => 0,
            Self::Durations(bounds) => bounds.len(),
            Self::Floats(bounds) => bounds.len(),
        }
    }

    /// Returns whether there are no bounds.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// Returns the bound with this index, in the unit on the page: seconds for durations.
    #[must_use]
    pub fn get(self, place: usize) -> Option<f64> {
        match self {
            Self::None => None,
            // This rounds like the page: `as_secs_f64` would round twice.
            Self::Durations(bounds) => bounds.get(place).map(|bound| bound.as_nanos() as f64 / 1e9),
            Self::Floats(bounds) => bounds.get(place).copied(),
        }
    }

    /// Returns the bounds in the unit on the page.
    pub fn iter(self) -> impl Iterator<Item = f64> {
        (0..self.len()).filter_map(move |place| self.get(place))
    }
}

/// The time after which idle series of a family are hidden, and the code that hides them.
#[derive(Clone, Copy)]
pub(crate) struct IdleTime {
    pub(crate) after: Duration,
    /// Returns a [`MakeWatch`](crate::series::MakeWatch). Its type is unknown here, because the store of series
    /// depends on the description of a family. Only a family that hides series links the code.
    pub(crate) watch: fn() -> Box<dyn Any>,
}

impl fmt::Debug for IdleTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.after.fmt(f)
    }
}

impl PartialEq for IdleTime {
    fn eq(&self, other: &Self) -> bool {
        self.after == other.after
    }
}

/// The native buckets of a family, and the code that creates them.
#[derive(Clone, Copy)]
pub(crate) struct NativeSpec {
    pub(crate) resolution: Resolution,
    /// Returns a [`MakeNative`](crate::series::MakeNative). Its type is unknown here, as for
    /// [`IdleTime::watch`].
    pub(crate) make: fn() -> Box<dyn Any>,
}

impl fmt::Debug for NativeSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.resolution.fmt(f)
    }
}

impl PartialEq for NativeSpec {
    fn eq(&self, other: &Self) -> bool {
        self.resolution == other.resolution
    }
}

/// The description of a family, without the types of its labels. It is meant for tools that list families.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct FamilySpec {
    /// The name. For a [namespaced](crate::Family::namespaced) family, it does not include the namespace.
    pub name: &'static str,
    /// Whether the name on the page starts with the namespace of the registry.
    pub namespaced: bool,
    /// The type.
    pub kind: FamilyKind,
    /// The help text, unescaped.
    pub help: &'static str,
    /// The unit of the values, or none for plain counts.
    pub unit: Option<&'static str>,
    /// The labels, in the order in which they are written.
    pub labels: &'static [LabelSpec],
    /// The bounds of a histogram.
    pub buckets: Buckets,
    /// Whether the family is on the page only after something was recorded into it.
    pub shown_once_used: bool,
    /// The time after which idle series are hidden.
    pub(crate) hide_idle: Option<IdleTime>,
    /// The native buckets of a histogram, if it has any.
    pub(crate) native: Option<NativeSpec>,
    /// The limits of the number of values of individual labels.
    pub(crate) value_limits: Option<ValueLimits>,
}

impl FamilySpec {
    /// Returns the name on the page of a registry with this namespace.
    ///
    /// ```
    /// # extern crate caracal_metrics_core as caracal_metrics;
    /// use caracal_metrics::catalogue::GATEWAY_REQUESTS;
    ///
    /// assert_eq!(GATEWAY_REQUESTS.spec().exposed_name("shop"), "shop_gateway_requests_total");
    /// ```
    #[must_use]
    pub fn exposed_name(&self, namespace: &str) -> String {
        if self.namespaced { format!("{namespace}_{}", self.name) } else { self.name.to_owned() }
    }
}
