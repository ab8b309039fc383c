//! The whole page: our families and those of the user's registry, sorted by name.

use super::foreign::ForeignFamily;
use super::format::Format;
use super::header::Header;
use super::text;
use crate::core::Core;
use crate::engine;
use crate::series::FamilyStore;

/// Appends the page.
pub(crate) fn write_page(
    core: &Core,
    format: Format,
    mut foreign: Vec<ForeignFamily>,
    out: &mut Vec<u8>,
) {
    foreign.sort_by(|a, b| a.name.cmp(&b.name));
    let mut foreign = foreign.into_iter().peekable();
    for store in core.families_by_name() {
        let name = store.family.name;
        while let Some(family) = foreign.next_if(|family| family.name.as_str() < name) {
            family.write(format, out);
        }
        write_family(core, format, store, out);
        // A user may register a family of our name with other constant labels: one header, then
        // both.
        while let Some(family) = foreign.next_if(|family| family.name == name) {
            family.write_samples(format, out);
        }
    }
    for family in foreign {
        family.write(format, out);
    }
    if format == Format::OpenMetrics {
        out.extend_from_slice(b"# EOF\n");
    }
}

fn write_family(core: &Core, format: Format, store: &FamilyStore, out: &mut Vec<u8>) {
    let Some(rows) = core.exposed_rows(store) else { return };
    let family = store.family;
    let (kind, help) = (family.kind.as_str(), family.help);
    Header { name: family.name, kind, help, unit: family.unit }.write(format, out);
    text::write_samples(family, &rows, &engine::reader(), out);
}
