//! Settings of a registry, and attaching it to a `prometheus::Registry`.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use prometheus::core::{Collector, Desc};
use prometheus::proto;

use crate::catalogue::CATALOGUE;
use crate::core::Core;
use crate::error::BuildError;
use crate::exposition::{CaracalCollector, Gathering, is_label_name};
use crate::labels::LabelValues;
use crate::registry::MetricsRegistry;
use crate::workers::Workers;

const DEFAULT_MAX_SERIES_PER_FAMILY: usize = 10_000;

const DEFAULT_COLLECTION_TIMEOUT: Duration = Duration::from_secs(1);

/// One attachment at a time: looking for taken names registers something for an instant.
static ATTACHING: Mutex<()> = Mutex::new(());

/// Settings of a [`MetricsRegistry`].
///
/// ```
/// use caracal_metrics_core::MetricsRegistry;
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
/// # Ok::<(), caracal_metrics_core::BuildError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "call `build` to get a registry"]
pub struct MetricsRegistryBuilder {
    registry: Option<prometheus::Registry>,
    const_labels: Vec<(String, String)>,
    max_series_per_family: usize,
    aggregate: Vec<String>,
    created: bool,
    collection_timeout: Duration,
    #[cfg(feature = "process")]
    process: bool,
}

impl Default for MetricsRegistryBuilder {
    fn default() -> Self {
        Self {
            registry: None,
            const_labels: Vec::new(),
            max_series_per_family: DEFAULT_MAX_SERIES_PER_FAMILY,
            aggregate: Vec::new(),
            created: false,
            collection_timeout: DEFAULT_COLLECTION_TIMEOUT,
            #[cfg(feature = "process")]
            process: false,
        }
    }
}

impl MetricsRegistryBuilder {
    /// Attaches to a `prometheus::Registry` that exists: its other collectors appear in the page,
    /// and its `gather()` has Caracal's families, until it is dropped.
    pub fn registry(mut self, registry: prometheus::Registry) -> Self {
        self.registry = Some(registry);
        self
    }

    /// Puts a label on every series of the catalogue.
    pub fn const_label(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.const_labels.push((name.into(), value.into()));
        self
    }

    /// How many label sets a family may have (10,000 unless told). Records beyond go to one series
    /// whose open labels read `aggregated`, and are counted in
    /// `caracal_metrics_series_limited_total`.
    pub fn max_series_per_family(mut self, limit: usize) -> Self {
        self.max_series_per_family = limit;
        self
    }

    /// Makes a label that comes from outside (such as `agent_id`) read `aggregated` in every family.
    pub fn aggregate_label(mut self, name: impl Into<String>) -> Self {
        self.aggregate.push(name.into());
        self
    }

    /// Adds a `_created` line to each counter and histogram in OpenMetrics: when the series began,
    /// in seconds since 1970.
    ///
    /// Prometheus 3 may take it as the time of a reset, every other version stores it as one more
    /// series for each: so it is not there unless asked for.
    ///
    /// ```
    /// use caracal_metrics_core::{Format, MetricsRegistry};
    ///
    /// let metrics = MetricsRegistry::builder().created_lines().build()?;
    /// let mut page = Vec::new();
    /// metrics.encode(Format::OpenMetrics, &mut page);
    /// let page = String::from_utf8(page).unwrap();
    /// assert!(page.contains("\ncaracal_policy_cache_hits_created 1"));
    /// # Ok::<(), caracal_metrics_core::BuildError>(())
    /// ```
    pub fn created_lines(mut self) -> Self {
        self.created = true;
        self
    }

    /// How long reading the metrics waits for code that is not the library's: callbacks of adapters
    /// that may run yours (such as a cache's eviction listener), and collectors of the attached
    /// `prometheus::Registry`. Defaults to 1 second. Callbacks and collectors have that long one after
    /// the other, so keep it well below half of Prometheus' `scrape_timeout`, which is 10 seconds.
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
    ///   [`MetricsRegistry::register`] are left out. A collector that was registered with the
    ///   `prometheus::Registry` itself takes all families of that registry with it, since
    ///   `prometheus` gathers as a whole.
    ///
    /// The same happens where the code panics, and where the system starts no thread.
    pub fn collection_timeout(mut self, timeout: Duration) -> Self {
        self.collection_timeout = timeout;
        self
    }

    /// Adds the standard `process_*` families to the page: CPU seconds (whole ones), memory in
    /// bytes, file descriptors, threads and the start time. Constant labels are not put on them.
    ///
    /// They come from the `prometheus` crate's own collector, which there is for Linux only:
    /// elsewhere nothing is added. A registry that has that collector already, as
    /// `prometheus::default_registry()` does wherever this feature is on, stays as it is.
    #[cfg(feature = "process")]
    pub fn process_metrics(mut self) -> Self {
        self.process = true;
        self
    }

