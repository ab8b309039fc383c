//! The settings of a registry.

mod build;
mod checks;

use std::sync::Arc;
use std::time::Duration;

use self::checks::Check;
use crate::chosen::Chosen;
use crate::description::Bounds;
use crate::exemplar::Exemplar;
use crate::exemplar_source::ExemplarSource;
use crate::family::Family;
use crate::family_spec::FamilySpec;
use crate::kinds::Bucketed;
use crate::labels::Labels;
use crate::prometheus::Attach;
use crate::registry_clock::RegistryClock;
use crate::resolution::Resolution;
use crate::series::{
    AfterIdle, NotesOf, WithNative, cut, native_buckets, note_created, watch_idle,
};
use crate::value_limits::{MakeCounts, counts};

const DEFAULT_NAMESPACE: &str = "caracal";
const DEFAULT_MAX_SERIES_PER_FAMILY: usize = 10_000;
const DEFAULT_COLLECTION_TIMEOUT: Duration = Duration::from_secs(1);

/// The settings of a [`MetricsRegistry`](crate::MetricsRegistry).
///
/// ```
/// # extern crate caracal_metrics_core as caracal_metrics;
/// use caracal_metrics::MetricsRegistry;
///
/// let mine = prometheus::Registry::new();
/// let metrics = MetricsRegistry::builder()
///     .registry(mine.clone())
///     .const_label("service", "gateway")
///     .max_series_per_family(2_000)
///     .aggregate_label("agent_id")
///     .build()?;
/// metrics.record_replay_block("nonce_reused");
/// assert!(mine.gather().iter().any(|family| family.name() == "caracal_gateway_replay_blocks_total"));
/// # Ok::<(), caracal_metrics::BuildError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "call `build` to get a registry"]
pub struct MetricsRegistryBuilder {
    /// The families that the registry has from the start, in addition to its own.
    families: Vec<&'static FamilySpec>,
    registry: Option<Arc<dyn Attach>>,
    namespace: String,
    const_labels: Vec<(String, String)>,
    max_series_per_family: usize,
    max_series: Option<Arc<Chosen<usize>>>,
    buckets: Option<Arc<Chosen<Bounds>>>,
    value_bytes: usize,
    aggregate: Vec<String>,
    created: Option<NotesOf>,
    only_used: bool,
    clock: RegistryClock,
    max_values: Vec<(&'static FamilySpec, String, usize)>,
    count_values: Option<MakeCounts>,
    hide_idle: Option<Arc<Chosen<AfterIdle>>>,
    exemplar_source: Option<ExemplarSource>,
    native: Option<Arc<Chosen<WithNative>>>,
    collection_timeout: Duration,
    process: bool,
    /// The checks of the settings. Each has the index of its setting among the settings of its
    /// kind.
    checks: Vec<(Check, usize)>,
}

impl MetricsRegistryBuilder {
    pub(crate) fn of_families(families: impl IntoIterator<Item = &'static FamilySpec>) -> Self {
        Self {
            families: families.into_iter().collect(),
            registry: None,
            namespace: DEFAULT_NAMESPACE.to_owned(),
            const_labels: Vec::new(),
            max_series_per_family: DEFAULT_MAX_SERIES_PER_FAMILY,
            max_series: None,
            buckets: None,
            value_bytes: cut::DEFAULT_LIMIT,
            aggregate: Vec::new(),
            created: None,
            only_used: false,
            clock: RegistryClock::system(),
            max_values: Vec::new(),
            count_values: None,
            hide_idle: None,
            exemplar_source: None,
            native: None,
            collection_timeout: DEFAULT_COLLECTION_TIMEOUT,
            process: false,
            checks: Vec::new(),
        }
    }

    /// Attaches the registry to an existing `prometheus::Registry`. The other collectors of that
    /// registry appear on the page. Its `gather()` returns Caracal's families until the
    /// `MetricsRegistry` is dropped.
    ///
    /// If the registry was created with `Registry::new_custom`, its labels are on all series of the
    /// page, as they are in `gather()`. A registry with a prefix is refused, because the prefix
    /// would rename Caracal's families. To find out both, [`build`](Self::build) gathers from the
    /// registry once. They remain unknown if one of the collectors panics during this.
    ///
    /// [`build`](Self::build) returns an error if a family of the registry has the name of one of
    /// Caracal's families, or the name of one of their samples. Afterwards, the registry refuses
    /// these names to other collectors.
    pub fn registry(mut self, registry: prometheus::Registry) -> Self {
        self.registry = Some(Arc::new(registry));
        self
    }

