//! Checking the limits on label sets and label values.

use std::collections::BTreeSet;

use crate::catalogue::{CATALOGUE, LabelValues, MetricKind};
use crate::error::BuildError;
use crate::series::{Limits, cut};

/// Refuses limits that are out of range and labels that can't be aggregated.
pub(super) fn check(limits: &Limits) -> Result<(), BuildError> {
    if limits.series == 0 {
        return Err(BuildError::ZeroSeriesLimit);
    }
    let (least, most) = (*cut::LIMITS.start(), *cut::LIMITS.end());
    if !cut::LIMITS.contains(&limits.value_bytes) {
        return Err(BuildError::LabelValueLimit { bytes: limits.value_bytes, least, most });
    }
    limits.aggregate.iter().try_for_each(|name| check_aggregate(name))
}

fn check_aggregate(name: &str) -> Result<(), BuildError> {
    let families = CATALOGUE.iter().filter_map(|family| {
        let label = family.labels.iter().find(|label| label.name == name)?;
        Some((family, label.values))
    });
    let mut is_open = false;
    let mut closed = None;
    for (family, values) in families {
        match values {
            LabelValues::Open => is_open = true,
            // The families of an instance have counters as well, but it is the gauges that forbid it.
            LabelValues::Instance | LabelValues::Optional if family.kind == MetricKind::Gauge => {
                return Err(BuildError::InstanceAggregateLabel {
                    name: name.to_owned(),
                    family: family.name,
                });
            }
            LabelValues::Instance | LabelValues::Optional => {}
            LabelValues::Closed(_) | LabelValues::StatusCode | LabelValues::Metric => {
                closed = closed.or(Some(family.name));
            }
        }
    }
    match closed {
        _ if is_open => Ok(()),
        Some(family) => Err(BuildError::ClosedAggregateLabel {
            name: name.to_owned(),
            family,
            open: open_labels(),
        }),
        None => {
            Err(BuildError::UnknownAggregateLabel { name: name.to_owned(), open: open_labels() })
        }
    }
}

/// The labels that can be aggregated.
fn open_labels() -> String {
    let labels = CATALOGUE.iter().flat_map(|family| family.labels);
    let open = labels.filter(|label| matches!(label.values, LabelValues::Open));
    let open: BTreeSet<_> = open.map(|label| label.name).collect();
    open.into_iter().collect::<Vec<_>>().join(", ")
}
