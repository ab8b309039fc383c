//! Names that are different in text 0.0.4 and the same in OpenMetrics.

use std::collections::HashSet;
use std::sync::LazyLock;

use super::foreign::ForeignFamily;
use super::header::base_name;
use crate::catalogue::CATALOGUE;

/// What the families of the catalogue are called in OpenMetrics, and their counters' samples.
static CATALOGUE_NAMES: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    CATALOGUE
        .iter()
        .flat_map(|family| [family.name, base_name(family.name, family.kind.as_str())])
        .collect()
});

/// Makes each of the user's families stand under a name of its own, and says how many could not.
///
/// OpenMetrics calls the counter `x_total` `x`, as a gauge may be called already, and gives the
/// counter `x` the sample `x_total`. A counter whose names are taken so is written as one of unknown
/// type, under the name that it has.
pub(super) fn resolve(foreign: &mut Vec<ForeignFamily>) -> usize {
    let mut taken: HashSet<String> = HashSet::new();
    // Those whose names can't change go first, and the counter that is named as it should be goes
    // before the one that is not.
    let rank = |family: &ForeignFamily| match family.kind {
        "counter" if family.name.ends_with("_total") => 1,
        "counter" => 2,
        _ => 0,
    };
    let mut order: Vec<usize> = (0..foreign.len()).collect();
    order.sort_by_key(|index| rank(&foreign[*index]));
    let mut nameless = HashSet::new();
    for index in order {
        let family = &mut foreign[index];
        // A family of the catalogue's name, with other constant labels, is written into that one.
        if CATALOGUE.iter().any(|ours| ours.name == family.name) {
            continue;
        }
        let free = |name: &str, taken: &HashSet<String>| {
            !CATALOGUE_NAMES.contains(name) && !taken.contains(name)
        };
        if family.kind == "counter" {
            let base = base_name(&family.name, family.kind);
            let total = format!("{base}_total");
            if free(base, &taken) && free(&total, &taken) {
                taken.extend([base.to_owned(), total]);
                continue;
            }
            family.kind = "unknown";
        }
        if free(&family.name, &taken) {
            taken.insert(family.name.clone());
        } else {
            nameless.insert(index);
        }
    }
    let mut index = 0..;
    foreign.retain(|_| !index.next().is_some_and(|index| nameless.contains(&index)));
    nameless.len()
}
