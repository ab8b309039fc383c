//! What a page has of the adapter.

use std::collections::BTreeSet;

use super::subject::exposed;
use crate::registry::MetricsRegistry;
use crate::snapshot::{FamilySnapshot, Snapshot};
use crate::state::REGISTRY_FAMILIES;

/// The families of a page without what a registry says about itself.
pub(super) fn families(snapshot: &Snapshot) -> impl Iterator<Item = &FamilySnapshot> {
    let own: Vec<_> = REGISTRY_FAMILIES.iter().map(|spec| exposed(spec)).collect();
    snapshot.families().iter().filter(move |family| !own.iter().any(|name| name == family.name()))
}

/// The series of a page, as it writes their names and labels; without what a registry says about itself.
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

/// The names of families on the next page.
pub(super) fn names(metrics: &MetricsRegistry) -> BTreeSet<String> {
    families(&metrics.snapshot()).map(|family| family.name().to_owned()).collect()
}

/// Some of many, for a message.
pub(super) fn some<'a>(all: impl IntoIterator<Item = &'a String>) -> String {
    const MOST: usize = 5;
    let all: Vec<_> = all.into_iter().map(String::as_str).collect();
    let more = all.len().saturating_sub(MOST);
    let shown = all[..all.len() - more].join(", ");
    if more == 0 { shown } else { format!("{shown} and {more} more") }
}
