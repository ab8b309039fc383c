//! The registry that everything records into.

use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};

use crate::attachment::Instances;
use crate::error::RegisterError;
use crate::exposition::{Filter, Format, OtherFamilies, Out, lookup, snapshot, write_page};
use crate::family::Family;
use crate::family_error::FamilyError;
use crate::family_spec::FamilySpec;
use crate::kinds::Kind;
use crate::metric::{Metric, Registered};
use crate::prometheus::{Attached, attach_to_fresh};
use crate::series::{FamilyStore, InFlight};
use crate::snapshot::Snapshot;
use crate::state::State;

/// How many bytes longer than the previous page a page can become without another allocation.
const PAGE_GROWTH: usize = 1024;

/// All metrics of one service. Clones are cheap and record into the same metrics.
///
/// ```
/// # extern crate caracal_metrics_core as caracal_metrics;
/// use std::time::Duration;
/// use caracal_metrics::MetricsRegistry;
///
/// let metrics = MetricsRegistry::new();
/// metrics.record_gateway_request("GET", 200, "jwt", Duration::from_millis(15));
///
/// let page = String::from_utf8(metrics.generate_metrics()).unwrap();
/// assert!(page.contains(
///     r#"caracal_gateway_requests_total{method="GET",status_code="200",auth_method="jwt"} 1"#
/// ));
/// ```
#[derive(Clone)]
pub struct MetricsRegistry {
    /// The families that the registry has from the start, in the order in which the builder was
    /// given them.
    preregistered: Arc<[Arc<FamilyStore>]>,
    instances: Arc<Instances>,
    /// The attached `prometheus::Registry`: either the builder was given one, or the user asked for
    /// one.
    attached: Arc<OnceLock<Box<dyn Attached>>>,
    /// The length of the last page. The next page will be about as long.
    page_len: Arc<AtomicUsize>,
}

// Code of the user runs outside of the locks, so a panic leaves nothing half done.
impl UnwindSafe for MetricsRegistry {}
impl RefUnwindSafe for MetricsRegistry {}

impl fmt::Debug for MetricsRegistry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let settings = self.instances.state().settings();
        f.debug_struct("MetricsRegistry")
            .field("namespace", &settings.namespace)
            .field("const_labels", &settings.const_labels)
            .field("max_series_per_family", &settings.max_series_per_family)
            .field("max_label_value_bytes", &settings.value_bytes)
            .finish_non_exhaustive()
    }
}

impl MetricsRegistry {
    pub(crate) fn new_with(
        instances: Arc<Instances>,
        preregistered: Arc<[Arc<FamilyStore>]>,
        attached: OnceLock<Box<dyn Attached>>,
    ) -> Self {
        Self { preregistered, instances, attached: Arc::new(attached), page_len: Arc::default() }
    }

    #[inline]
    pub(crate) fn preregistered(&self) -> &[Arc<FamilyStore>] {
        &self.preregistered
    }

    pub(crate) fn instances(&self) -> &Arc<Instances> {
        &self.instances
    }

