//! A typed family: its name, help, labels and buckets, declared as a constant.

use std::marker::PhantomData;
use std::time::Duration;

use crate::family_spec::{Buckets, FamilyKind, FamilySpec, IdleTime, NativeSpec};
use crate::kinds::Bucketed;
use crate::labels::{LabelSet, Labels, MAX_LABELS, closed_sets, fits, open_place};
use crate::resolution::Resolution;
use crate::series::{MakeNative, MakeWatch, native_buckets, watch_idle};
use crate::value_limits::{NO_LIMITS, ValueLimits, counts};

/// A family of metrics: a name, a type, a help text and a typed set of labels.
///
/// You declare it as a constant. [`MetricsRegistry::family`](crate::MetricsRegistry::family)
/// registers it and returns what you record with.
///
/// ```
/// # extern crate caracal_metrics_core as caracal_metrics;
/// use caracal_metrics::{Counter, Family, Gauge, MetricsRegistry, labels};
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
/// # Ok::<(), caracal_metrics::FamilyError>(())
/// ```
///
/// A family has at most 8 labels. Its closed labels have at most 65,536 combinations, or 4,194,304
/// if the family also has an open label. A family with more does not compile:
///
/// ```compile_fail,E0080
/// # extern crate caracal_metrics_core as caracal_metrics;
/// # use caracal_metrics::{Counter, Family, StatusCode, labels};
/// labels! { struct Hop { client: StatusCode, upstream: StatusCode } }
///
/// // 901 times 901 combinations.
/// static HOPS: Family<Counter, Hop> = Family::counter("hops_total", "Hops.");
/// ```
///
/// ```compile_fail,E0080
/// # extern crate caracal_metrics_core as caracal_metrics;
/// # use caracal_metrics::{Counter, Family, labels};
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
            assert!(closed_sets(labels) > 0, "a closed label has at least one value");
            assert!(
                fits(labels),
                "the closed labels of a family have at most 65,536 combinations, or 4,194,304 if the family \
                 also has an open label: make one open",
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
            hide_idle: None,
            native: None,
            value_limits: None,
        };
        Self { spec, types: PhantomData }
    }

    /// Returns the description of the family, without the types of its labels.
    #[must_use]
    pub const fn spec(&self) -> &FamilySpec {
        &self.spec
    }

    /// Adds the namespace of the registry to the beginning of the name. Adapters do this for their
    /// families. The families of a service keep the name in its source, so that a search finds it.
    #[must_use]
    pub const fn namespaced(mut self) -> Self {
        self.spec.namespaced = true;
        self
    }

    /// Leaves the family out of the page until something was recorded into it or attached to it. A
    /// family without labels is left out until it is registered.
    ///
    /// Without this setting, series whose labels are known in advance are on the page from the
    /// start with the value 0, so that `rate()` shows the first event. These are the series without
    /// labels, with closed labels, and with optional labels left out. This applies to families with
    /// up to 100 such series, and not to labels of type [`StatusCode`](crate::StatusCode).
    #[must_use]
    pub const fn shown_once_used(mut self) -> Self {
        self.spec.shown_once_used = true;
        self
    }

    /// Hides series of this family if nothing was recorded for this time, as
    /// [`hide_idle_series`](crate::MetricsRegistryBuilder::hide_idle_series) of the builder does
    /// for all families. The builder's `hide_idle_series_of` takes precedence over this.
    ///
    /// # Panics
    ///
    /// Panics if the time is zero. For a constant, this is an error at compile time.
    #[must_use]
    pub const fn hide_idle_series(mut self, after: Duration) -> Self {
        assert!(!after.is_zero(), "series would be hidden immediately: choose a longer time");
        self.spec.hide_idle = Some(IdleTime { after, watch: || Box::new(watch_idle as MakeWatch) });
        self
    }

    /// Limits the number of values of an open label, as
    /// [`max_values`](crate::MetricsRegistryBuilder::max_values) of the builder does. You can call
    /// this once for each label.
    ///
    /// ```
    /// # extern crate caracal_metrics_core as caracal_metrics;
    /// use caracal_metrics::{Counter, Family, MetricsRegistry, labels};
    ///
    /// labels! { struct Call<'a> { route: &'a str, agent: &'a str } }
    /// static CALLS: Family<Counter, Call<'_>> =
    ///     Family::counter("calls_total", "Calls.").max_values("agent", 2);
    ///
    /// let metrics = MetricsRegistry::new();
    /// let calls = metrics.family(&CALLS)?;
    /// for agent in ["a", "b", "c", "d"] {
    ///     calls.inc(Call { route: "/pay", agent });
    /// }
    /// let merged = [("route", "/pay"), ("agent", "aggregated")];
    /// assert_eq!(metrics.sample("calls_total", &merged), Some(2.0));
    /// # Ok::<(), caracal_metrics::FamilyError>(())
    /// ```
    ///
    /// # Panics
    ///
    /// Panics if the family has no open label of this name. For a constant, this is an error at
    /// compile time.
    #[must_use]
    pub const fn max_values(mut self, label: &str, limit: usize) -> Self {
        let mut limits = match self.spec.value_limits {
            Some(ValueLimits { limits, .. }) => limits,
            None => NO_LIMITS,
        };
        let Some(place) = open_place(self.spec.labels, label) else {
            panic!("the family has no open label of this name");
        };
        limits[place] = Some(limit);
        self.spec.value_limits = Some(ValueLimits { limits, make: counts });
        self
    }

    /// Sets the unit of the values, which OpenMetrics writes as `# UNIT`. The name must end in it.
    #[must_use]
    pub const fn unit(mut self, unit: &'static str) -> Self {
        self.spec.unit = Some(unit);
        self
    }
}

impl<K: Bucketed, L: Labels> Family<K, L> {
    /// Adds native buckets to the family, in addition to its classic ones, as
    /// [`native_histograms`](crate::MetricsRegistryBuilder::native_histograms) of the builder does
    /// for all histograms. The builder's `native_histograms_of` takes precedence over this.
    ///
    /// # Panics
    ///
    /// Panics if the resolution is out of range. For a constant, this is an error at compile time.
    #[must_use]
    pub const fn native_histograms(mut self, resolution: Resolution) -> Self {
        assert!(resolution.is_valid(), "the schema is out of range: choose one from 0 to 8");
        self.spec.native =
            Some(NativeSpec { resolution, make: || Box::new(native_buckets as MakeNative) });
        self
    }
}

impl<L: Labels> Family<crate::kinds::DurationHistogram, L> {
    /// Sets the upper bounds of the buckets, in ascending order. `+Inf` is added.
    #[must_use]
    pub const fn buckets(mut self, bounds: &'static [Duration]) -> Self {
        self.spec.buckets = Buckets::Durations(bounds);
        self
    }
}

impl<L: Labels> Family<crate::kinds::Histogram, L> {
    /// Sets the upper bounds of the buckets, finite and in ascending order. `+Inf` is added.
    #[must_use]
    pub const fn buckets(mut self, bounds: &'static [f64]) -> Self {
        self.spec.buckets = Buckets::Floats(bounds);
        self
    }
}
