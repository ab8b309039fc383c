//! Whether a collector of the user's can join the page.

use std::collections::BTreeSet;

use prometheus::core::Collector;

use super::foreign::named_families;
use super::isolated::IsolatedCollector;
use super::others::Others;
use super::probes::are_registered;
use crate::attachment::Instances;
use crate::error::RegisterError;
use crate::names::{Clash, NamedFamily, check, related};
use crate::state::Families;

/// The names that a collector describes.
pub(crate) fn described(collector: &dyn Collector) -> BTreeSet<String> {
    collector.desc().into_iter().map(|desc| desc.fq_name.clone()).collect()
}

/// Refuses a collector whose families clash with ours or with those that are registered.
///
/// A description says nothing about types, so a clash that depends on one is only known from what
/// is collected. Collectors may be slow or wait for something that the caller holds, so they are
/// asked only if the names make a clash possible, and for a bounded time.
pub(crate) fn check_collector(
    instances: &Instances,
    others: &Others,
    collector: &IsolatedCollector,
    names: &BTreeSet<String>,
) -> Result<(), RegisterError> {
    let families = instances.state().families();
    let ours = families.named();
    let mut untyped: Vec<_> =
        names.iter().map(|name| NamedFamily { name: name.clone(), kind: None }).collect();
    check(&untyped, &ours, families.taken.clone(), &[])?;
    if !may_clash(&families, others, names) {
        return Ok(());
    }
    let mut new = named_families(&collector.families());
    // What it describes and does not collect now, it may collect later.
    untyped.retain(|family| !new.iter().any(|typed| typed.name == family.name));
    new.extend(untyped);
    Ok(check(&new, &ours, families.taken.clone(), &others.named_families(instances))?)
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
fn may_clash(families: &Families, others: &Others, names: &BTreeSet<String>) -> bool {
    let related: BTreeSet<_> = names.iter().flat_map(|name| related(name)).collect();
    let is_ours = |name: &String| names.contains(name) || families.taken.owner(name).is_some();
    let is_registered = |names: &BTreeSet<String>| {
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        names.iter().any(|name| others.knows(name)) || are_registered(others.probed(), &names, &[])
    };
    related.iter().any(is_ours) || is_registered(&related) || is_registered(names)
}
