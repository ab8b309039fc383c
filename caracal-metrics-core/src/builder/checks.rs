//! Checks of individual settings.
//!
//! The method of each setting stores its check in the builder. A program that does not use the
//! setting therefore does not contain the check.

use super::MetricsRegistryBuilder;
use crate::description::Description;
use crate::error::BuildError;
use crate::labels::{LabelValues, open_place};
use crate::prometheus::owner_of_label;
use crate::state::REGISTRY_FAMILIES;
use crate::text::is_label_name;

/// Checks the setting at this index among the settings of its kind, against the families that are
/// known when the registry is built.
pub(super) type Check =
    fn(&MetricsRegistryBuilder, usize, &[Description]) -> Result<(), BuildError>;

pub(super) fn buckets(
    builder: &MetricsRegistryBuilder,
    _: usize,
    _: &[Description],
) -> Result<(), BuildError> {
    for (spec, bounds) in builder.buckets.iter().flat_map(|chosen| chosen.of_one()) {
        let family = Description::of(spec, &builder.namespace, Some(bounds.clone()));
        family.check_bounds()?;
    }
    Ok(())
}

pub(super) fn max_series(
    builder: &MetricsRegistryBuilder,
    _: usize,
    _: &[Description],
) -> Result<(), BuildError> {
    let mut limits = builder.max_series.iter().flat_map(|chosen| chosen.values());
    if limits.any(|limit| *limit == 0) { Err(BuildError::ZeroSeriesLimit) } else { Ok(()) }
}

pub(super) fn max_values(
    builder: &MetricsRegistryBuilder,
    place: usize,
    _: &[Description],
) -> Result<(), BuildError> {
    let (spec, label, _) = &builder.max_values[place];
    if open_place(spec.labels, label).is_none() {
        let (family, label) = (spec.exposed_name(&builder.namespace), label.clone());
        return Err(BuildError::NoOpenLabel { family, label });
    }
    Ok(())
}

pub(super) fn const_label(
    builder: &MetricsRegistryBuilder,
    place: usize,
    families: &[Description],
) -> Result<(), BuildError> {
    let (name, value) = &builder.const_labels[place];
    let name = name.clone();
    if !is_label_name(&name) {
        return Err(BuildError::InvalidLabelName { name });
    }
    if owner_of_label(&name, families).is_some() {
        return Err(BuildError::ReservedLabelName { name });
    }
    if value.len() > builder.value_bytes {
        let (bytes, limit) = (value.len(), builder.value_bytes);
        return Err(BuildError::LongLabelValue { name, bytes, limit });
    }
    if builder.const_labels[..place].iter().any(|(other, _)| *other == name) {
        return Err(BuildError::DuplicateLabelName { name });
    }
    Ok(())
}

/// A label name that no known family has may belong to a family that is registered later.
pub(super) fn aggregate_label(
    builder: &MetricsRegistryBuilder,
    place: usize,
    families: &[Description],
) -> Result<(), BuildError> {
    let name = &builder.aggregate[place];
    if !is_label_name(name) || name == "le" || name == "quantile" {
        return Err(BuildError::InvalidAggregateLabel { name: name.to_owned() });
    }
    let own = REGISTRY_FAMILIES.map(|spec| spec.exposed_name(&builder.namespace));
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
            // The registry's own counters have a series for each family, and are never aggregated.
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

pub(super) fn idle_time(
    builder: &MetricsRegistryBuilder,
    _: usize,
    _: &[Description],
) -> Result<(), BuildError> {
    let mut times = builder.hide_idle.iter().flat_map(|chosen| chosen.values());
    if times.any(|idle| idle.after.is_zero()) {
        return Err(BuildError::NoIdleTime);
    }
    Ok(())
}

pub(super) fn resolution(
    builder: &MetricsRegistryBuilder,
    _: usize,
    _: &[Description],
) -> Result<(), BuildError> {
    let mut chosen = builder.native.iter().flat_map(|chosen| chosen.values());
    if let Some(wrong) = chosen.find(|native| !native.resolution.is_valid()) {
        return Err(BuildError::NoSuchResolution { schema: wrong.resolution.number() });
    }
    Ok(())
}
