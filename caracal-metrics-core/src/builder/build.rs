//! Creates the registry from the settings and attaches it to a `prometheus::Registry`.

use std::sync::{Arc, OnceLock};

use super::MetricsRegistryBuilder;
use crate::attachment::Instances;
use crate::description::Description;
use crate::error::BuildError;
use crate::labels::open_place;
use crate::registry::MetricsRegistry;
use crate::series::{cut, note_created};
use crate::state::{REGISTRY_FAMILIES, RegistrySettings, State};
use crate::text::is_metric_name;
use crate::workers::Workers;

impl MetricsRegistryBuilder {
    /// Creates the registry.
    ///
    /// # Errors
    ///
    /// Returns an error if a setting is not valid, or if the `prometheus::Registry` has a prefix, a
    /// label or a family that clashes with Caracal's families. In this case, nothing is registered.
    pub fn build(self) -> Result<MetricsRegistry, BuildError> {
        let workers = Workers::new(self.collection_timeout);
        let attaching = self.registry.as_ref().map(|registry| registry.gather(&workers));
        let attaching = attaching.transpose()?;
        let registry_labels = attaching.as_ref().map_or(&[][..], |registry| registry.labels());
        let state = Arc::new(State::new(self.settings(registry_labels)));
        let own = REGISTRY_FAMILIES.into_iter().chain(self.families.iter().copied());
        let families: Vec<_> = own.map(|spec| state.describe(spec)).collect();
        self.check(&families)?;
        if let Some(registry) = &attaching {
            registry.check(&self.const_labels, &families)?;
        }
        let preregistered = self.families.iter().map(|spec| state.register(spec, &[], &|_| Ok(())));
        let preregistered = preregistered.collect::<Result<Vec<_>, _>>()?;
        let instances = Arc::new(Instances::new(state, workers));
        let attached = match &attaching {
            Some(registry) => registry.attach(&instances, &families, self.process)?.into(),
            None => OnceLock::new(),
        };
        Ok(MetricsRegistry::new_with(instances, preregistered.into(), attached))
    }

    fn settings(&self, registry_labels: &[(String, String)]) -> RegistrySettings {
        let max_values = self.max_values.iter().filter_map(|(spec, label, limit)| {
            let name = spec.exposed_name(&self.namespace);
            Some((name, (open_place(spec.labels, label)?, *limit)))
        });
        RegistrySettings {
            namespace: self.namespace.clone(),
            const_labels: self.const_labels.as_slice().into(),
            registry_labels: registry_labels.into(),
            max_series_per_family: self.max_series_per_family,
            max_series: self.max_series.clone(),
            buckets: self.buckets.clone(),
            value_bytes: self.value_bytes,
            aggregate: self.aggregate.clone(),
            // In the protobuf format, a series always has the time at which it began.
            created: if cfg!(feature = "protobuf") { Some(note_created) } else { self.created },
            created_lines: self.created.is_some(),
            only_used: self.only_used,
            clock: self.clock.clone(),
            max_values: max_values.collect(),
            count_values: self.count_values,
            hide_idle: self.hide_idle.clone(),
            exemplar_source: self.exemplar_source.clone(),
            native: self.native.clone(),
        }
    }

    fn check(&self, families: &[Description]) -> Result<(), BuildError> {
        if !is_metric_name(&self.namespace) || self.namespace.ends_with('_') {
            return Err(BuildError::InvalidNamespace { namespace: self.namespace.clone() });
        }
        if self.max_series_per_family == 0 {
            return Err(BuildError::ZeroSeriesLimit);
        }
        if self.collection_timeout.is_zero() {
            return Err(BuildError::ZeroCollectionTimeout);
        }
        let (least, most) = (*cut::LIMITS.start(), *cut::LIMITS.end());
        if !cut::LIMITS.contains(&self.value_bytes) {
            return Err(BuildError::LabelValueLimit { bytes: self.value_bytes, least, most });
        }
        self.checks.iter().try_for_each(|(check, place)| check(self, *place, families))
    }
}
