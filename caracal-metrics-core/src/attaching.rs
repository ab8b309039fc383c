//! Whether a `prometheus::Registry` can be attached to.

use crate::catalogue::CATALOGUE;
use crate::error::BuildError;
use crate::exposition::{Clash, Gathering, check, is_label_name, named_families, reserved};
use crate::panics::contain;
use crate::probes::{Gathered, are_registered, is_registered};
use crate::workers::Workers;

/// Gathers from the registry once, on a thread of the workers'.
pub(crate) fn gather(
    registry: &prometheus::Registry,
    workers: &Workers,
) -> Result<Gathered, BuildError> {
    let registry = registry.clone();
    // All of it runs there: `prometheus` holds its lock while it gathers, so whoever registers or
    // unregisters something waits for the collectors. One that panics, since what it reads is not
    // there yet, is for pages to count.
    let gathering = Gathering::new(move || {
        Gathered::new(&registry, |marker| marker.with(|| contain(|| registry.gather())))
    });
    gathering
        .gather(|task| workers.run(&[task]) == [true])
        .ok_or(BuildError::CollectorsOverran { timeout: workers.timeout() })
}

/// Checks what the registry does to all families as it gathers them: it would be true there and not
/// on the page.
///
/// Its labels are put on the page as well. Its prefix is not: dashboards and alerts have the names
/// of the catalogue.
pub(crate) fn check_settings(
    gathered: &Gathered,
    const_labels: &[(String, String)],
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
        let other = given.then(|| "`const_label`".to_owned()).or_else(|| owner_of_label(&name));
        if let Some(other) = other {
            return Err(BuildError::RegistryLabel { name, other });
        }
    }
    Ok(())
}

/// Looks for our names in the registry before anything is registered: `prometheus` 0.14 keeps the
/// names of a collector that it rejects, and they would block a later one.
pub(crate) fn check_names(
    registry: &prometheus::Registry,
    gathered: &Gathered,
    const_labels: &[(String, String)],
) -> Result<(), BuildError> {
    let all: Vec<_> = reserved().map(|(name, _)| name).collect();
    let any = are_registered(registry, &all, &[]) || are_registered(registry, &all, const_labels);
    let taken = |name: &str| {
        any && (is_registered(registry, name, &[]) || is_registered(registry, name, const_labels))
    };
    for family in CATALOGUE {
        if gathered.has(family.name) || taken(family.name) {
            return Err(BuildError::NameTaken { name: family.name.to_owned() });
        }
    }
    for family in named_families(&gathered.families) {
        if let Err(Clash::Name { name, other, shared }) = check(&[family], &[]) {
            return Err(BuildError::NameClash { name, other, shared });
        }
    }
    match reserved().find(|(name, _)| taken(name)) {
        Some((name, family)) => {
            let (name, other) = (name.to_owned(), family.to_owned());
            Err(BuildError::NameClash { shared: name.clone(), name, other })
        }
        None => Ok(()),
    }
}

/// What has a label of this name already.
pub(crate) fn owner_of_label(name: &str) -> Option<String> {
    let family = CATALOGUE.iter().find(|f| f.labels.iter().any(|label| label.name == name));
    match (name, family) {
        ("le", _) => Some("every histogram".to_owned()),
        ("quantile", _) => Some("every summary".to_owned()),
        (_, family) => family.map(|family| family.name.to_owned()),
    }
}
