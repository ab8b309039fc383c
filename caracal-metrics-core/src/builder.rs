//! Settings of a registry, and attaching it to a `prometheus::Registry`.

mod limits;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use crate::attaching::{check_names, check_settings, gather, owner_of_label};
use crate::core::Core;
use crate::error::BuildError;
use crate::exposition::{CaracalCollector, is_label_name};
use crate::probes::Gathered;
use crate::registry::MetricsRegistry;
use crate::series::Limits;
use crate::workers::Workers;

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
    limits: Limits,
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
            limits: Limits::default(),
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
    ///
    /// The labels of a registry that was made with `Registry::new_custom` are on all series of the
    /// page, as they are in `gather()`. A registry with a prefix is refused, since the prefix would
    /// rename Caracal's families. Both are found by gathering from the registry once, for which
    /// [`collection_timeout`](Self::collection_timeout) applies. They remain unknown if one of its
    /// collectors panics meanwhile.
    ///
    /// A family of the registry that has the name of one of Caracal's families, or of its samples,
    /// is an error of [`build`](Self::build). From then on, the registry refuses these names to
    /// others.
    pub fn registry(mut self, registry: prometheus::Registry) -> Self {
        self.registry = Some(registry);
        self
    }

    /// Puts a label on every series of the catalogue.
    pub fn const_label(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
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
        self.limits.series = limit;
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
    /// use caracal_metrics_core::MetricsRegistry;
    ///
    /// let metrics = MetricsRegistry::builder().max_label_value_bytes(32).build()?;
    /// metrics.record_replay_block("the nonce was used by another agent before");
    /// let page = String::from_utf8(metrics.generate_metrics()).unwrap();
    /// assert!(page.contains(r#"{reason="the nonce was…c0cdb8ccd004d0ca"} 1"#));
    /// # Ok::<(), caracal_metrics_core::BuildError>(())
    /// ```
    pub fn max_label_value_bytes(mut self, bytes: usize) -> Self {
        self.limits.value_bytes = bytes;
        self
    }

    /// Makes an open label (such as `agent_id`) read `aggregated` in every family.
    ///
    /// A label that names an instance (`name`, `cache`, `pool`) can't be aggregated: gauges such as
    /// the state of a circuit breaker have no sum. Aggregate it in queries instead, with
    /// `sum without (name) (…)`.
    pub fn aggregate_label(mut self, name: impl Into<String>) -> Self {
        self.limits.aggregate.push(name.into());
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
    /// `prometheus::Registry`. Defaults to 1 second. Callbacks, the collectors of
    /// [`MetricsRegistry::register`] and the other collectors have that long one after the other, so keep
    /// it well below a third of Prometheus' `scrape_timeout`, which is 10 seconds.
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
    /// When a setting is not valid, when the `prometheus::Registry` has a prefix, a label or a family
    /// that clashes with Caracal's, or when its collectors do not return in time. Nothing of
    /// Caracal's is registered then.
    pub fn build(self) -> Result<MetricsRegistry, BuildError> {
        limits::check(&self.limits)?;
        check_const_labels(&self.const_labels, self.limits.value_bytes)?;
        if self.collection_timeout.is_zero() {
            return Err(BuildError::ZeroCollectionTimeout);
        }
        let workers = Workers::new(self.collection_timeout);
        let is_shared = self.registry.is_some();
        let registry = self.registry.unwrap_or_default();
        // Before the lock is taken: it runs the user's collectors.
        let gathered = if is_shared { gather(&registry, &workers)? } else { Gathered::default() };
        check_settings(&gathered, &self.const_labels)?;
        let _attaching = ATTACHING.lock();
        check_names(&registry, &gathered, &self.const_labels)?;
        #[cfg(feature = "process")]
        if self.process {
            crate::process::register(&registry, |name| {
                gathered.has(name) || crate::probes::is_registered(&registry, name, &[])
            })?;
        }
        let core = Arc::new(Core::new(
            self.const_labels,
            &gathered.labels,
            self.limits,
            self.created,
            workers,
        ));
        CaracalCollector::new(Arc::clone(&core))
            .and_then(|collector| registry.register(Box::new(collector)))
            .map_err(|error| BuildError::Registration { reason: error.to_string() })?;
        Ok(MetricsRegistry::from_parts(core, registry, is_shared))
    }
}

fn check_const_labels(labels: &[(String, String)], limit: usize) -> Result<(), BuildError> {
    let mut seen = HashSet::new();
    for (name, value) in labels {
        let name = name.clone();
        if !is_label_name(&name) {
            return Err(BuildError::InvalidLabelName { name });
        }
        if owner_of_label(&name).is_some() {
            return Err(BuildError::ReservedLabelName { name });
        }
        if value.len() > limit {
            return Err(BuildError::LongLabelValue { name, bytes: value.len(), limit });
        }
        if !seen.insert(name.clone()) {
            return Err(BuildError::DuplicateLabelName { name });
        }
    }
    Ok(())
}
