//! Checks whether a collector of the user can be registered.

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

/// Returns the names that a collector describes.
pub(crate) fn described(collector: &dyn Collector) -> BTreeSet<String> {
    collector.desc().into_iter().map(|desc| desc.fq_name.clone()).collect()
}

/// Refuses a collector whose families clash with ours or with those that are registered.
///
/// A description contains no type, so a clash that depends on a type can only be found by collecting.
/// Collectors may be slow, or wait for something that the caller holds. They are therefore called only if the
/// names make a clash possible, and for a limited time.
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
    // The collector may collect families later that it describes but does not collect now.
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

/// Returns whether one of the names is the name of another family with a suffix, or the reverse.
fn may_clash(families: &Families, others: &Others, names: &BTreeSet<String>) -> bool {
    let related: BTreeSet<_> = names.iter().flat_map(|name| related(name)).collect();
    let is_ours = |name: &String| names.contains(name) || families.taken.owner(name).is_some();
    let is_registered = |names: &BTreeSet<String>| {
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        names.iter().any(|name| others.knows(name)) || are_registered(others.probed(), &names, &[])
    };
    related.iter().any(is_ours) || is_registered(&related) || is_registered(names)
}
