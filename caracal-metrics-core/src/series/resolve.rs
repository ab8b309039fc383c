//! From a label set to its cell.

use std::convert::Infallible;
use std::sync::atomic::{
    AtomicU32,
    Ordering::{Relaxed, Release},
};

use super::cut::Value;
use super::interner::Interner;
use super::key::Labels;
use super::store::{FamilyStore, Full, Index, made};
use crate::engine::Cell;
use crate::labels::AGGREGATED;

impl FamilyStore {
    /// The cell of a label set that is there already, if it is found at once.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "constants of the caller decide most of it")]
    pub(crate) fn recall<const OPEN: usize>(&self, labels: Labels<'_, OPEN>) -> Option<Cell> {
        // Beyond them are the numbers of another family.
        debug_assert!(labels.closed < self.closed_sets);
        match &self.index {
            Index::Dense(cells) if OPEN == 0 => made(cells.get(labels.closed as usize)?),
            Index::Interned(interner) if OPEN > 0 => interner.recall(labels),
            _ => None,
        }
    }

    /// The cell of a label set, and whether it is a shared one because the family is full: that of
    /// the aggregated series, or for a gauge one that no page shows. A value that is too long is cut,
    /// and counted.
    #[inline]
    pub(crate) fn resolve<const OPEN: usize>(&self, labels: Labels<'_, OPEN>) -> (Cell, bool) {
        match &self.index {
            Index::Dense(cells) => (self.dense(cells, labels.closed), false),
            // No series has a value that is too long or that the user aggregates: those are not
            // found, so only label sets that are not found pay for the check.
            Index::Interned(interner) => match interner.find(labels) {
                Some(cell) => (cell, false),
                None => self.resolve_unknown(interner, labels),
            },
        }
    }

    #[inline(never)]
    fn resolve_unknown<const OPEN: usize>(
        &self,
        interner: &Interner,
        labels: Labels<'_, OPEN>,
    ) -> (Cell, bool) {
        let open = self.values(labels.open);
        if open.iter().any(Value::is_cut) {
            self.count_invalid();
        }
        let labels = Labels { closed: labels.closed, open: open.each_ref().map(|value| &**value) };
        match interner.find(labels) {
            Some(cell) => (cell, false),
            None => self.make_interned(interner, labels),
        }
    }

    /// Whether the series of a label set is there.
    pub(crate) fn has<const OPEN: usize>(&self, labels: Labels<'_, OPEN>) -> bool {
        match &self.index {
            Index::Dense(cells) => made(&cells[labels.closed as usize]).is_some(),
            Index::Interned(interner) => {
                let open = self.values(labels.open);
                let open = open.each_ref().map(|value| &**value);
                interner.find(Labels { closed: labels.closed, open }).is_some()
            }
        }
    }

    /// Open label values as series carry them: those that the user aggregates are replaced, and
    /// those that are too long are cut.
    pub(crate) fn values<'a, const OPEN: usize>(&self, open: [&'a str; OPEN]) -> [Value<'a>; OPEN] {
        let mut aggregated = self.aggregated.into_iter();
        open.map(|value| match aggregated.next() {
            Some(true) => Value::Whole(AGGREGATED),
            _ => Value::within(value, self.settings.value_bytes),
        })
    }

    fn dense(&self, cells: &[AtomicU32], id: u32) -> Cell {
        let slot = &cells[id as usize];
        if let Some(cell) = made(slot) {
            return cell;
        }
        self.use_from_now_on();
        let _inserting = self.dense_insert.lock();
        made(slot).unwrap_or_else(|| {
            let cell = self.allocate();
            self.changes.insert(id, cell, || slot.store(cell.to_raw() + 1, Release));
            cell
        })
    }

    fn make_interned<const OPEN: usize>(
        &self,
        interner: &Interner,
        labels: Labels<'_, OPEN>,
    ) -> (Cell, bool) {
        self.use_from_now_on();
        // Past the limit a flood of new label sets takes no lock: it finds the aggregated series.
        if self.series.load(Relaxed) < self.limit() {
            let made = interner.find_or_insert(labels, &self.changes, || {
                self.take_place()?;
                Ok::<_, Full>(self.allocate())
            });
            if let Ok(cell) = made {
                return (cell, false);
            }
        }
        if self.description.kind.is_gauge() {
            return (*self.set_aside.get_or_init(|| self.allocate()), true);
        }
        let labels = Labels { open: [AGGREGATED; OPEN], ..labels };
        if let Some(cell) = interner.find(labels) {
            return (cell, true);
        }
        (self.make_unbounded(interner, labels), true)
    }

    /// The cell of a label set that counts against no limit.
    fn make_unbounded<const OPEN: usize>(
        &self,
        interner: &Interner,
        labels: Labels<'_, OPEN>,
    ) -> Cell {
        let create = || Ok::<_, Infallible>(self.allocate());
        interner
            .find_or_insert(labels, &self.changes, create)
            .unwrap_or_else(|never| match never {})
    }

    /// Shows a series that is in the output from the start. It counts against no limit.
    pub(super) fn expose<const OPEN: usize>(&self, labels: Labels<'_, OPEN>) {
        match &self.index {
            Index::Dense(cells) => drop(self.dense(cells, labels.closed)),
            Index::Interned(interner) => {
                self.make_unbounded(interner, labels);
            }
        }
    }
}