    /// Makes the registry.
    ///
    /// # Errors
    ///
    /// When a setting is not valid, or the `prometheus::Registry` has a family of the catalogue
    /// already. Nothing is registered then.
    pub fn build(self) -> Result<MetricsRegistry, BuildError> {
        check_const_labels(&self.const_labels)?;
        check_aggregate(&self.aggregate)?;
        if self.max_series_per_family == 0 {
            return Err(BuildError::ZeroSeriesLimit);
        }
        if self.collection_timeout.is_zero() {
            return Err(BuildError::ZeroCollectionTimeout);
        }
        let workers = Workers::new(self.collection_timeout);
        let is_shared = self.registry.is_some();
        let registry = self.registry.unwrap_or_default();
        // Before the lock is taken: it runs the user's collectors.
        let gathered = if is_shared { gather(&registry, &workers) } else { Vec::new() };
        let _attaching = ATTACHING.lock();
        check_names(&registry, &gathered, &self.const_labels)?;
        #[cfg(feature = "process")]
        if self.process {
            crate::process::register(&registry, |desc| {
                is_registered(&registry, &desc.fq_name, &desc.help, &[])
            })?;
        }
        let core = Arc::new(Core::new(
            self.const_labels,
            self.max_series_per_family,
            &self.aggregate,
            self.created,
            workers,
        ));
        CaracalCollector::new(Arc::clone(&core))
            .and_then(|collector| registry.register(Box::new(collector)))
            .map_err(|error| BuildError::Registration { reason: error.to_string() })?;
        Ok(MetricsRegistry::from_parts(core, registry, is_shared))
    }
}

/// What a registry gathers. Collectors that fail, since what they read is not there yet, are for
/// pages to count.
fn gather(registry: &prometheus::Registry, workers: &Workers) -> Vec<proto::MetricFamily> {
    let registry = registry.clone();
    let gathering = Gathering::new(move || registry.gather());
    gathering.gather(|task| workers.run(&[task]) == [true]).unwrap_or_default()
}

fn check_const_labels(labels: &[(String, String)]) -> Result<(), BuildError> {
    let mut seen = HashSet::new();
    for (name, _) in labels {
        let name = name.clone();
        let mut known = CATALOGUE.iter().flat_map(|family| family.labels);
        if !is_label_name(&name) {
            return Err(BuildError::InvalidLabelName { name });
        }
        if known.any(|label| label.name == name) || name == "le" || name == "quantile" {
            return Err(BuildError::ReservedLabelName { name });
        }
        if !seen.insert(name.clone()) {
            return Err(BuildError::DuplicateLabelName { name });
        }
    }
    Ok(())
}

fn check_aggregate(aggregate: &[String]) -> Result<(), BuildError> {
    let mut open: Vec<_> = CATALOGUE
        .iter()
        .flat_map(|family| family.labels)
        .filter(|label| matches!(label.values, LabelValues::Open))
        .map(|label| label.name)
        .collect();
    open.sort_unstable();
    open.dedup();
    match aggregate.iter().find(|name| !open.contains(&name.as_str())) {
        Some(name) => {
            Err(BuildError::UnknownAggregateLabel { name: name.clone(), open: open.join(", ") })
        }
        None => Ok(()),
    }
}

/// Looks for our names in the registry before anything is registered: `prometheus` 0.14 keeps the
/// names of a collector that it rejects, and they would block a later one.
fn check_names(
    registry: &prometheus::Registry,
    gathered: &[proto::MetricFamily],
    const_labels: &[(String, String)],
) -> Result<(), BuildError> {
    let taken = |name: &str| BuildError::NameTaken { name: name.to_owned() };
    for family in CATALOGUE {
        if gathered.iter().any(|other| other.name() == family.name)
            || is_registered(registry, family.name, family.help, &[])
            || is_registered(registry, family.name, family.help, const_labels)
        {
            return Err(taken(family.name));
        }
    }
    Ok(())
}

/// Whether a family is registered that has no series yet, which `gather` leaves out.
///
/// `prometheus` looks at a description's id (name and constant labels) before its name. So one that
/// has the id of the family and the empty name, which nobody can use, is refused if the family is
/// there, and otherwise registers and unregisters without a trace that anyone could meet.
fn is_registered(
    registry: &prometheus::Registry,
    name: &str,
    help: &str,
    const_labels: &[(String, String)],
) -> bool {
    struct Probe(Desc);

    impl Collector for Probe {
        fn desc(&self) -> Vec<&Desc> {
            vec![&self.0]
        }

        fn collect(&self) -> Vec<proto::MetricFamily> {
            Vec::new()
        }
    }

    let labels = const_labels.iter().cloned().collect();
    let Ok(mut desc) = Desc::new(name.to_owned(), help.to_owned(), Vec::new(), labels) else {
        return false;
    };
    desc.fq_name.clear();
    desc.dim_hash = 0;
    match registry.register(Box::new(Probe(desc.clone()))) {
        Ok(()) => {
            // Just registered, so it is there to be taken out.
            let _ = registry.unregister(Box::new(Probe(desc)));
            false
        }
        Err(_) => true,
    }
}
