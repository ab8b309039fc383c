//! The registry that everything records into.

use std::fmt;
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

/// What a page may be longer than the one before it, in bytes, without another allocation.
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
    /// Families that the registry has from the start, in the order of the list that the builder was
    /// given.
    preregistered: Arc<[Arc<FamilyStore>]>,
    instances: Arc<Instances>,
    /// A `prometheus::Registry`: the builder was given one, or it was asked for.
    attached: Arc<OnceLock<Box<dyn Attached>>>,
    /// The length of the last page: the next one will be about as long.
    page_len: Arc<AtomicUsize>,
}

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

    /// Registers a family of your own, and gives you what records into it: a [`Metric`], or for a
    /// family without labels the handle of its series. Do this once, at start; it takes locks.
    ///
    /// The same constant gives the same series, however often it is registered. The family is on the
    /// page from now on under the name in your source. Constant labels, aggregated labels and limits
    /// of the registry apply to it.
    ///
    /// A family that is new waits for the attached `prometheus::Registry`, which keeps its lock while
    /// it gathers. So a collector must not register a family while it is collected from. One that is
    /// registered already waits for nothing.
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
    /// Returns an error if the name, a label or the buckets are not valid, or if another family has the
    /// name, or a name that one of them has for its samples. Nothing is registered then. A family of the
    /// attached `prometheus::Registry` that has no description, or none yet, can't be known here: a page
    /// leaves it out, and counts that in `caracal_metrics_collection_errors_total`.
    pub fn family<K: Kind, L: Registered>(
        &self,
        family: &'static Family<K, L>,
    ) -> Result<L::Handle<K>, FamilyError> {
        Ok(L::handle(Metric::new(self.register_family(family.spec(), &[])?)))
    }

    /// Registers a family whose labels have other names, each given as the name in the source and the
    /// name on the page: for an adapter that lets its user name a label.
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
    /// As [`family`](Self::family). The same constant with labels of other names is another family of
    /// that name, and is refused.
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

    /// The `prometheus::Registry` that the metrics are attached to: register collectors of your
    /// own here, and they appear in the page.
    #[must_use]
    pub fn prometheus_registry(&self) -> &prometheus::Registry {
        self.attached().registry()
    }

    fn attached(&self) -> &dyn Attached {
        let attached = self.attached.get().unwrap_or_else(|| {
            // Families that are registered from then on are reserved.
            self.instances.state().while_none_is_registered(|families| {
                let families = families.stores.iter().map(|store| &store.description);
                self.attached.get_or_init(|| attach_to_fresh(&self.instances, families))
            })
        });
        &**attached
    }

    /// Registers a collector of your own. When it panics, or does not return within
    /// [`collection_timeout`](crate::MetricsRegistryBuilder::collection_timeout), its own families
    /// are left out and nothing else, and the failure is counted in
    /// `caracal_metrics_collection_errors_total`.
    ///
    /// A collector that is registered with [`prometheus_registry`](Self::prometheus_registry) itself
    /// takes the other collectors of that registry with it, since `prometheus` gathers as a whole.
    /// The families of this registry are served all the same.
    ///
    /// # Errors
    ///
    /// Returns an error if a family of the collector needs a name that belongs to another family, or has
    /// another type than a family of the same name. A family's names are its own and, for a histogram or a
    /// summary, those of its samples (`_bucket`, `_sum`, `_count`) and of OpenMetrics (`_created`). Types
    /// are not part of what a collector describes. So if the name of a family is the name of another with
    /// such a suffix, this collects once from the collector, and gathers the others.
    ///
    /// When `prometheus::Registry::register` refuses: a name is taken by a family with other labels
    /// or another help text, or the same collector is registered already.
    ///
    /// A clash that can't be known here, with a family that has no series yet or is registered
    /// later with [`prometheus_registry`](Self::prometheus_registry), is found by each page: the
    /// family is left out in every format, and counted in
    /// `caracal_metrics_collection_errors_total`.
    pub fn register(
        &self,
        collector: Box<dyn prometheus::core::Collector>,
    ) -> Result<(), RegisterError> {
        self.attached().register(&self.instances, collector)
    }

    /// The page in text format 0.0.4.
    #[must_use]
    pub fn generate_metrics(&self) -> Vec<u8> {
        let mut page = Vec::new();
        self.encode(Format::Text, &mut page);
        page
    }

    /// The `Content-Type` of [`generate_metrics`](Self::generate_metrics).
    #[must_use]
    pub fn get_content_type(&self) -> &'static str {
        Format::Text.content_type()
    }

    /// Appends the page to a buffer, which the caller may reuse from scrape to scrape.
    pub fn encode(&self, format: Format, out: &mut Vec<u8>) {
        let before = out.len();
        out.reserve(self.page_len.load(Relaxed) + PAGE_GROWTH);
        self.append::<&str>(format, &[], out);
        self.page_len.store(out.len() - before, Relaxed);
    }

    /// Appends the page of these families, yours and Caracal's; without any name, the whole page.
    ///
    /// Names are those of the [catalogue](crate::catalogue), which text 0.0.4 has as well: a
    /// counter's ends in `_total` whatever the format, and a histogram is asked for without
    /// `_bucket`. A name that no family has asks for nothing.
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

    /// As [`encode_named`](Self::encode_named), in pieces of about so many bytes and less than twice as
    /// many, none of which is empty. Nothing of the page is in memory twice.
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

    /// What the attached registry gathers now.
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

    /// Runs `read` with everything that a page reads brought up to date.
    fn scrape<R>(
        &self,
        read: impl FnOnce(&State, &InFlight, Option<Box<dyn OtherFamilies>>) -> R,
    ) -> R {
        // Before anything else: see `InFlight`.
        let in_flight = self.instances.state().in_flight();
        // Callbacks of instances first: a collector may derive its metrics from ours.
        let instances = self.instances.attached(|_| true);
        self.instances.sample(&instances);
        let others = self.families_of_others();
        self.instances.page(instances, || read(self.instances.state(), &in_flight, others))
    }

    /// Everything that a page would have, as values: families, series and numbers with their types.
    ///
    /// It is one scrape, as [`encode`](Self::encode) is, and reads the cells themselves: no page is
    /// written. The families of an attached `prometheus::Registry` are in it as well.
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

    /// As [`snapshot`](Self::snapshot), of the families with these names only, as
    /// [`encode_named`](Self::encode_named) has them; without any name, of all families.
    #[must_use]
    pub fn snapshot_named<N: AsRef<str>>(&self, names: &[N]) -> Snapshot {
        let names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
        self.scrape(|state, in_flight, others| snapshot(state, Filter(&names), in_flight, others))
    }

    /// The value of one exposed sample, for tests and for dashboards of your own.
    ///
    /// The name is a sample's (a histogram's has `_bucket`, `_sum` or `_count`), the labels are all
    /// of its labels (`le` and constant ones included), in any order. The whole page is written to
    /// find it: what this answers is what a scrape would have seen. Called by code that
    /// reading the metrics runs, such as a collector of the attached registry or a cache's eviction
    /// listener, it sees Caracal's own families only, with the gauges as they were read last.
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
