//! The whole page: our families and those of the user's registry, sorted by name.

use super::clashes;
use super::foreign::ForeignFamily;
use super::format::Format;
use super::header::Header;
#[cfg(feature = "protobuf")]
use super::protobuf;
use super::text;
use crate::core::{Core, InFlight, Values};
use crate::series::FamilyStore;

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
    core: &Core,
    format: Format,
    filter: Filter<'_>,
    in_flight: &InFlight,
    mut foreign: Vec<ForeignFamily>,
    out: &mut Vec<u8>,
) {
    if format == Format::OpenMetrics {
        for _ in 0..clashes::resolve(&mut foreign) {
            core.count_collection_error();
        }
    }
    foreign.retain(|family| filter.wants(&family.name));
    foreign.sort_by(|a, b| a.name.cmp(&b.name));
    let mut foreign = foreign.into_iter().peekable();
    for store in core.families_by_name() {
        let name = store.family.name;
        while let Some(family) = foreign.next_if(|family| family.name.as_str() < name) {
            write_foreign(&family, format, out);
        }
        // A user may register a family of our name with other constant labels: one header, then
        // both.
        let same: Vec<_> =
            std::iter::from_fn(|| foreign.next_if(|family| family.name == name)).collect();
        if filter.wants(name) {
            write_family(core, format, store, in_flight, &same, out);
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
    core: &Core,
    format: Format,
    store: &FamilyStore,
    in_flight: &InFlight,
    same: &[ForeignFamily],
    out: &mut Vec<u8>,
) {
    let Some(rows) = core.exposed_rows(store) else {
        return same.iter().for_each(|family| write_foreign(family, format, out));
    };
    let family = store.family;
    let values = Values::of(store, in_flight);
    #[cfg(feature = "protobuf")]
    if format == Format::Protobuf {
        return protobuf::write_family(core, family, &rows, &values, same, out);
    }
    let (kind, help) = (family.kind.as_str(), family.help);
    Header { name: family.name, kind, help, unit: family.unit }.write(format, out);
    let exemplars = (format == Format::OpenMetrics).then(|| core.exemplars());
    text::write_samples(family, &rows, &values, exemplars, out);
    for family in same {
        family.write_samples(format, out);
    }
}

fn write_foreign(family: &ForeignFamily, format: Format, out: &mut Vec<u8>) {
    #[cfg(feature = "protobuf")]
    if format == Format::Protobuf {
        return protobuf::write_foreign(family, out);
    }
    family.write(format, out);
}