    /// Sets the namespace. The names of the families of the catalogue and of adapters start with it
    /// and an underscore. Defaults to `caracal`. A family of your own keeps the name in your source,
    /// unless it is [`namespaced`](Family::namespaced).
    ///
    /// ```
    /// # extern crate caracal_metrics_core as caracal_metrics;
    /// use caracal_metrics::MetricsRegistry;
    ///
    /// let metrics = MetricsRegistry::builder().namespace("shop").only_used_families().build()?;
    /// metrics.record_policy_cache_hit();
    /// assert_eq!(metrics.sample("shop_policy_cache_hits_total", &[]), Some(1.0));
    /// # Ok::<(), caracal_metrics::BuildError>(())
    /// ```
    pub fn namespace(mut self, namespace: impl Into<String>) -> Self {
        self.namespace = namespace.into();
        self
    }

    /// Leaves the families of the catalogue and of adapters out of the page until something is
    /// recorded into them or attached to them. Without this setting, the 22 families of the
    /// catalogue are on every page.
    pub fn only_used_families(mut self) -> Self {
        self.only_used = true;
        self
    }

    /// Replaces the buckets of a histogram of the catalogue, of an adapter or of your own, whether
    /// it is registered now or later. The bounds are ascending, without `+Inf`. The bounds of a
    /// [`DurationHistogram`](crate::DurationHistogram) are durations, and those of a
    /// [`Histogram`](crate::Histogram) are numbers. [`build`](Self::build) returns an error for
    /// other bounds.
    ///
    /// ```
    /// # extern crate caracal_metrics_core as caracal_metrics;
    /// use std::time::Duration;
    /// use caracal_metrics::{MetricsRegistry, catalogue};
    ///
    /// let metrics = MetricsRegistry::builder()
    ///     .buckets(
    ///         &catalogue::GATEWAY_REQUEST_DURATION,
    ///         &[Duration::from_millis(1), Duration::from_millis(5)],
    ///     )
    ///     .build()?;
    /// # Ok::<(), caracal_metrics::BuildError>(())
    /// ```
    pub fn buckets<K: Bucketed, L: Labels>(
        mut self,
        family: &'static Family<K, L>,
        bounds: &[K::Bound],
    ) -> Self {
        Chosen::for_one(&mut self.buckets, family.spec(), K::bounds(bounds));
        self.checks.push((checks::buckets, 0));
        self
    }

    /// Adds a label to every series of the registry, including the series of your own families.
    pub fn const_label(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.checks.push((checks::const_label, self.const_labels.len()));
        self.const_labels.push((name.into(), value.into()));
        self
    }

    /// Limits the number of label sets of each family. Defaults to 10,000.
    ///
    /// If a family is full, an update with a new label set is merged into a series whose open labels
    /// have the value `aggregated`. A value of a gauge is dropped instead, because the states of
    /// several circuit breakers can't be added up. Both are counted in
    /// `caracal_metrics_series_limited_total`.
    ///
    /// An attached instance (a pool, a circuit breaker, a cache) is never merged. Its series count
    /// towards the limit while it is attached. Attaching an instance to a full family fails with
    /// [`AttachError::SeriesLimit`](crate::AttachError::SeriesLimit).
    pub fn max_series_per_family(mut self, limit: usize) -> Self {
        self.max_series_per_family = limit;
        self
    }

    /// Limits the number of label sets of one family. This takes precedence over
    /// [`max_series_per_family`](Self::max_series_per_family).
    pub fn max_series<K, L: Labels>(self, family: &'static Family<K, L>, limit: usize) -> Self {
        self.max_series_of(family.spec(), limit)
    }

    pub(crate) fn max_series_of(mut self, family: &'static FamilySpec, limit: usize) -> Self {
        Chosen::for_one(&mut self.max_series, family, limit);
        self.checks.push((checks::max_series, 0));
        self
    }

