//! The whole page: our families and those of the user's registry, sorted by name.

use std::collections::HashSet;

use super::clashes;
use super::foreign::ForeignFamily;
use super::format::Format;
use super::header::Header;
#[cfg(feature = "protobuf")]
use super::protobuf;
use super::text;
use crate::series::{Encoding, FamilyStore, InFlight, Values};
use crate::state::State;

/// Which families to write, by their names; all where none is named.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Filter<'a>(pub(crate) &'a [&'a str]);

impl Filter<'_> {
    fn wants(self, name: &str) -> bool {
        self.0.is_empty() || self.0.contains(&name)
    }
}

/// Appends the page.
pub(crate) fn write_page(
    state: &State,
    format: Format,
    filter: Filter<'_>,
    in_flight: &InFlight,
    mut foreign: Vec<ForeignFamily>,
    out: &mut Vec<u8>,
) {
    let families = state.families();
    // Of all families, whichever were asked for, so that each page has the same ones.
    for _ in 0..clashes::resolve(&families, &mut foreign) {
        state.count_collection_error();
    }
    foreign.retain(|family| filter.wants(&family.name));
    let mut foreign = foreign.into_iter().peekable();
    for store in &families.stores {
        let name = store.name();
        while let Some(family) = foreign.next_if(|family| family.name.as_str() < name) {
            write_foreign(&family, format, out);
        }
        // A user may register a family of our name and type with other constant labels: one
        // header, then both.
        let mut same: Vec<_> =
            std::iter::from_fn(|| foreign.next_if(|family| family.name == name)).collect();
        if filter.wants(name) {
            write_family(state, format, store, in_flight, &mut same, out);
        }
    }
    for family in foreign {
        write_foreign(&family, format, out);
    }
    if format == Format::OpenMetrics {
        out.extend_from_slice(b"# EOF\n");
    }
}

fn write_family(
    state: &State,
    format: Format,
    store: &FamilyStore,
    in_flight: &InFlight,
    same: &mut [ForeignFamily],
    out: &mut Vec<u8>,
) {
    let encoding = match format {
        #[cfg(feature = "protobuf")]
        Format::Protobuf => Encoding::Protobuf,
        _ => Encoding::Text,
    };
    let rows = store.rows(encoding);
    if !store.is_shown(&rows) {
        return same.iter().for_each(|family| write_foreign(family, format, out));
    }
    if !same.is_empty() {
        // A collector may pass on what another registry of ours gathers.
        let ours = label_sets(store);
        for family in &mut *same {
            if family.leave_out(&ours) {
                state.count_collection_error();
            }
        }
    }
    let mut values = Values::of(store, in_flight);
    values.sum_up(rows.iter().flat_map(|row| row.cells).copied());
    #[cfg(feature = "protobuf")]
    if format == Format::Protobuf {
        return protobuf::write_family(store, &rows, &mut values, same, out);
    }
    let description = &store.description;
    let (kind, help) = (description.kind.as_str(), description.help.as_ref());
    let unit = description.unit.as_deref();
    Header { name: &description.name, kind, help, unit }.write(format, out);
    let exemplars = (format == Format::OpenMetrics).then_some(&store.exemplars);
    text::write_samples(store, &rows, &mut values, exemplars, out);
    for family in same.iter() {
        family.write_samples(format, out);
    }
}

/// The labels of each series, sorted by name.
fn label_sets(store: &FamilyStore) -> HashSet<Vec<(String, String)>> {
    let mut sets = HashSet::new();
    store.each_series(|labels, _| {
        labels.sort_unstable();
        let owned = labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        sets.insert(owned.collect());
    });
    sets
}

fn write_foreign(family: &ForeignFamily, format: Format, out: &mut Vec<u8>) {
    #[cfg(feature = "protobuf")]
    if format == Format::Protobuf {
        return protobuf::write_foreign(family, out);
    }
    family.write(format, out);
}
