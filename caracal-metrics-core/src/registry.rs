//! The registry that everything records into.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use crate::adapter::Instances;
use crate::builder::MetricsRegistryBuilder;
use crate::core::Core;
use crate::exposition::{Filter, Format, IsolatedCollector, Others, lookup, write_page};

/// What a page may be longer than the one before it, in bytes, without another allocation.
const PAGE_GROWTH: usize = 1024;

/// All metrics of one service. Clones are cheap and record into the same metrics.
///
/// ```
/// use std::time::Duration;
/// use caracal_metrics_core::MetricsRegistry;
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
    core: Arc<Core>,
    others: Arc<Others>,
    /// The length of the last page: the next one will be about as long.
    page_len: Arc<AtomicUsize>,
}

impl fmt::Debug for MetricsRegistry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MetricsRegistry")
            .field("const_labels", &self.core.const_labels())
            .field("max_series_per_family", &self.core.limit())
            .finish_non_exhaustive()
    }
}

impl Default for MetricsRegistry {
    fn default() -> Self {
        Self::new()
    }
}

impl MetricsRegistry {
    /// A registry with default settings, independent of every other one.
    ///
    /// # Panics
    ///
    /// Never: a fresh `prometheus::Registry` accepts the catalogue, which a test guards.
    #[must_use]
    pub fn new() -> Self {
        Self::builder().build().expect("a fresh prometheus registry accepts the catalogue")
    }

    /// Settings for a registry.
    pub fn builder() -> MetricsRegistryBuilder {
        MetricsRegistryBuilder::default()
    }

    pub(crate) fn from_parts(
        core: Arc<Core>,
        registry: prometheus::Registry,
        is_shared: bool,
    ) -> Self {
        let others = Arc::new(Others::new(&core, registry, is_shared));
        Self { core, others, page_len: Arc::default() }
    }

    pub(crate) fn core(&self) -> &Arc<Core> {
        &self.core
    }

    /// The `prometheus::Registry` that the metrics are attached to: register collectors of your
    /// own here, and they appear in the page.
    #[must_use]
    pub fn prometheus_registry(&self) -> &prometheus::Registry {
        self.others.registry()
    }

    /// Registers a collector of your own. When it panics, or does not return within
    /// [`collection_timeout`](crate::MetricsRegistryBuilder::collection_timeout), its own families
    /// are left out and nothing else, and the failure is counted in
    /// `caracal_metrics_collection_errors_total`.
    ///
    /// A collector that is registered with [`prometheus_registry`](Self::prometheus_registry) itself
    /// takes the other collectors of that registry with it, since `prometheus` gathers as a whole.
    /// Caracal's families are served all the same.
    ///
    /// # Errors
    ///
    /// As `prometheus::Registry::register`: when a name is taken or not valid.
    pub fn register(
        &self,
        collector: Box<dyn prometheus::core::Collector>,
    ) -> Result<(), prometheus::Error> {
        let isolated = IsolatedCollector::new(collector, Arc::clone(&self.core));
        self.others.register(isolated)
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
        self.write(format, Filter::default(), out);
        self.page_len.store(out.len() - before, Relaxed);
    }

    /// Appends the page of these families, yours and Caracal's; without any name, the whole page.
    ///
    /// Names are those of the [catalogue](crate::catalogue), which text 0.0.4 has as well: a
    /// counter's ends in `_total` whatever the format, and a histogram is asked for without
    /// `_bucket`. A name that no family has asks for nothing.
    ///
    /// ```
    /// # use caracal_metrics_core::{Format, MetricsRegistry};
    /// let mut page = Vec::new();
    /// MetricsRegistry::new().encode_named(Format::Text, &["caracal_policy_cache_size"], &mut page);
    /// let page = String::from_utf8(page).unwrap();
    /// assert!(page.ends_with(" gauge\ncaracal_policy_cache_size 0\n") && page.lines().count() == 3);
    /// ```
    pub fn encode_named<N: AsRef<str>>(&self, format: Format, names: &[N], out: &mut Vec<u8>) {
        let names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
        self.write(format, Filter(&names), out);
    }

    fn write(&self, format: Format, filter: Filter<'_>, out: &mut Vec<u8>) {
        // Callbacks of instances first: a collector may derive its metrics from ours.
        let instances = Instances::attached(&self.core, |_| true);
        self.core.sample(&instances);
        let foreign = self.others.families(&self.core);
        self.core.page(instances, || write_page(&self.core, format, filter, foreign, out));
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
    /// # use caracal_metrics_core::MetricsRegistry;
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