    /// Limits the number of values of one open label of a family, in addition to the limit of the
    /// family. Defaults to no limit.
    ///
    /// If an update has a new value for a label that has reached its limit, it is merged into a
    /// series in which this label has the value `aggregated` and the other labels keep their values.
    /// A flood of values of one label therefore does not use up the places of others. Merged updates
    /// are counted in `caracal_metrics_series_limited_total`. A value of a gauge is dropped instead.
    /// The limit does not apply to the series of attached instances. A series without the label, or
    /// with an empty value, has no value.
    ///
    /// A value keeps its place while a series on the page has it. See
    /// [`hide_idle_series`](Self::hide_idle_series).
    ///
    /// ```
    /// # extern crate caracal_metrics_core as caracal_metrics;
    /// use std::time::Duration;
    /// use caracal_metrics::{MetricsRegistry, PolicyDecisionType, catalogue};
    ///
    /// let metrics = MetricsRegistry::builder()
    ///     .max_values(&catalogue::POLICY_EVALUATIONS, "agent_id", 1)
    ///     .build()?;
    /// for agent in ["agent-1", "agent-2"] {
    ///     metrics.record_policy_evaluation(PolicyDecisionType::Denied, agent, Duration::ZERO);
    /// }
    /// let merged = [("decision", "denied"), ("agent_id", "aggregated")];
    /// assert_eq!(metrics.sample("caracal_policy_evaluations_total", &merged), Some(1.0));
    /// # Ok::<(), caracal_metrics::BuildError>(())
    /// ```
    pub fn max_values<K, L: Labels>(
        mut self,
        family: &'static Family<K, L>,
        label: impl Into<String>,
        limit: usize,
    ) -> Self {
        self.checks.push((checks::max_values, self.max_values.len()));
        self.max_values.push((family.spec(), label.into(), limit));
        self.count_values = Some(counts);
        self
    }

    /// Hides series of families with open labels if nothing was recorded for this time. By default,
    /// series are never hidden.
    ///
    /// A hidden series is not on the page, and no longer counts towards the
    /// [limit](Self::max_series_per_family). Nothing is lost: with the next record, the series is
    /// on the page again immediately, with its total. If the family is full at that moment, the
    /// record is merged like one with a new label set. A family keeps up to ten times as many label
    /// sets as its limit, including the hidden ones, and merges any others.
    ///
    /// - A series is hidden between 1 and 1.25 times this time after its last record, plus up to
    ///   two scrape intervals. Each scrape does a part of the work, so nothing is hidden without
    ///   scrapes.
    /// - Every recording call counts as a record, whatever value it records. Setting a gauge to the
    ///   value that it already has keeps its series on the page.
    /// - A series stays on the page while it has a handle, a timer or a guard, or while an instance
    ///   with the same labels is attached. After that, the time starts anew.
    /// - Series of families whose labels are all closed are not hidden, because their number is
    ///   fixed and they start at zero. Nor are series whose open labels are all empty or all
    ///   `aggregated`.
    ///
    /// In Prometheus, a hidden series becomes stale: instant queries do not return it. When it
    /// returns, the counter continues from its total. `increase()` and `rate()` over a range with
    /// samples from before and after the gap therefore include what was recorded in between. If the
    /// range has no sample from before the gap, the first record after the gap is not included, as
    /// for every new series.
    ///
    /// Recording by value costs no more than without this setting. Creating a handle or a timer
    /// takes a lock for a moment.
    ///
    /// ```
    /// # extern crate caracal_metrics_core as caracal_metrics;
    /// use std::time::Duration;
    /// use caracal_metrics::MetricsRegistry;
    ///
    /// let hour = Duration::from_secs(3600);
    /// let metrics = MetricsRegistry::builder().hide_idle_series(hour).build()?;
    /// # Ok::<(), caracal_metrics::BuildError>(())
    /// ```
    pub fn hide_idle_series(mut self, after: Duration) -> Self {
        Chosen::for_all(&mut self.hide_idle, AfterIdle { after, watch: watch_idle });
        self.checks.push((checks::idle_time, 0));
        self
    }

    /// Hides idle series of one family after this time. This takes precedence over
    /// [`hide_idle_series`](Self::hide_idle_series).
    pub fn hide_idle_series_of<K, L: Labels>(
        mut self,
        family: &'static Family<K, L>,
        after: Duration,
    ) -> Self {
        let idle = AfterIdle { after, watch: watch_idle };
        Chosen::for_one(&mut self.hide_idle, family.spec(), idle);
        self.checks.push((checks::idle_time, 0));
        self
    }

