//! Names that two families of a page would share.

use super::foreign::ForeignFamily;
use super::header::base_name;
use super::names::{Taken, is_metric_name, open_metrics_names, own_names};
use crate::catalogue::CATALOGUE;

/// Leaves out the user's families that can't be on a page with ours or with each other, and says
/// how many they are. The result is the same for every format and sorted by name.
///
/// A family of ours keeps its names. Of two families of the user's, the one whose name comes first
/// does: a histogram `x` rather than a gauge `x_count`.
///
/// A counter has names that only OpenMetrics gives it. Where those are taken, OpenMetrics has it as
/// a family of unknown type. Its samples are the same as in text 0.0.4, so nothing is lost.
pub(super) fn resolve(foreign: &mut Vec<ForeignFamily>) -> usize {
    foreign.sort_by(|a, b| a.name.cmp(&b.name));
    let names: Vec<_> = foreign.iter().map(|family| (family.name.clone(), family.kind)).collect();
    let mut taken = Taken::default();
    let fates: Vec<_> = names.iter().map(|(name, kind)| fate(name, kind, &mut taken)).collect();

    let mut counters: Vec<_> = (0..names.len())
        .filter(|index| fates[*index] == Fate::Kept && names[*index].1 == "counter")
        .collect();
    // `x_total` before `x`, and before `x_created_total`.
    counters.sort_by_key(|index| {
        let name = names[*index].0.as_str();
        (base_name(name, "counter"), !name.ends_with("_total"))
    });
    for index in counters {
        let (name, kind) = &names[index];
        foreign[index].is_untyped = taken.take(name, open_metrics_names(name, kind)).is_err();
    }

    let mut fate = fates.iter();
    foreign.retain(|_| fate.next() != Some(&Fate::LeftOut));
    names.len() - foreign.len()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Kept,
    /// It has the name of a family of ours, and other constant labels: it is written into ours.
    Joined,
    LeftOut,
}

fn fate<'a>(name: &'a str, kind: &str, taken: &mut Taken<'a>) -> Fate {
    if let Some(ours) = CATALOGUE.iter().find(|ours| ours.name == name) {
        return if ours.kind.as_str() == kind { Fate::Joined } else { Fate::LeftOut };
    }
    let kept = is_metric_name(name) && taken.take(name, own_names(name, kind)).is_ok();
    if kept { Fate::Kept } else { Fate::LeftOut }
}
