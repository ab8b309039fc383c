//! Resolves clashes of the names of two families on a page.

use super::foreign::ForeignFamily;
use crate::names::{Taken, base_name, is_metric_name, open_metrics_names, own_names};
use crate::state::Families;

/// Leaves out foreign families that can't be on a page together with ours or with each other, and returns their
/// number. The result is the same for every format, and sorted by name.
///
/// One of our families always keeps its names. Of two foreign families, the one whose name comes first keeps
/// them: a histogram `x` rather than a gauge `x_count`.
///
/// A counter has additional names in OpenMetrics only. If those are used, OpenMetrics shows the counter as a
/// family of unknown type. Its samples are the same as in the text format 0.0.4, so nothing is lost.
pub(super) fn resolve(families: &Families, foreign: &mut Vec<ForeignFamily>) -> usize {
    if foreign.is_empty() {
        return 0;
    }
    foreign.sort_by(|a, b| a.name.cmp(&b.name));
    let mut taken = families.taken.clone();
    let fates: Vec<_> = foreign
        .iter()
        .map(|family| fate(families, &family.name, family.kind, &mut taken))
        .collect();

    let mut counters: Vec<_> = (0..foreign.len())
        .filter(|index| fates[*index] == Fate::Kept && foreign[*index].kind == "counter")
        .collect();
    // `x_total` comes before `x` and before `x_created_total`.
    counters.sort_by_key(|index| {
        let name = foreign[*index].name.as_str();
        (base_name(name, "counter").to_owned(), !name.ends_with("_total"))
    });
    for index in counters {
        let family = &mut foreign[index];
        let names = open_metrics_names(&family.name, family.kind);
        family.is_untyped = taken.take(&family.name, &names).is_err();
    }

    let (all, mut fate) = (foreign.len(), fates.iter());
    foreign.retain(|_| fate.next() != Some(&Fate::LeftOut));
    all - foreign.len()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Kept,
    /// It has the name of one of our families and other constant labels, so it is written into ours.
    Joined,
    LeftOut,
}

fn fate(families: &Families, name: &str, kind: &str, taken: &mut Taken) -> Fate {
    if let Some(ours) = families.find(name) {
        return if ours.kind().as_str() == kind { Fate::Joined } else { Fate::LeftOut };
    }
    let kept = is_metric_name(name) && taken.take(name, &own_names(name, kind)).is_ok();
    if kept { Fate::Kept } else { Fate::LeftOut }
}