    /// Limits the length of a label value in bytes. Defaults to 256. The minimum is 32 and the
    /// maximum is 65,536.
    ///
    /// A longer value of an open label, or a longer name of an instance, is cut at a character
    /// boundary. The series has the beginning of the value, `…`, and 16 hexadecimal digits instead:
    /// the SipHash-2-4 of the whole value, with a key of zeros. The hash distinguishes values with
    /// the same beginning, and does not change after a restart.
    /// `caracal_metrics_invalid_values_total` counts each record with such a value, and each handle
    /// or instance that is created with one.
    ///
    /// Two values share a series only if they have the same beginning and their hashes collide. The
    /// probability of a collision among 10,000 values is 3 in 10^12. The key is public, so somebody
    /// who chooses the values can find a collision. A collision merges two series and loses no
    /// count.
    ///
    /// Neither the memory nor the page grows with the length of the values. Recording a value that
    /// is too long takes time in proportion to its length, because all of it is hashed.
    ///
    /// ```
    /// # extern crate caracal_metrics_core as caracal_metrics;
    /// use caracal_metrics::MetricsRegistry;
    ///
    /// let metrics = MetricsRegistry::builder().max_label_value_bytes(32).build()?;
    /// metrics.record_replay_block("the nonce was used by another agent before");
    /// let page = String::from_utf8(metrics.generate_metrics()).unwrap();
    /// assert!(page.contains(r#"{reason="the nonce was…c0cdb8ccd004d0ca"} 1"#));
    /// # Ok::<(), caracal_metrics::BuildError>(())
    /// ```
    pub fn max_label_value_bytes(mut self, bytes: usize) -> Self {
        self.value_bytes = bytes;
        self
    }

    /// Sets an open label (such as `agent_id`) to `aggregated` in every family.
    ///
    /// A label of a gauge (such as the `name` of a circuit breaker) can't be aggregated, because
    /// the values of several gauges can't be added up. Aggregate it in queries instead, with
    /// `sum without (name) (…)`. A gauge with the label is refused when it is registered. A pool,
    /// breaker or cache whose families have the label is refused when it is attached.
    pub fn aggregate_label(mut self, name: impl Into<String>) -> Self {
        self.checks.push((checks::aggregate_label, self.aggregate.len()));
        self.aggregate.push(name.into());
        self
    }

    /// Adds a `_created` line to each counter and histogram in OpenMetrics: the time at which the
    /// series began, in seconds since 1970. The protobuf format always has this time, as a
    /// timestamp.
    ///
    /// Prometheus 3 can use it as the time of a reset. Other versions store an additional series
    /// for each of them, so this is off by default.
    ///
    /// ```
    /// # extern crate caracal_metrics_core as caracal_metrics;
    /// use caracal_metrics::{Format, MetricsRegistry};
    ///
    /// let metrics = MetricsRegistry::builder().created_lines().build()?;
    /// let mut page = Vec::new();
    /// metrics.encode(Format::OpenMetrics, &mut page);
    /// let page = String::from_utf8(page).unwrap();
    /// assert!(page.contains("\ncaracal_policy_cache_hits_created 1"));
    /// # Ok::<(), caracal_metrics::BuildError>(())
    /// ```
    pub fn created_lines(mut self) -> Self {
        self.created = Some(note_created);
        self
    }

    /// Sets a closure that provides an exemplar for each observation that has none: a query, a load
    /// of a cache, a call through a breaker, or an observation of one of your own histograms. The
    /// closure usually returns the trace that the thread is in.
    ///
    /// The closure runs on the recording thread, after the observation was counted, and under no
    /// lock of the registry. It is not called if the bucket already has an exemplar that no page
    /// has shown yet. Return `None` outside of a trace, and for a trace that your tracing backend
    /// does not keep.
    ///
    /// If the closure panics, only the exemplar is lost. Each panic is counted in
    /// `caracal_metrics_invalid_values_total` for the family of the histogram. The closure is not
    /// called for what it records itself. Without this method, recording costs nothing extra.
    ///
    /// ```
    /// # extern crate caracal_metrics_core as caracal_metrics;
    /// use std::time::Duration;
    /// use caracal_metrics::{DatabaseOperationType, Exemplar, Format, MetricsRegistry, QueryStatus};
    ///
    /// let metrics = MetricsRegistry::builder()
    ///     // The id of the current trace, from the tracing library of your choice.
    ///     .exemplar_source(|| Some(Exemplar::trace(0x4bf9_2f35)))
    ///     .build()?;
    /// let took = Duration::from_millis(2);
    /// let (select, success) = (DatabaseOperationType::Select, QueryStatus::Success);
    /// metrics.record_database_query(select, "orders", success, took);
    ///
    /// let mut page = Vec::new();
    /// metrics.encode(Format::OpenMetrics, &mut page);
    /// let page = String::from_utf8(page).unwrap();
    /// assert!(page.contains(r##" 1 # {trace_id="0000000000000000000000004bf92f35"} 0.002 "##));
    /// # Ok::<(), caracal_metrics::BuildError>(())
    /// ```
    pub fn exemplar_source(
        mut self,
        source: impl Fn() -> Option<Exemplar> + Send + Sync + 'static,
    ) -> Self {
        self.exemplar_source = Some(ExemplarSource::new(source));
        self
    }

