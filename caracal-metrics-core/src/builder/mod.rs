//! Settings of a registry.

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

/// Settings of a [`MetricsRegistry`](crate::MetricsRegistry).
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
    /// What the registry has from the start, besides its own.
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
    /// What checks settings, each with the place of its setting among those of its kind.
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

    /// Attaches to a `prometheus::Registry` that exists: its other collectors appear in the page,
    /// and its `gather()` has Caracal's families, until it is dropped.
    ///
    /// The labels of a registry that was made with `Registry::new_custom` are on all series of the
    /// page, as they are in `gather()`. A registry with a prefix is refused, since the prefix would
    /// rename Caracal's families. Both are found by gathering from the registry once. They remain
    /// unknown if one of its collectors panics meanwhile.
    ///
    /// A family of the registry that has the name of one of Caracal's families, or of its samples,
    /// is an error of [`build`](Self::build). From then on, the registry refuses these names to
    /// others.
    pub fn registry(mut self, registry: prometheus::Registry) -> Self {
        self.registry = Some(Arc::new(registry));
        self
    }

    /// Begins the names of the catalogue's and the adapters' families with this word and an
    /// underscore. Defaults to `caracal`. A family of your own keeps the name in your source.
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

    /// Leaves families that have the namespace, those of the catalogue and of adapters, out of the
    /// page until something is recorded into them or attached to them. Without this, the 22 families
    /// of the catalogue are on every page.
    pub fn only_used_families(mut self) -> Self {
        self.only_used = true;
        self
    }

    /// Replaces the buckets of a histogram of the catalogue, of an adapter or of your own, now or when
    /// it is registered. The bounds are ascending, without `+Inf`; those of a
    /// [`DurationHistogram`](crate::DurationHistogram) are durations, those of a
    /// [`Histogram`](crate::Histogram) are numbers. [`build`](Self::build) refuses others.
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

    /// Puts a label on every series of the registry, your own included.
    pub fn const_label(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.checks.push((checks::const_label, self.const_labels.len()));
        self.const_labels.push((name.into(), value.into()));
        self
    }

    /// Limits the number of label sets of each family. Defaults to 10,000.
    ///
    /// A record whose label set is new to a full family goes to one series whose open labels read
    /// `aggregated`. The value of a gauge is dropped instead, because the states of several circuit
    /// breakers have no sum. Both are counted in `caracal_metrics_series_limited_total`.
    ///
    /// An attached instance (a pool, a circuit breaker, a cache) is never folded. Its series count
    /// towards the limit as long as it is attached, and attaching to a full family fails with
    /// [`AttachError::SeriesLimit`](crate::AttachError::SeriesLimit).
    pub fn max_series_per_family(mut self, limit: usize) -> Self {
        self.max_series_per_family = limit;
        self
    }

    /// Limits the number of label sets of one family, instead of
    /// [`max_series_per_family`](Self::max_series_per_family).
    pub fn max_series<K, L: Labels>(self, family: &'static Family<K, L>, limit: usize) -> Self {
        self.max_series_of(family.spec(), limit)
    }

    pub(crate) fn max_series_of(mut self, family: &'static FamilySpec, limit: usize) -> Self {
        Chosen::for_one(&mut self.max_series, family, limit);
        self.checks.push((checks::max_series, 0));
        self
    }

    /// Limits the number of values that an open label of a family has, in addition to the limit of the
    /// family. Defaults to no limit.
    ///
    /// A record with a value that is new to a full label is folded: this label reads `aggregated`, and the
    /// others keep their values. So a label that floods takes no places from others. It is counted in
    /// `caracal_metrics_series_limited_total`. The value of a gauge is dropped instead. Series of attached
    /// instances are not limited by this.
    ///
    /// A value keeps its place as long as the page has a series with it: see
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
    /// let folded = [("decision", "denied"), ("agent_id", "aggregated")];
    /// assert_eq!(metrics.sample("caracal_policy_evaluations_total", &folded), Some(1.0));
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

    /// Hides series of families with open labels after this time without a record. Defaults to never.
    ///
    /// A hidden series is not on the page, and gives its place under the
    /// [limit](Self::max_series_per_family) to others. Nothing of it is lost: with the next record it
    /// is on the page again, at once, with its total. If the family is full at that moment, the record is
    /// folded, as one with a new label set is. A family keeps ten times as many label sets as its limit, of
    /// which the hidden ones are a part. Beyond that, new label sets are folded.
    ///
    /// - A series is hidden between one and 1.25 times this time after its last record, plus up to two
    ///   scrape intervals. Scrapes do the work, a part of it each, so nothing is hidden without them.
    /// - A record is a call, whatever its number: setting a gauge to the value that it has keeps its series
    ///   on the page.
    /// - A series is on the page as long as there is a handle or a timer of it, a guard that the gauge
    ///   counts, or an attached instance with the same labels. Then the time begins anew.
    /// - Series of families whose labels are all closed stay: their number is fixed, and they begin at zero.
    ///   So do series whose open labels are all empty or all `aggregated`.
    ///
    /// To Prometheus, a series that is hidden goes stale: queries of the moment do not return it. When it
    /// returns, `increase()` and `rate()` over a range with samples from before and after the gap count what
    /// was recorded in between, since the counter goes on. Where no sample from before is in the range,
    /// the first record after the gap is not counted, as with each series that is new.
    ///
    /// Recording by value costs no more than without this setting. Making a handle or a timer takes a lock
    /// for a moment.
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

    /// Hides idle series of one family after this time, instead of
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

    /// Limits the length of a label value, in bytes. Defaults to 256; the least is 32 and the most
    /// is 65,536.
    ///
    /// A longer value of an open label, or a longer name of an instance, is cut at a character
    /// boundary. Its series carries the beginning of the value, `…`, and 16 hexadecimal digits: the
    /// SipHash-2-4, with a key of zeros, of the whole value. The hash keeps values apart that begin
    /// alike and is the same after a restart. `caracal_metrics_invalid_values_total` counts each
    /// record with such a value, and each series of a handle or of an instance that is made with
    /// one.
    ///
    /// Two values share a series only if they begin alike and their hashes collide, for which the
    /// odds are 3 in 10^12 among 10,000 values. The key is public: whoever chooses the values can
    /// find a collision, which merges two series and loses no count.
    ///
    /// Neither memory nor the page grows with the length of the values. Recording one that is too
    /// long takes time in proportion to its length, since all of it is hashed.
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

    /// Makes an open label (such as `agent_id`) read `aggregated` in every family.
    ///
    /// A label of a gauge (such as the `name` of a circuit breaker) can't be aggregated, since the
    /// values of several gauges have no sum. Aggregate it in queries instead, with
    /// `sum without (name) (…)`. A gauge that has the label is refused when it is registered, and a
    /// pool, breaker or cache whose families have it when it is attached.
    pub fn aggregate_label(mut self, name: impl Into<String>) -> Self {
        self.checks.push((checks::aggregate_label, self.aggregate.len()));
        self.aggregate.push(name.into());
        self
    }

    /// Adds a `_created` line to each counter and histogram in OpenMetrics: when the series began,
    /// in seconds since 1970. Protobuf has the same as a timestamp, without this.
    ///
    /// Prometheus 3 may take it as the time of a reset. Every other version stores it as one more
    /// series for each, so it is off by default.
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

    /// Asks this closure for an exemplar of what a histogram observes without one: a query, a load of a
    /// cache, a call through a breaker, and whatever your own histograms observe. Usually it gives the
    /// trace that the thread is in.
    ///
    /// The closure runs on the thread that records, after the observation was counted, and under no
    /// lock of the registry. It is not asked where the bucket has an exemplar already that no page has
    /// shown. Return `None` outside of a trace, and for a trace that your tracing backend does not keep.
    ///
    /// A closure that panics costs its exemplar and nothing else. Each panic is counted in
    /// `caracal_metrics_invalid_values_total` of the histogram's family. What the closure itself
    /// records has no exemplar from it. Without this method, recording costs what it did before.
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

    /// Gives all histograms native buckets in addition to their own: the buckets of an exponential grid, as fine
    /// as this, of which those are there that something fell into.
    ///
    /// They are in the format of Protocol Buffers (feature `protobuf`), which Prometheus asks for when it scrapes
    /// native histograms. Both views of a histogram always have the same count and the same sum.
    /// Prometheus keeps the native buckets then, and the classic ones if it is configured to.
    ///
    /// A series has up to 256 native buckets. If a value comes that needs more, the resolution of the
    /// series is halved as often as it takes: two neighbouring buckets become one, and no count is lost.
    /// A process has up to 4,194,304 native buckets. Past that, observations that need a new one are in the
    /// classic buckets alone, and so are, on the page, all of their series. Each halving, and each series
    /// that gets no more native buckets, is counted in `caracal_metrics_native_limited_total`.
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

    /// Gives one histogram native buckets as fine as this, instead of
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

    /// How long reading the metrics waits for code that is not the library's: callbacks of adapters
    /// that may run yours (such as a cache's eviction listener), and collectors of the attached
    /// `prometheus::Registry`. Defaults to 1 second. Callbacks, the collectors of
    /// [`register`](crate::MetricsRegistry::register) and the other collectors have that long one
    /// after the other, so keep it well below a third of Prometheus' `scrape_timeout`, which is 10
    /// seconds.
    ///
    /// Such code runs on a thread of the registry's own, which exists only meanwhile and has the name
    /// `caracal-metrics`. With the feature `tokio`, which `caracal-axum` and `caracal-cache` turn on,
    /// it runs inside the tokio runtime of the thread that reads the metrics, or else inside the one
    /// that the instance was attached in. Code that takes longer goes on, and later reads do not
    /// wait for it until it has returned. Meanwhile each of them is counted in
    /// `caracal_metrics_collection_errors_total`, and
    ///
    /// - the gauges that the callback sets, and the counters that it adds to, stay at what they last
    ///   read, so that alerts on them neither start nor end because of it;
    /// - the families of a collector that was registered with
    ///   [`register`](crate::MetricsRegistry::register) are left out. A collector that was
    ///   registered with the `prometheus::Registry` itself takes all families of that registry with
    ///   it, since `prometheus` gathers as a whole.
    ///
    /// The same happens where the code panics, and where the system starts no thread.
    pub fn collection_timeout(mut self, timeout: Duration) -> Self {
        self.collection_timeout = timeout;
        self
    }

    /// Decides by the clock of a test which series are idle.
    #[cfg(feature = "testing")]
    pub fn clock(mut self, clock: crate::testing::Clock) -> Self {
        self.clock = clock.into();
        self
    }

    /// Adds the standard `process_*` families to the page: CPU seconds, memory in
    /// bytes, file descriptors, threads and the start time. Constant labels are not put on them.
    ///
    /// They come from the `prometheus` crate's own collector, which there is for Linux only:
    /// elsewhere nothing is added. The CPU seconds alone come from the system's clock of the process, so
    /// they have fractions. A registry that has that collector already, as
    /// `prometheus::default_registry()` does wherever this feature is on, stays as it is.
    #[cfg(feature = "process")]
    pub fn process_metrics(mut self) -> Self {
        self.process = true;
        self.registry.get_or_insert_with(|| Arc::new(crate::prometheus::Fresh));
        self
    }
}
