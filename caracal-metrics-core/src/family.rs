//! What a family is: its name, type, help, labels and buckets, written down as a constant.

use std::marker::PhantomData;
use std::time::Duration;

use crate::labels::{LabelSet, LabelSpec, Labels, MAX_CLOSED_SETS, MAX_LABELS, closed_sets};

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
            Self::Durations(bounds) => bounds.get(place).map(Duration::as_secs_f64),
            Self::Floats(bounds) => bounds.get(place).copied(),
        }
    }

    /// The bounds in the unit that the page has.
    pub fn iter(self) -> impl Iterator<Item = f64> {
        (0..self.len()).filter_map(move |place| self.get(place))
    }
}

/// What a family is, without the types of its labels: for tools that list families.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct FamilySpec {
    /// The name. A [namespaced](Family::namespaced) family's is without the namespace.
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
}

impl FamilySpec {
    /// The name on the page of a registry with this namespace.
    ///
    /// ```
    /// use caracal_metrics_core::catalogue::GATEWAY_REQUESTS;
    ///
    /// assert_eq!(GATEWAY_REQUESTS.spec().exposed_name("shop"), "shop_gateway_requests_total");
    /// ```
    #[must_use]
    pub fn exposed_name(&self, namespace: &str) -> String {
        if self.namespaced { format!("{namespace}_{}", self.name) } else { self.name.to_owned() }
    }
}

/// A family of metrics: a name, a type, a help text and a typed set of labels.
///
/// It is a constant. [`MetricsRegistry::family`](crate::MetricsRegistry::family) registers it, and
/// gives you what you record with.
///
/// ```
/// use caracal_metrics_core::{Counter, Family, Gauge, MetricsRegistry, labels};
///
/// labels! {
///     /// How an order was paid.
///     pub enum Payment { Card => "card", Invoice => "invoice" }
///
///     /// The labels of an order.
///     pub struct Order<'a> { payment: Payment, tenant: &'a str }
/// }
///
/// static ORDERS_PLACED: Family<Counter, Order<'_>> =
///     Family::counter("shop_orders_placed_total", "Orders placed.");
/// static QUEUE_DEPTH: Family<Gauge> =
///     Family::gauge("shop_queue_depth", "Orders waiting to be packed.");
///
/// let metrics = MetricsRegistry::new();
/// let orders = metrics.family(&ORDERS_PLACED)?;
/// let queue = metrics.family(&QUEUE_DEPTH)?;
///
/// orders.inc(Order { payment: Payment::Card, tenant: "acme" });
/// queue.set(3);
///
/// let labels = [("payment", "card"), ("tenant", "acme")];
/// assert_eq!(metrics.sample("shop_orders_placed_total", &labels), Some(1.0));
/// assert_eq!(metrics.sample("shop_queue_depth", &[]), Some(3.0));
/// # Ok::<(), caracal_metrics_core::FamilyError>(())
/// ```
///
/// A family has at most 8 labels, and its closed labels have at most 65,536 combinations. One with
/// more does not compile:
///
/// ```compile_fail,E0080
/// # use caracal_metrics_core::{Counter, Family, StatusCode, labels};
/// labels! { struct Hop { client: StatusCode, upstream: StatusCode } }
///
/// // 901 times 901 combinations.
/// static HOPS: Family<Counter, Hop> = Family::counter("hops_total", "Hops.");
/// ```
///
/// ```compile_fail,E0080
/// # use caracal_metrics_core::{Counter, Family, labels};
/// labels! {
///     struct Nine {
///         a: bool, b: bool, c: bool, d: bool, e: bool, f: bool, g: bool, h: bool, i: bool,
///     }
/// }
///
/// static NINE: Family<Counter, Nine> = Family::counter("nine_total", "Nine labels.");
/// ```
pub struct Family<K, L: Labels = ()> {
    spec: FamilySpec,
    types: PhantomData<fn() -> (K, L)>,
}

