//! Merges the families of a `prometheus::Registry` with ours.

use std::collections::HashSet;

use super::clashes;
use super::foreign::ForeignFamily;
use super::format::Format;
use super::others::OtherFamilies;
use super::out::Out;
#[cfg(feature = "protobuf")]
use super::protobuf;
use crate::registered_family::RegisteredFamily;
use crate::series::{FamilyStore, Rows};
use crate::state::Families;

/// In any order, until `settle` is called.
#[derive(Debug)]
pub(crate) struct ForeignFamilies {
    families: Vec<ForeignFamily>,
    /// The index of the first family that is not written yet.
    next: usize,
}

impl From<Vec<ForeignFamily>> for ForeignFamilies {
    fn from(families: Vec<ForeignFamily>) -> Self {
        Self { families, next: 0 }
    }
}

impl ForeignFamilies {
    /// Takes the next families while their names match.
    fn take_while(&mut self, named: impl Fn(&str) -> bool) -> &mut [ForeignFamily] {
        let rest = &mut self.families[self.next..];
        let count = rest.iter().take_while(|family| named(&family.name)).count();
        self.next += count;
        &mut rest[..count]
    }
}

impl OtherFamilies for ForeignFamilies {
    fn settle(&mut self, ours: &Families, wants: &dyn Fn(&str) -> bool) -> usize {
        // This considers all families, not only the wanted ones, so that all pages have the same families.
        let left_out = clashes::resolve(ours, &mut self.families);
        self.families.retain(|family| wants(&family.name));
        left_out
    }

    fn write_before(&mut self, name: Option<&str>, format: Format, out: &mut Out) {
        for family in self.before(name) {
            match format {
                #[cfg(feature = "protobuf")]
                Format::Protobuf => protobuf::write_foreign(family, out),
                _ => family.write(format, &mut out.buffer),
            }
            out.cut();
        }
    }

    fn leave_out(&mut self, ours: &FamilyStore, rows: &Rows) -> usize {
        let next = self.next;
        let same = self.take_while(|name| name == ours.name());
        if same.is_empty() {
            return 0;
        }
        // A collector may pass on what another of our registries gathers.
        let label_sets = label_sets(ours, rows);
        let left_out =
            same.iter_mut().filter_map(|family| family.leave_out(&label_sets).then_some(()));
        let left_out = left_out.count();
        self.next = next;
        left_out
    }

    fn join(&mut self, name: &str, format: Format, out: &mut Out) {
        for family in self.named(name) {
            match format {
                #[cfg(feature = "protobuf")]
                Format::Protobuf => protobuf::write_foreign_metrics(family, &mut out.buffer),
                _ => family.write_samples(format, &mut out.buffer),
            }
            out.cut();
        }
    }

    fn before(&mut self, name: Option<&str>) -> &[ForeignFamily] {
        self.take_while(|other| name.is_none_or(|name| other < name))
    }

    fn named(&mut self, name: &str) -> &[ForeignFamily] {
        self.take_while(|other| other == name)
    }

    fn describe(&self) -> Vec<RegisteredFamily> {
        self.families.iter().map(ForeignFamily::describe).collect()
    }
}

/// Returns the labels of each series, sorted by name.
fn label_sets(store: &FamilyStore, rows: &Rows) -> HashSet<Vec<(String, String)>> {
    let mut sets = HashSet::new();
    let mut rows = rows.cursor();
    while let Some(row) = rows.next() {
        let mut labels = store.labels(&row);
        labels.sort_unstable();
        let owned = labels.into_iter().map(|(name, value)| (name.into_owned(), value.into_owned()));
        sets.insert(owned.collect());
    }
    sets
}
