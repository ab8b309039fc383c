//! Checks whether the metrics can be attached to a `prometheus::Registry`, and reserves our names in it.

use super::collector::Reserved;
use super::foreign::named_families;
use super::gathering::Gathering;
use super::probes::{Gathered, are_registered, is_registered};
use crate::description::Description;
use crate::error::BuildError;
use crate::family_error::FamilyError;
use crate::names::{Clash, Taken, all_names, check};
use crate::panics::contain;
use crate::text::is_label_name;
use crate::workers::Workers;

/// Gathers from the registry once, on a worker thread.
pub(crate) fn gather(
    registry: &prometheus::Registry,
    workers: &Workers,
) -> Result<Gathered, BuildError> {
    let registry = registry.clone();
    // All of this runs on the worker: `prometheus` holds its lock while it gathers, so registering or
    // unregistering something waits for the collectors. A collector may panic because what it reads does not
    // exist yet. Pages count such a failure.
    let gathering = Gathering::new(move || {
        Gathered::new(&registry, |marker| marker.with(|| contain(|| registry.gather())))
    });
    gathering
        .gather(|task| workers.run(&[task]) == [true])
        .ok_or(BuildError::CollectorsOverran { timeout: workers.timeout() })
}

/// Checks what the registry adds to all families that it gathers. This would be in its `gather()`, but not on
/// our page.
///
/// Its labels are added to our page as well. Its prefix is refused, because dashboards and alerts contain the
/// names of the families.
pub(crate) fn check_settings(
    gathered: &Gathered,
    const_labels: &[(String, String)],
    families: &[Description],
) -> Result<(), BuildError> {
    if let Some(prefix) = &gathered.prefix {
        return Err(BuildError::RegistryPrefix { prefix: prefix.clone() });
    }
    for (name, _) in &gathered.labels {
        let name = name.clone();
        if !is_label_name(&name) {
            return Err(BuildError::InvalidRegistryLabel { name });
        }
        let given = const_labels.iter().any(|(given, _)| *given == name);
        let owner = || owner_of_label(&name, families);
        if let Some(other) = given.then(|| "`const_label`".to_owned()).or_else(owner) {
            return Err(BuildError::RegistryLabel { name, other });
        }
    }
    Ok(())
}

/// Returns what already has a label with this name.
pub(crate) fn owner_of_label(name: &str, families: &[Description]) -> Option<String> {
    let has_label = |family: &&Description| family.labels.iter().any(|label| label.name == name);
    match name {
        "le" => Some("every histogram".to_owned()),
        "quantile" => Some("every summary".to_owned()),
        _ => families.iter().find(has_label).map(|family| family.name.clone()),
    }
}

/// Searches the registry for our names before anything is registered. `prometheus` 0.14 keeps the names of a
/// collector that it rejects, which would block a later one.
pub(crate) fn check_names(
    registry: &prometheus::Registry,
    gathered: &Gathered,
    const_labels: &[(String, String)],
    families: &[Description],
) -> Result<(), BuildError> {
    let mut reserved = Taken::default();
    for family in families {
        // A test checks that no two families of the catalogue share a name.
        let _ = reserved.take(&family.name, &all_names(&family.name, family.kind.as_str()));
    }
    let all: Vec<_> = reserved.names().collect();
    let any = are_registered(registry, &all, &[]) || are_registered(registry, &all, const_labels);
    let taken = |name: &str| {
        any && (is_registered(registry, name, &[]) || is_registered(registry, name, const_labels))
    };
    for family in families {
        if gathered.has(&family.name) || taken(&family.name) {
            return Err(BuildError::NameTaken { name: family.name.clone() });
        }
    }
    for family in named_families(&gathered.families) {
        let clash = check(&[family], &[], reserved.clone(), &[]);
        if let Err(Clash::Name { name, other, shared }) = clash {
            return Err(BuildError::NameClash { name, other, shared });
        }
    }
    match reserved.names().find(|name| taken(name)) {
        Some(name) => Err(BuildError::NameClash {
            shared: name.to_owned(),
            name: name.to_owned(),
            other: reserved.owner(name).unwrap_or_default().to_owned(),
        }),
        None => Ok(()),
    }
}

/// Reserves the names of a family that is registered after the registry was built.
pub(crate) fn reserve(
    registry: &prometheus::Registry,
    const_labels: &[(String, String)],
    family: &Description,
) -> Result<(), FamilyError> {
    let refused = || FamilyError::NameInPrometheusRegistry { name: family.name.clone() };
    let names = all_names(&family.name, family.kind.as_str());
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    if are_registered(registry, &names, &[]) || are_registered(registry, &names, const_labels) {
        return Err(refused());
    }
    let reserved = Reserved::new(family, const_labels).map_err(|_| refused())?;
    registry.register(Box::new(reserved)).map_err(|_| refused())
}