impl<K, L: Labels> std::fmt::Debug for Family<K, L> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.spec.fmt(f)
    }
}

macro_rules! constructors {
    ($( $(#[$doc:meta])* $constructor:ident: $kind:ident, $unit:expr; )*) => { $(
        impl<L: Labels> Family<crate::kinds::$kind, L> {
            $(#[$doc])*
            pub const fn $constructor(name: &'static str, help: &'static str) -> Self {
                Self::new(FamilyKind::$kind, name, help, $unit)
            }
        }
    )* };
}

constructors! {
    /// A family of counters: integers that only grow. The name ends in `_total`.
    counter: Counter, None;
    /// A family of counters of floating-point numbers, which only grow. The name ends in `_total`.
    float_counter: FloatCounter, None;
    /// A family of gauges: integers that go up and down.
    gauge: Gauge, None;
    /// A family of gauges of floating-point numbers.
    float_gauge: FloatGauge, None;
    /// A family of histograms of durations. The values on the page are in seconds, and the name
    /// ends in `_seconds`. It needs [`buckets`](Self::buckets).
    duration_histogram: DurationHistogram, Some("seconds");
    /// A family of histograms of floating-point numbers. It needs [`buckets`](Self::buckets).
    histogram: Histogram, None;
}

impl<K, L: Labels> Family<K, L> {
    const fn new(
        kind: FamilyKind,
        name: &'static str,
        help: &'static str,
        unit: Option<&'static str>,
    ) -> Self {
        let labels = <L::Of<'static> as LabelSet>::SPECS;
        const {
            let labels = <L::Of<'static> as LabelSet>::SPECS;
            assert!(labels.len() <= MAX_LABELS, "a family has at most 8 labels");
            assert!(
                closed_sets(labels) <= MAX_CLOSED_SETS,
                "the closed labels of a family have at most 65,536 combinations: make one open",
            );
        }
        let spec = FamilySpec {
            name,
            namespaced: false,
            kind,
            help,
            unit,
            labels,
            buckets: Buckets::None,
            shown_once_used: false,
        };
        Self { spec, types: PhantomData }
    }

    /// What the family is, without the types of its labels.
    #[must_use]
    pub const fn spec(&self) -> &FamilySpec {
        &self.spec
    }

    /// Puts the namespace of the registry before the name. Families of adapters do this; a
    /// service's own are exposed under the name in its source, where a search finds it.
    #[must_use]
    pub const fn namespaced(mut self) -> Self {
        self.spec.namespaced = true;
        self
    }

    /// Leaves the family out of the page until something was recorded into it or attached to it.
    /// Without this, its series without labels, or with closed labels only, read 0 from the start,
    /// so that `rate()` shows the first event. That goes for up to 100 series, and not for labels of
    /// type [`StatusCode`](crate::StatusCode).
    #[must_use]
    pub const fn shown_once_used(mut self) -> Self {
        self.spec.shown_once_used = true;
        self
    }

    /// The unit of the values, which OpenMetrics writes as `# UNIT`. The name has to end in it.
    #[must_use]
    pub const fn unit(mut self, unit: &'static str) -> Self {
        self.spec.unit = Some(unit);
        self
    }
}

impl<L: Labels> Family<crate::kinds::DurationHistogram, L> {
    /// The upper bounds of the buckets, ascending. `+Inf` is added.
    #[must_use]
    pub const fn buckets(mut self, bounds: &'static [Duration]) -> Self {
        self.spec.buckets = Buckets::Durations(bounds);
        self
    }
}

impl<L: Labels> Family<crate::kinds::Histogram, L> {
    /// The upper bounds of the buckets, ascending and finite. `+Inf` is added.
    #[must_use]
    pub const fn buckets(mut self, bounds: &'static [f64]) -> Self {
        self.spec.buckets = Buckets::Floats(bounds);
        self
    }
}
