//! Whether a collector of the user's can join the page.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use prometheus::core::Collector;

use crate::core::Core;
use crate::error::RegisterError;
use crate::exposition::{
    CaracalCollector, Clash, NamedFamily, check, is_reserved, named_families, related,
};
use crate::probes::are_registered;

/// The names that a collector describes.
pub(crate) fn described(collector: &dyn Collector) -> BTreeSet<String> {
    collector.desc().into_iter().map(|desc| desc.fq_name.clone()).collect()
}

/// Refuses a collector whose families clash with ours or with those that are registered.
///
/// A description says nothing about types, so a clash that depends on one is only known from what
/// is collected. Collectors may be slow or wait for something that the caller holds, so they are
/// asked only if the names make a clash possible.
pub(crate) fn check_collector(
    core: &Core,
    registry: &prometheus::Registry,
    collector: &dyn Collector,
    names: &BTreeSet<String>,
) -> Result<(), RegisterError> {
    let mut untyped: Vec<_> =
        names.iter().map(|name| NamedFamily { name: name.clone(), kind: None }).collect();
    check(&untyped, &[])?;
    if !may_clash(core, registry, names) {
        return Ok(());
    }
    let collected = catch_unwind(AssertUnwindSafe(|| collector.collect())).unwrap_or_default();
    let mut new = named_families(&collected);
    // What it describes and does not collect now, it may collect later.
    untyped.retain(|family| !new.iter().any(|typed| typed.name == family.name));
    new.extend(untyped);
    let others = CaracalCollector::gather_others(core, registry).unwrap_or_default();
    Ok(check(&new, &named_families(&others))?)
}

impl From<Clash> for RegisterError {
    fn from(clash: Clash) -> Self {
        match clash {
            Clash::Name { name, other, shared } => Self::NameClash { name, other, shared },
            Clash::Type { name, kind, other } => Self::TypeClash { name, kind, other },
        }
    }
}

/// Whether one of the names is another family's name with a suffix, or the reverse.
fn may_clash(core: &Core, registry: &prometheus::Registry, names: &BTreeSet<String>) -> bool {
    let related: BTreeSet<_> = names.iter().flat_map(|name| related(name)).collect();
    let is_ours = |name: &String| names.contains(name) || is_reserved(name);
    let is_known = |name: &String| core.registered.lock().contains(name);
    let same: Vec<_> = names.iter().map(String::as_str).collect();
    let related_names: Vec<_> = related.iter().map(String::as_str).collect();
    related.iter().any(|name| is_ours(name) || is_known(name))
        || names.iter().any(is_known)
        || are_registered(registry, &related_names, &[])
        || are_registered(registry, &same, &[])
}
