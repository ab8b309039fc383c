//! The parts of a page that belong to the adapter.

use std::collections::BTreeSet;

use super::subject::exposed;
use crate::registry::MetricsRegistry;
use crate::snapshot::{FamilySnapshot, Snapshot};
use crate::state::REGISTRY_FAMILIES;

/// Returns the families of a page, without the registry's own.
pub(super) fn families(snapshot: &Snapshot) -> impl Iterator<Item = &FamilySnapshot> {
    let own: Vec<_> = REGISTRY_FAMILIES.iter().map(|spec| exposed(spec)).collect();
    snapshot.families().iter().filter(move |family| !own.iter().any(|name| name == family.name()))
}

/// Returns the series of a page, with names and labels as on the page, without the registry's own.
pub(super) fn series(snapshot: &Snapshot) -> BTreeSet<String> {
    let all = families(snapshot).flat_map(|family| {
        family.series().map(|series| {
            let labels: Vec<_> =
                series.labels().map(|(name, value)| format!("{name}={value:?}")).collect();
            format!("{}{{{}}}", family.name(), labels.join(","))
        })
    });
    all.collect()
}

/// Returns the names of the families on the next page.
pub(super) fn names(metrics: &MetricsRegistry) -> BTreeSet<String> {
    families(&metrics.snapshot()).map(|family| family.name().to_owned()).collect()
}

/// Formats the first few names, for a message.
pub(super) fn some<'a>(all: impl IntoIterator<Item = &'a String>) -> String {
    const MOST: usize = 5;
    let all: Vec<_> = all.into_iter().map(String::as_str).collect();
    let more = all.len().saturating_sub(MOST);
    let shown = all[..all.len() - more].join(", ");
    if more == 0 { shown } else { format!("{shown} and {more} more") }
}