    /// Registers a family of your own and returns what you record with: a [`Metric`], or the handle
    /// of the only series if the family has no labels. This takes locks, so do it once, when the
    /// service starts.
    ///
    /// Registering the same constant again returns the same series. The family is on the page from
    /// now on, under the name in your source. The constant labels, aggregated labels and limits of
    /// the registry apply to it.
    ///
    /// Registering a new family waits for the attached `prometheus::Registry`, which keeps its lock
    /// while it gathers. A collector must therefore not register a new family while it is being
    /// collected. Registering a family that is already registered waits for nothing.
    ///
    /// ```
    /// # extern crate caracal_metrics_core as caracal_metrics;
    /// use caracal_metrics::{Counter, Family, MetricsRegistry, labels};
    ///
    /// labels! { struct Order<'a> { tenant: &'a str } }
    ///
    /// static ORDERS: Family<Counter, Order<'_>> = Family::counter("orders_total", "Orders placed.");
    /// static RESTARTS: Family<Counter> = Family::counter("restarts_total", "Worker restarts.");
    ///
    /// let metrics = MetricsRegistry::new();
    /// metrics.family(&ORDERS)?.inc(Order { tenant: "acme" });
    /// metrics.family(&RESTARTS)?.inc();
    /// assert_eq!(metrics.sample("orders_total", &[("tenant", "acme")]), Some(1.0));
    /// assert_eq!(metrics.sample("restarts_total", &[]), Some(1.0));
    /// # Ok::<(), caracal_metrics::FamilyError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Returns an error if the name, a label or the buckets are not valid, or if another family
    /// uses the name or the name of one of the samples. In this case, nothing is registered.
    /// Registering can't detect a clash with a family of the attached `prometheus::Registry` that
    /// has no description, or none yet. Pages leave such a family out and count it in
    /// `caracal_metrics_collection_errors_total`.
    pub fn family<K: Kind, L: Registered>(
        &self,
        family: &'static Family<K, L>,
    ) -> Result<L::Handle<K>, FamilyError> {
        Ok(L::handle(Metric::new(self.register_family(family.spec(), &[])?)))
    }

