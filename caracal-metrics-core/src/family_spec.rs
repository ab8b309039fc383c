//! What a family is, whatever the types of its labels and of its metrics.

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
    /// Durations counted into buckets, with their sum in seconds.
    DurationHistogram,
    /// Floating-point numbers counted into buckets, with their sum.
    Histogram,
}

impl FamilyKind {
    /// The word that `# TYPE` carries: `counter`, `gauge` or `histogram`.
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

    /// Whether there are values that such a family corrects or sets aside.
    pub(crate) const fn corrects(self) -> bool {
        !matches!(self, Self::Counter | Self::Gauge)
    }

    pub(crate) const fn is_histogram(self) -> bool {
        matches!(self, Self::DurationHistogram | Self::Histogram)
    }
}

/// The upper bounds of a histogram's buckets, ascending, without `+Inf`.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Buckets {
    /// The family is not a histogram.
    None,
    /// Of a [`DurationHistogram`](FamilyKind::DurationHistogram).
    Durations(&'static [Duration]),
    /// Of a [`Histogram`](FamilyKind::Histogram).
    Floats(&'static [f64]),
}

impl Buckets {
    /// How many there are, without the one up to `+Inf`.
    #[must_use]
    pub const fn len(self) -> usize {
        match self {
            Self::None => 0,
            Self::Durations(bounds) => bounds.len(),
            Self::Floats(bounds) => bounds.len(),
        }
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The bound at this place, in the unit that the page has: seconds for durations.
    #[must_use]
    pub fn get(self, place: usize) -> Option<f64> {
        match self {
            Self::None => None,
            // As the page rounds them: `as_secs_f64` rounds twice.
            Self::Durations(bounds) => bounds.get(place).map(|bound| bound.as_nanos() as f64 / 1e9),
            Self::Floats(bounds) => bounds.get(place).copied(),
        }
    }

    /// The bounds in the unit that the page has.
    pub fn iter(self) -> impl Iterator<Item = f64> {
        (0..self.len()).filter_map(move |place| self.get(place))
    }
}

/// After what time idle series of a family are hidden, with what hides them.
#[derive(Clone, Copy)]
pub(crate) struct IdleTime {
    pub(crate) after: Duration,
    /// Returns a [`MakeWatch`](crate::series::MakeWatch), whose type is not known here: a store of series
    /// is made from what a family is. Only a family that hides series links the code that does.
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

/// The native buckets of a family, with what makes them.
#[derive(Clone, Copy)]
pub(crate) struct NativeSpec {
    pub(crate) resolution: Resolution,
    /// Returns a [`MakeNative`](crate::series::MakeNative), as [`IdleTime::watch`].
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

/// What a family is, without the types of its labels: for tools that list families.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct FamilySpec {
    /// The name. A [namespaced](crate::Family::namespaced) family's is without the namespace.
    pub name: &'static str,
    /// Whether the namespace of the registry comes before the name.
    pub namespaced: bool,
    /// The type.
    pub kind: FamilyKind,
    /// The help text, unescaped.
    pub help: &'static str,
    /// The unit of the values, or nothing for plain counts.
    pub unit: Option<&'static str>,
    /// The labels, in the order in which they are written.
    pub labels: &'static [LabelSpec],
    /// The bounds of a histogram.
    pub buckets: Buckets,
    /// Whether the page has the family only once something was recorded into it.
    pub shown_once_used: bool,
    /// After what time idle series are hidden.
    pub(crate) hide_idle: Option<IdleTime>,
    /// The native buckets of a histogram that has some.
    pub(crate) native: Option<NativeSpec>,
    /// How many values single labels may have.
    pub(crate) value_limits: Option<ValueLimits>,
}

impl FamilySpec {
    /// The name on the page of a registry with this namespace.
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
