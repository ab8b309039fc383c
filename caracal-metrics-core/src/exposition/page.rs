//! The whole page: our families and foreign ones, sorted by name.

use super::format::Format;
use super::header::Header;
use super::others::OtherFamilies;
use super::out::Out;
#[cfg(feature = "protobuf")]
use super::protobuf;
use super::text;
use crate::series::{FamilyStore, InFlight, Rows, Values};
use crate::state::State;

/// The names of the families to write. If empty, all families are written.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Filter<'a>(pub(crate) &'a [&'a str]);

impl Filter<'_> {
    fn wants(self, name: &str) -> bool {
        self.0.is_empty() || self.0.contains(&name)
    }
}

/// The result of a page: text in a format, or values.
///
/// The families arrive sorted by name. This is a trait, and not a closure for foreign families, so that a text
/// page without any is linked without the code that writes them.
pub(super) trait Sink {
    /// Takes the foreign families whose names come before this one. For `None`, takes all that are left.
    fn others_before(&mut self, others: &mut dyn OtherFamilies, name: Option<&str>);

    /// Takes one of our families. If `join` is set, the foreign series of the same name follow.
    fn ours(
        &mut self,
        store: &FamilyStore,
        rows: &Rows,
        values: &mut Values<'_>,
        join: Option<&mut dyn OtherFamilies>,
    );
}

/// Appends the page. `others` are the foreign families.
pub(crate) fn write_page(
    state: &State,
    format: Format,
    filter: Filter<'_>,
    in_flight: &InFlight,
    others: Option<Box<dyn OtherFamilies>>,
    out: &mut Out,
) {
    walk(state, filter, in_flight, others, &mut Text { format, out });
    if format == Format::OpenMetrics {
        out.buffer.extend_from_slice(b"# EOF\n");
    }
}

/// Visits the families of a page.
pub(super) fn walk(
    state: &State,
    filter: Filter<'_>,
    in_flight: &InFlight,
    mut others: Option<Box<dyn OtherFamilies>>,
    sink: &mut impl Sink,
) {
    let families = state.families();
    if let Some(others) = &mut others {
        for _ in 0..others.settle(&families, &|name| filter.wants(name)) {
            state.count_collection_error();
        }
    }
    for store in &families.stores {
        if let Some(others) = &mut others {
            sink.others_before(&mut **others, Some(store.name()));
        }
        let rows = filter.wants(store.name()).then(|| store.rows());
        let Some(rows) = rows.filter(|rows| store.is_shown(rows)) else { continue };
        // A user may register a family with our name and type and other constant labels. Then one header is
        // followed by the series of both.
        if let Some(others) = &mut others {
            for _ in 0..others.leave_out(store, &rows) {
                state.count_collection_error();
            }
        }
        let mut values = Values::of(store, in_flight);
        values.sum_up(rows.cells());
        let join = others.as_mut().map(|others| &mut **others as _);
        sink.ours(store, &rows, &mut values, join);
    }
    if let Some(mut others) = others {
        sink.others_before(&mut *others, None);
    }
}

/// A page in one format.
struct Text<'a> {
    format: Format,
    out: &'a mut Out,
}

impl Sink for Text<'_> {
    fn others_before(&mut self, others: &mut dyn OtherFamilies, name: Option<&str>) {
        others.write_before(name, self.format, self.out);
    }

    fn ours(
        &mut self,
        store: &FamilyStore,
        rows: &Rows,
        values: &mut Values<'_>,
        others: Option<&mut dyn OtherFamilies>,
    ) {
        let (format, out) = (self.format, &mut *self.out);
        let join = |out: &mut Out| {
            if let Some(others) = others {
                others.join(store.name(), format, out);
            }
        };
        #[cfg(feature = "protobuf")]
        if format == Format::Protobuf {
            return protobuf::write_family(store, rows, values, join, out);
        }
        let description = &store.description;
        let (kind, help) = (description.kind.as_str(), store.help());
        let unit = description.unit.as_deref();
        Header { name: &description.name, kind, help, unit }.write(format, &mut out.buffer);
        let exemplars = (format == Format::OpenMetrics).then_some(&store.exemplars);
        text::write_samples(store, rows, values, exemplars, out);
        join(out);
    }
}
