//! From settings to a registry that is attached to a `prometheus::Registry`.

use std::sync::{Arc, OnceLock};

use super::MetricsRegistryBuilder;
use crate::attachment::Instances;
use crate::description::Description;
use crate::error::BuildError;
use crate::family_spec::FamilySpec;
use crate::labels::{LabelValues, open_place};
use crate::prometheus::owner_of_label;
use crate::registry::MetricsRegistry;
use crate::series::cut;
use crate::state::{REGISTRY_FAMILIES, RegistrySettings, State};
use crate::text::{is_label_name, is_metric_name};
use crate::workers::Workers;

impl MetricsRegistryBuilder {
    /// Makes the registry.
    ///
    /// # Errors
    ///
    /// Returns an error if a setting is not valid, or the `prometheus::Registry` has a prefix, a label or a
    /// family that clashes with ours. Nothing is registered then.
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
        let name = |spec: &FamilySpec| spec.exposed_name(&self.namespace);
        let max_series = self.max_series.iter().map(|(spec, limit)| (name(spec), *limit));
        let max_values = self.max_values.iter().filter_map(|(spec, label, limit)| {
            Some((name(spec), (open_place(spec.labels, label)?, *limit)))
        });
        let hide_idle_of = self.hide_idle_of.iter().map(|(spec, after)| (name(spec), *after));
        let buckets = self.buckets.iter().map(|(spec, buckets)| (name(spec), buckets.clone()));
        RegistrySettings {
            namespace: self.namespace.clone(),
            const_labels: self.const_labels.as_slice().into(),
            registry_labels: registry_labels.into(),
            max_series_per_family: self.max_series_per_family,
            max_series: max_series.collect(),
            buckets: buckets.collect(),
            value_bytes: self.value_bytes,
            aggregate: self.aggregate.clone(),
            created: self.created,
            only_used: self.only_used,
            clock: self.clock.clone(),
            max_values: max_values.collect(),
            count_values: self.count_values,
            watch: self.watch,
            hide_idle: self.hide_idle,
            hide_idle_of: hide_idle_of.collect(),
            exemplar_source: self.exemplar_source.clone(),
        }
    }

    fn check(&self, families: &[Description]) -> Result<(), BuildError> {
        if !is_metric_name(&self.namespace) || self.namespace.ends_with('_') {
            return Err(BuildError::InvalidNamespace { namespace: self.namespace.clone() });
        }
        if self.max_series.iter().any(|(_, limit)| *limit == 0) || self.max_series_per_family == 0 {
            return Err(BuildError::ZeroSeriesLimit);
        }
        if self.collection_timeout.is_zero() {
            return Err(BuildError::ZeroCollectionTimeout);
        }
        let (least, most) = (*cut::LIMITS.start(), *cut::LIMITS.end());
        if !cut::LIMITS.contains(&self.value_bytes) {
            return Err(BuildError::LabelValueLimit { bytes: self.value_bytes, least, most });
        }
        for (spec, label, _) in &self.max_values {
            if open_place(spec.labels, label).is_none() {
                let (family, label) = (spec.exposed_name(&self.namespace), label.clone());
                return Err(BuildError::NoOpenLabel { family, label });
            }
        }
        let of_families = self.hide_idle_of.iter().map(|(_, after)| *after);
        if self.hide_idle.into_iter().chain(of_families).any(|after| after.is_zero()) {
            return Err(BuildError::NoIdleTime);
        }
        for (spec, bounds) in &self.buckets {
            let family = Description::of(spec, &self.namespace, Some(bounds.clone()));
            family.check_bounds()?;
        }
        self.check_const_labels(families)?;
        let own = REGISTRY_FAMILIES.map(|spec| spec.exposed_name(&self.namespace));
        self.aggregate.iter().try_for_each(|name| check_aggregate(name, families, &own))
    }

    fn check_const_labels(&self, families: &[Description]) -> Result<(), BuildError> {
        for (place, (name, value)) in self.const_labels.iter().enumerate() {
            let name = name.clone();
            if !is_label_name(&name) {
                return Err(BuildError::InvalidLabelName { name });
            }
            if owner_of_label(&name, families).is_some() {
                return Err(BuildError::ReservedLabelName { name });
            }
            if value.len() > self.value_bytes {
                let (bytes, limit) = (value.len(), self.value_bytes);
                return Err(BuildError::LongLabelValue { name, bytes, limit });
            }
            if self.const_labels[..place].iter().any(|(other, _)| *other == name) {
                return Err(BuildError::DuplicateLabelName { name });
            }
        }
        Ok(())
    }
}

/// Checks a label against the families that are known when the registry is built. A name that none
/// of them has may be a label of a family that is registered later.
fn check_aggregate(name: &str, families: &[Description], own: &[String]) -> Result<(), BuildError> {
    if !is_label_name(name) || name == "le" || name == "quantile" {
        return Err(BuildError::InvalidAggregateLabel { name: name.to_owned() });
    }
    let has_label = families.iter().filter_map(|family| {
        let label = family.labels.iter().find(|label| label.name == name)?;
        Some((family, label.values))
    });
    let mut closed = None;
    let mut is_open = false;
    for (family, values) in has_label {
        let (name, family_name) = (name.to_owned(), family.name.clone());
        match values {
            LabelValues::Open | LabelValues::Optional
                if family.kind.is_gauge() && !own.contains(&family_name) =>
            {
                return Err(BuildError::GaugeAggregateLabel { name, family: family_name });
            }
            // What the registry counts has a series for each family, and is never aggregated.
            LabelValues::Open | LabelValues::Optional if !own.contains(&family_name) => {
                is_open = true;
            }
            _ => {
                let error = BuildError::ClosedAggregateLabel { name, family: family_name };
                closed = closed.or(Some(error));
            }
        }
    }
    closed.filter(|_| !is_open).map_or(Ok(()), Err)
}