    /// Adds native buckets to all histograms, in addition to their classic buckets. Native buckets
    /// form an exponential grid with this resolution. A series has only those that contain at least
    /// one observation.
    ///
    /// Only the protobuf format (feature `protobuf`) contains native buckets. Prometheus requests
    /// this format when it scrapes native histograms. It then keeps the native buckets, and also the
    /// classic ones if it is configured to. If a page contains the native buckets of a series, they
    /// contain the same observations as its classic buckets, with the same count and the same sum.
    ///
    /// A series has up to 256 native buckets. If an observation would need more, the resolution of
    /// the series is halved as often as necessary: two neighbouring buckets become one, and no
    /// count is lost. A process has up to 4,194,304 native buckets. After that, an observation that
    /// needs a new native bucket is only counted in the classic buckets, and pages show only the
    /// classic buckets of its series. Each halving, and each series that gets no more native
    /// buckets, is counted in `caracal_metrics_native_limited_total`.
    ///
    /// ```
    /// # extern crate caracal_metrics_core as caracal_metrics;
    /// use caracal_metrics::{MetricsRegistry, Resolution};
    ///
    /// let metrics = MetricsRegistry::builder().native_histograms(Resolution::default()).build()?;
    /// # Ok::<(), caracal_metrics::BuildError>(())
    /// ```
    pub fn native_histograms(mut self, resolution: Resolution) -> Self {
        Chosen::for_all(&mut self.native, WithNative { resolution, make: native_buckets });
        self.checks.push((checks::resolution, 0));
        self
    }

    /// Adds native buckets with this resolution to one histogram. This takes precedence over
    /// [`native_histograms`](Self::native_histograms).
    pub fn native_histograms_of<K: Bucketed, L: Labels>(
        mut self,
        family: &'static Family<K, L>,
        resolution: Resolution,
    ) -> Self {
        let native = WithNative { resolution, make: native_buckets };
        Chosen::for_one(&mut self.native, family.spec(), native);
        self.checks.push((checks::resolution, 0));
        self
    }

    /// Sets how long reading the metrics waits for code of the application: callbacks of adapters
    /// that may run such code (for example, the eviction listener of a cache), and collectors of
    /// the attached `prometheus::Registry`. Defaults to 1 second. The callbacks, the collectors of
    /// [`register`](crate::MetricsRegistry::register) and the other collectors each have this time,
    /// one after the other. Choose a value well below a third of Prometheus' `scrape_timeout`,
    /// which defaults to 10 seconds.
    ///
    /// Such code runs on a thread of the registry, which has the name `caracal-metrics` and exists
    /// only while it is needed. With the feature `tokio`, which `caracal-axum` and `caracal-cache`
    /// turn on, the code runs inside the tokio runtime of the thread that reads the metrics, or
    /// otherwise inside the runtime in which the instance was attached. Code that takes longer
    /// keeps running, and later reads do not wait for it until it has returned. Until then, each
    /// read is counted in `caracal_metrics_collection_errors_total`, and
    ///
    /// - the gauges that the callback sets, and the counters that it adds to, keep their last
    ///   values, so that alerts on them neither start nor end because of it;
    /// - the families of a collector that was registered with
    ///   [`register`](crate::MetricsRegistry::register) are left out. For a collector that was
    ///   registered with the `prometheus::Registry` directly, all families of that registry are
    ///   left out, because `prometheus` gathers them all together.
    ///
    /// The same happens if the code panics, or if the system can't start a thread.
    pub fn collection_timeout(mut self, timeout: Duration) -> Self {
        self.collection_timeout = timeout;
        self
    }

    /// Uses the clock of a test to decide which series are idle.
    #[cfg(feature = "testing")]
    pub fn clock(mut self, clock: crate::testing::Clock) -> Self {
        self.clock = clock.into();
        self
    }

    /// Adds the standard `process_*` families to the page: CPU seconds, memory in bytes, file
    /// descriptors, threads and the start time. Constant labels are not added to them.
    ///
    /// They come from the collector of the `prometheus` crate, which exists on Linux only. On other
    /// systems, nothing is added. The CPU seconds are read from the system's CPU clock of the
    /// process instead, so they have fractions. If the registry already has that collector, nothing
    /// is added. `prometheus::default_registry()` has it if this feature is on.
    #[cfg(feature = "process")]
    pub fn process_metrics(mut self) -> Self {
        self.process = true;
        self.registry.get_or_insert_with(|| Arc::new(crate::prometheus::Fresh));
        self
    }
}
