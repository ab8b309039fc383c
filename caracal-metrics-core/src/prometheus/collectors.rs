//! Whether a collector of the user's can join the page.

use std::collections::BTreeSet;

use parking_lot::Mutex;
use prometheus::core::Collector;

use super::collector::gather_others;
use super::foreign::named_families;
use super::probes::are_registered;
use crate::attachment::Instances;
use crate::error::RegisterError;
use crate::names::{Clash, NamedFamily, check, related};
use crate::panics::contain;
use crate::state::Families;

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
    instances: &Instances,
    registry: &prometheus::Registry,
    registered: &Mutex<BTreeSet<String>>,
    collector: &dyn Collector,
    names: &BTreeSet<String>,
) -> Result<(), RegisterError> {
    let families = instances.state().families();
    let ours = families.named();
    let mut untyped: Vec<_> =
        names.iter().map(|name| NamedFamily { name: name.clone(), kind: None }).collect();
    check(&untyped, &ours, families.taken.clone(), &[])?;
    if !may_clash(&families, registry, registered, names) {
        return Ok(());
    }
    let collected = contain(|| collector.collect()).unwrap_or_default();
    let mut new = named_families(&collected);
    // What it describes and does not collect now, it may collect later.
    untyped.retain(|family| !new.iter().any(|typed| typed.name == family.name));
    new.extend(untyped);
    let others = contain(|| gather_others(instances, registry)).unwrap_or_default();
    Ok(check(&new, &ours, families.taken.clone(), &named_families(&others))?)
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
fn may_clash(
    families: &Families,
    registry: &prometheus::Registry,
    registered: &Mutex<BTreeSet<String>>,
    names: &BTreeSet<String>,
) -> bool {
    let related: BTreeSet<_> = names.iter().flat_map(|name| related(name)).collect();
    let is_ours = |name: &String| names.contains(name) || families.taken.owner(name).is_some();
    let is_known = |name: &String| registered.lock().contains(name);
    let same: Vec<_> = names.iter().map(String::as_str).collect();
    let related_names: Vec<_> = related.iter().map(String::as_str).collect();
    related.iter().any(|name| is_ours(name) || is_known(name))
        || names.iter().any(is_known)
        || are_registered(registry, &related_names, &[])
        || are_registered(registry, &same, &[])
}