    /// Registers a family and renames some of its labels. Each pair contains the name in the source
    /// and the name on the page. Adapters use this to let their users choose the name of a label.
    ///
    /// ```
    /// # extern crate caracal_metrics_core as caracal_metrics;
    /// use caracal_metrics::{Counter, Family, MetricsRegistry, labels};
    ///
    /// labels! { struct Job<'a> { custom: &'a str } }
    /// static JOBS: Family<Counter, Job<'_>> = Family::counter("jobs_total", "Jobs that ran.");
    ///
    /// let metrics = MetricsRegistry::new();
    /// let jobs = metrics.family_with_labels(&JOBS, &[("custom", "tenant")])?;
    /// jobs.inc(Job { custom: "acme" });
    /// assert_eq!(metrics.sample("jobs_total", &[("tenant", "acme")]), Some(1.0));
    /// # Ok::<(), caracal_metrics::FamilyError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As for [`family`](Self::family). The same constant with other label names is a different
    /// family with the same name, and is refused.
    pub fn family_with_labels<K: Kind, L: Registered>(
        &self,
        family: &'static Family<K, L>,
        names: &[(&str, &'static str)],
    ) -> Result<L::Handle<K>, FamilyError> {
        Ok(L::handle(Metric::new(self.register_family(family.spec(), names)?)))
    }

    pub(crate) fn register_family(
        &self,
        spec: &FamilySpec,
        names: &[(&str, &'static str)],
    ) -> Result<Arc<FamilyStore>, FamilyError> {
        let state = self.instances.state();
        state.register(spec, names, &|description| match self.attached.get() {
            Some(registry) => registry.reserve(&state.settings().const_labels, description),
            None => Ok(()),
        })
    }

    /// Returns the `prometheus::Registry` that the metrics are attached to. Collectors that you
    /// register with it appear on the page.
    #[must_use]
    pub fn prometheus_registry(&self) -> &prometheus::Registry {
        self.attached().registry()
    }

    fn attached(&self) -> &dyn Attached {
        let attached = self.attached.get().unwrap_or_else(|| {
            // The names of families that are registered later are reserved when they are
            // registered.
            self.instances.state().while_none_is_registered(|families| {
                let families = families.stores.iter().map(|store| &store.description);
                self.attached.get_or_init(|| attach_to_fresh(&self.instances, families))
            })
        });
        &**attached
    }

    /// Registers a collector of your own. If it panics, or does not return within
    /// [`collection_timeout`](crate::MetricsRegistryBuilder::collection_timeout), only its own
    /// families are left out, and the failure is counted in
    /// `caracal_metrics_collection_errors_total`.
    ///
    /// If you register a collector with [`prometheus_registry`](Self::prometheus_registry)
    /// directly, a failure of it also affects the other collectors of that registry, because
    /// `prometheus` gathers them all together. The families of this registry are served
    /// nevertheless.
    ///
    /// # Errors
    ///
    /// Returns an error if a family of the collector needs a name that belongs to another family,
    /// or if a family of the same name has another type. A family owns its name, the names of the
    /// samples of a histogram or a summary (`_bucket`, `_sum`, `_count`), and the names of
    /// OpenMetrics (`_created`). A collector does not describe the types of its families. If the
    /// name of a family is the name of another one with such a suffix, this method therefore
    /// collects from the collector once, and gathers the others.
    ///
    /// Also returns an error if `prometheus::Registry::register` refuses the collector, because a
    /// name is used by a family with other labels or another help text, or because the same
    /// collector is already registered.
    ///
    /// This method can't detect a clash with a family that has no series yet, or that is registered
    /// with [`prometheus_registry`](Self::prometheus_registry) later. Each page detects such a
    /// clash, leaves the family out in every format, and counts it in
    /// `caracal_metrics_collection_errors_total`.
    pub fn register(
        &self,
        collector: Box<dyn prometheus::core::Collector>,
    ) -> Result<(), RegisterError> {
        self.attached().register(&self.instances, collector)
    }

    /// Returns the page in the text format 0.0.4.
    #[must_use]
    pub fn generate_metrics(&self) -> Vec<u8> {
        let mut page = Vec::new();
        self.encode(Format::Text, &mut page);
        page
    }

    /// Returns the `Content-Type` of [`generate_metrics`](Self::generate_metrics).
    #[must_use]
    pub fn get_content_type(&self) -> &'static str {
        Format::Text.content_type()
    }

    /// Appends the page to a buffer. You can reuse the buffer for the next scrape.
    pub fn encode(&self, format: Format, out: &mut Vec<u8>) {
        let before = out.len();
        out.reserve(self.page_len.load(Relaxed) + PAGE_GROWTH);
        self.append::<&str>(format, &[], out);
        self.page_len.store(out.len() - before, Relaxed);
    }

    /// Appends a page that contains only the named families, yours and Caracal's. Without any name,
    /// it contains all families.
    ///
    /// The names are those of the [catalogue](crate::catalogue), which are also the names in the
    /// text format 0.0.4: the name of a counter ends in `_total` in every format, and the name of a
    /// histogram has no `_bucket`. A name that no family has is ignored.
    ///
    /// ```
    /// # extern crate caracal_metrics_core as caracal_metrics;
    /// # use caracal_metrics::{Format, MetricsRegistry};
    /// let mut page = Vec::new();
    /// MetricsRegistry::new().encode_named(Format::Text, &["caracal_policy_cache_size"], &mut page);
    /// let page = String::from_utf8(page).unwrap();
    /// assert!(page.ends_with(" gauge\ncaracal_policy_cache_size 0\n") && page.lines().count() == 3);
    /// ```
    pub fn encode_named<N: AsRef<str>>(&self, format: Format, names: &[N], out: &mut Vec<u8>) {
        self.append(format, names, out);
    }

    /// Returns the same page as [`encode_named`](Self::encode_named), in pieces. Each piece has
    /// about `bytes` bytes, fewer than twice as many, and is not empty. No part of the page is in
    /// memory twice.
    ///
    /// ```
    /// # extern crate caracal_metrics_core as caracal_metrics;
    /// # use caracal_metrics::{Format, MetricsRegistry};
    /// let metrics = MetricsRegistry::new();
    /// let pieces = metrics.encode_in_pieces::<&str>(Format::Text, &[], 1024);
    /// assert!(pieces.iter().all(|piece| !piece.is_empty() && piece.len() < 2048));
    /// assert_eq!(pieces.concat(), metrics.generate_metrics());
    /// ```
    #[must_use]
    pub fn encode_in_pieces<N: AsRef<str>>(
        &self,
        format: Format,
        names: &[N],
        bytes: usize,
    ) -> Vec<Vec<u8>> {
        let mut out = Out::in_pieces(bytes);
        self.write(format, names, &mut out);
        out.into_pieces()
    }

    /// Gathers from the attached registry.
    pub(crate) fn families_of_others(&self) -> Option<Box<dyn OtherFamilies>> {
        self.attached.get().map(|registry| registry.families(&self.instances))
    }

    fn append<N: AsRef<str>>(&self, format: Format, names: &[N], buffer: &mut Vec<u8>) {
        let mut out = Out::whole(std::mem::take(buffer));
        self.write(format, names, &mut out);
        *buffer = out.into_buffer();
    }

    fn write<N: AsRef<str>>(&self, format: Format, names: &[N], out: &mut Out) {
        let names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
        self.scrape(|state, in_flight, others| {
            write_page(state, format, Filter(&names), in_flight, others, out);
        });
    }

    /// Updates everything that a page reads, and then runs `read`.
    fn scrape<R>(
        &self,
        read: impl FnOnce(&State, &InFlight, Option<Box<dyn OtherFamilies>>) -> R,
    ) -> R {
        // This comes before everything else: see `InFlight`.
        let in_flight = self.instances.state().in_flight();
        // Callbacks of instances run first, because a collector may derive its metrics from ours.
        let instances = self.instances.attached(|_| true);
        self.instances.sample(&instances);
        let others = self.families_of_others();
        self.instances.page(instances, || read(self.instances.state(), &in_flight, others))
    }

    /// Returns everything that a page would contain, as values: families, series and typed numbers.
    ///
    /// Like [`encode`](Self::encode), this is one scrape. It reads the cells directly and writes no
    /// page. The families of an attached `prometheus::Registry` are included.
    ///
    /// ```
    /// # extern crate caracal_metrics_core as caracal_metrics;
    /// # use caracal_metrics::MetricsRegistry;
    /// let metrics = MetricsRegistry::new();
    /// metrics.record_replay_block("nonce_reused");
    /// for family in metrics.snapshot().families() {
    ///     for series in family.series() {
    ///         let labels: Vec<_> = series.labels().collect();
    ///         println!("{} {labels:?} {:?}", family.name(), series.value());
    ///     }
    /// }
    /// ```
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        self.snapshot_named::<&str>(&[])
    }

    /// Returns a [`snapshot`](Self::snapshot) of the families with these names, which are the same
    /// as for [`encode_named`](Self::encode_named). Without any name, it contains all families.
    #[must_use]
    pub fn snapshot_named<N: AsRef<str>>(&self, names: &[N]) -> Snapshot {
        let names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
        self.scrape(|state, in_flight, others| snapshot(state, Filter(&names), in_flight, others))
    }

    /// Returns the value of one exposed sample, for tests and for dashboards of your own.
    ///
    /// The name is that of a sample: `_bucket`, `_sum` or `_count` is part of the name for a
    /// histogram. Pass all labels of the sample, in any order, including `le` and constant labels.
    /// This writes the whole page to find the sample, so it returns what a scrape would have seen.
    /// Reading the metrics may run your code, such as a collector of the attached registry or the
    /// eviction listener of a cache. If such code calls this method, it sees only Caracal's own
    /// families, and the gauges as they were last read.
    ///
    /// ```
    /// # extern crate caracal_metrics_core as caracal_metrics;
    /// # use caracal_metrics::MetricsRegistry;
    /// let metrics = MetricsRegistry::new();
    /// metrics.record_replay_block("nonce_reused");
    /// let blocks = metrics.sample("caracal_gateway_replay_blocks_total", &[("reason", "nonce_reused")]);
    /// assert_eq!(blocks, Some(1.0));
    /// ```
    #[must_use]
    pub fn sample(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        lookup(&String::from_utf8_lossy(&self.generate_metrics()), name, labels)
    }
}
