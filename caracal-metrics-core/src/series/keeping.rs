//! What a thread keeps of the label sets that it records, see [`recent`](super::recent).

use super::interner::Known;
use super::recent::{self, Durations, Found, Lookup};
use super::store::FamilyStore;
use crate::engine::{self, Cell};
use crate::family_spec::FamilyKind;

impl FamilyStore {
    /// The cell of a label set that this thread keeps, and has no word of.
    #[inline(never)]
    pub(super) fn kept_shared(&self, closed: u32, open: &[&str]) -> Option<Cell> {
        Lookup::of(self.set(closed), open)?.recall().map(|found| found.cell)
    }

    /// Keeps where a label set is recorded, if it comes often. The label set has this cell for good, and
    /// this thread has recorded it just now.
    #[inline]
    pub(super) fn keep_if_due(&self, closed: u32, open: &[&str], known: Known) {
        if recent::is_due(known.tag) {
            self.keep(closed, open, known.cell, None);
        }
    }

    /// With it, that of the histogram that is recorded with the counter.
    #[cold]
    pub(super) fn keep(
        &self,
        closed: u32,
        open: &[&str],
        cell: Cell,
        histogram: Option<(&Self, u32, Cell)>,
    ) {
        let Some(lookup) = Lookup::of(self.set(closed), open) else { return };
        let mut found = self.found(closed, cell);
        if let Some((histogram, closed, cell)) = histogram {
            found.durations = histogram.found(closed, cell).durations;
        }
        // A counter that may get a word of the thread's is kept once it has one.
        let waits = self.kind() == FamilyKind::Counter && found.word.is_none();
        if !waits || engine::is_always_shared(cell) {
            lookup.keep(found);
        }
    }

    #[inline(never)]
    fn found(&self, closed: u32, cell: Cell) -> Found {
        let (mut word, mut durations) = (None, None);
        match self.kind() {
            FamilyKind::Counter => word = recent::own_word(cell),
            FamilyKind::DurationHistogram if self.is_plain() => {
                durations = Durations::of(self.set(closed), cell);
            }
            _ => {}
        }
        Found { cell, word, durations }
    }
}
