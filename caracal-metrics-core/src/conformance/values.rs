//! Checks of values from outside.

use super::pages::families;
use super::subject::{FIRST, Subject, registry_of};
use crate::labels::AGGREGATED;
use crate::registry::MetricsRegistry;
use crate::series::cut::DEFAULT_LIMIT;
use crate::snapshot::SeriesSnapshot;

/// The number of series that the registry allows each family.
const LIMIT: usize = 40;

/// The number of different values from outside.
const VALUES: usize = 200;

pub(super) fn are_bounded(subject: &Subject) -> Result<(), String> {
    let metrics = registry_of(|builder| builder.max_series_per_family(LIMIT))?;
    let long = "n".repeat(4 * DEFAULT_LIMIT);
    // A name comes from outside, too. It may be refused or cut.
    let named = subject.try_attach(&metrics, &long);
    check(&metrics)?;
    drop(named);
    let Some(bring) = &subject.bring else { return Ok(()) };
    let thing = subject.attach(&metrics, FIRST)?;
    for value in 0..VALUES {
        bring(&*thing, &format!("value_{value}"));
        bring(&*thing, &format!("value_{value}_{}", "x".repeat(2 * DEFAULT_LIMIT)));
    }
    check(&metrics)
}

fn check(metrics: &MetricsRegistry) -> Result<(), String> {
    for family in families(&metrics.snapshot()) {
        let name = family.name();
        // In addition to the series that count towards the limit, there is an aggregated one for each
        // combination of closed labels.
        let is_aggregated =
            |series: &SeriesSnapshot<'_>| series.labels().any(|(_, value)| value == AGGREGATED);
        let (aggregated, counted): (Vec<_>, Vec<_>) = family.series().partition(is_aggregated);
        let series = counted.len().max(aggregated.len());
        if series > LIMIT {
            return Err(format!("{name} has {series} series, but only {LIMIT} are allowed"));
        }
        for (label, value) in family.series().flat_map(|series| series.labels()) {
            if value.len() > DEFAULT_LIMIT {
                let bytes = value.len();
                return Err(format!(
                    "a value of the label {label} of {name} has {bytes} bytes, but only \
                     {DEFAULT_LIMIT} are allowed"
                ));
            }
        }
    }
    Ok(())
}
