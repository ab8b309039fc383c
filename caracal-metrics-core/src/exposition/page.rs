//! The whole page: our families and those of the user's registry, sorted by name.

use super::format::Format;
use super::header::Header;
use super::others::OtherFamilies;
use super::out::Out;
#[cfg(feature = "protobuf")]
use super::protobuf;
use super::text;
use crate::series::{FamilyStore, InFlight, Values};
use crate::state::State;

/// Which families to write, by their names; all where none is named.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Filter<'a>(pub(crate) &'a [&'a str]);

impl Filter<'_> {
    fn wants(self, name: &str) -> bool {
        self.0.is_empty() || self.0.contains(&name)
    }
}

/// Appends the page. `others` are families that are not ours.
pub(crate) fn write_page(
    state: &State,
    format: Format,
    filter: Filter<'_>,
    in_flight: &InFlight,
    mut others: Option<Box<dyn OtherFamilies>>,
    out: &mut Out,
) {
    let families = state.families();
    if let Some(others) = &mut others {
        for _ in 0..others.settle(&families, &|name| filter.wants(name)) {
            state.count_collection_error();
        }
    }
    for store in &families.stores {
        if let Some(others) = &mut others {
            others.write_before(Some(store.name()), format, out);
        }
        if filter.wants(store.name()) {
            write_family(state, format, store, in_flight, &mut others, out);
        }
    }
    if let Some(mut others) = others {
        others.write_before(None, format, out);
    }
    if format == Format::OpenMetrics {
        out.buffer.extend_from_slice(b"# EOF\n");
    }
}

fn write_family(
    state: &State,
    format: Format,
    store: &FamilyStore,
    in_flight: &InFlight,
    others: &mut Option<Box<dyn OtherFamilies>>,
    out: &mut Out,
) {
    let rows = store.rows();
    if !store.is_shown(&rows) {
        return;
    }
    // A user may register a family of our name and type with other constant labels: one header, then
    // both.
    if let Some(others) = others {
        for _ in 0..others.leave_out(store, &rows) {
            state.count_collection_error();
        }
    }
    let mut join = |out: &mut Out| {
        if let Some(others) = others {
            others.join(store.name(), format, out);
        }
    };
    let mut values = Values::of(store, in_flight);
    values.sum_up(rows.cells());
    #[cfg(feature = "protobuf")]
    if format == Format::Protobuf {
        return protobuf::write_family(store, &rows, &mut values, join, out);
    }
    let description = &store.description;
    let (kind, help) = (description.kind.as_str(), store.help());
    let unit = description.unit.as_deref();
    Header { name: &description.name, kind, help, unit }.write(format, &mut out.buffer);
    let exemplars = (format == Format::OpenMetrics).then_some(&store.exemplars);
    text::write_samples(store, &rows, &mut values, exemplars, out);
    join(out);
}
