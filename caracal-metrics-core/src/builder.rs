//! Settings of a registry, and attaching it to a `prometheus::Registry`.

use std::collections::HashSet;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::attaching::{check_names, check_settings, owner_of_label};
use crate::catalogue::CATALOGUE;
use crate::core::Core;
use crate::error::BuildError;
use crate::exposition::{CaracalCollector, gather, is_label_name};
use crate::labels::LabelValues;
use crate::probes::Gathered;
use crate::registry::MetricsRegistry;

const DEFAULT_MAX_SERIES_PER_FAMILY: usize = 10_000;

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
    /// rename Caracal's families. Both are found by gathering from the registry once. They remain
    /// unknown if one of its collectors panics meanwhile.
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
    /// When a setting is not valid, or the `prometheus::Registry` has a prefix, a label or a family
    /// that clashes with Caracal's. Nothing is registered then.
    pub fn build(self) -> Result<MetricsRegistry, BuildError> {
        check_const_labels(&self.const_labels)?;
        check_aggregate(&self.aggregate)?;
        if self.max_series_per_family == 0 {
            return Err(BuildError::ZeroSeriesLimit);
        }
        let (registry, gathered) = match self.registry {
            None => (prometheus::Registry::new(), Gathered::default()),
            Some(registry) => {
                // Before the lock is taken: it runs the user's collectors. One that panics, since
                // what it reads is not there yet, is a page's to count.
                let gathered = Gathered::new(&registry, |marker| marker.with(|| gather(&registry)));
                (registry, gathered)
            }
        };
        check_settings(&gathered, &self.const_labels)?;
        let _attaching = ATTACHING.lock();
        check_names(&registry, &gathered, &self.const_labels)?;
        #[cfg(feature = "process")]
        if self.process {
            crate::process::register(&registry, |name| {
                gathered.has(name) || crate::probes::is_registered(&registry, name, &[])
            })?;
        }
        let core = Core::new(
            self.const_labels,
            &gathered.labels,
            self.max_series_per_family,
            &self.aggregate,
            self.created,
        );
        let core = Arc::new(core);
        CaracalCollector::new(Arc::clone(&core))
            .and_then(|collector| registry.register(Box::new(collector)))
            .map_err(|error| BuildError::Registration { reason: error.to_string() })?;
        Ok(MetricsRegistry::from_parts(core, registry))
    }
}

fn check_const_labels(labels: &[(String, String)]) -> Result<(), BuildError> {
    let mut seen = HashSet::new();
    for (name, _) in labels {
        let name = name.clone();
        if !is_label_name(&name) {
            return Err(BuildError::InvalidLabelName { name });
        }
        if owner_of_label(&name).is_some() {
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
