//! The lookups of label sets that a thread keeps. See [`recent`](super::recent).

use std::sync::atomic::Ordering::{Acquire, Relaxed};

use super::interner::Known;
use super::recent::{self, Durations, Found, Lookup};
use super::store::FamilyStore;
use crate::engine::{self, Cell};
use crate::family_spec::FamilyKind;

impl FamilyStore {
    /// Returns the cell of a label set that this thread keeps without a word of its own.
    #[inline(never)]
    pub(super) fn kept_shared(&self, closed: u32, open: &[&str]) -> Option<Cell> {
        Lookup::of(self.set(closed), open)?.recall().map(|found| found.cell)
    }

    /// Keeps the lookup of a label set, if it occurs often. The label set always has this cell, and this thread
    /// has just recorded it.
    #[inline]
    pub(super) fn keep_if_due(&self, closed: u32, open: &[&str], known: Known) {
        if recent::is_due(known.tag) {
            self.keep(closed, open, known.cell, None);
        }
    }

    /// Keeps the lookup, and optionally that of the histogram that is recorded together with the counter. The
    /// histogram has the same open values or none.
    #[cold]
    pub(super) fn keep(
        &self,
        closed: u32,
        open: &[&str],
        cell: Cell,
        histogram: Option<(&Self, u32, Cell)>,
    ) {
        let Some(set) = self.set_to_keep(closed, open) else { return };
        let Some(lookup) = Lookup::of(set, open) else { return };
        let mut found = self.found(set, cell);
        if let Some((histogram, closed, cell)) = histogram {
            let Some(set) = histogram.set_to_keep(closed, open) else { return };
            if histogram.native.is_some() {
                found.durations = Durations::of(recent::native(set), cell);
                found.pages = recent::own_pages(cell);
            } else {
                found.durations = histogram.found(set, cell).durations;
            }
        }
        // If a counter may still get a word of the thread, it is kept only once it has one.
        let waits = self.kind() == FamilyKind::Counter && found.word.is_none();
        if !waits || engine::is_always_shared(cell) {
            lookup.keep(found);
        }
    }

    /// Returns the number under which a label set that was found may be kept, or `None` if it was marked in the
    /// meantime: see [`Rest`](super::rest::Rest). A thread that sees the number that came with a mark also sees
    /// the mark, so the label set is looked up once more after the number was read.
    fn set_to_keep(&self, closed: u32, open: &[&str]) -> Option<u64> {
        let set = self.first_set.load(Acquire) + u64::from(closed);
        (self.watch.is_none() || self.find(closed, open).is_some()).then_some(set)
    }

    /// Returns whether a number of a set of closed labels may still be valid.
    #[cold]
    pub(super) fn may_keep(&self, set: u64) -> bool {
        self.watch.is_none() || set >= self.first_set.load(Relaxed)
    }

    #[inline(never)]
    fn found(&self, set: u64, cell: Cell) -> Found {
        let mut found = Found { cell, word: None, durations: None, pages: None };
        match self.kind() {
            FamilyKind::Counter => found.word = recent::own_word(cell),
            FamilyKind::DurationHistogram if self.is_plain() => {
                found.durations = Durations::of(set, cell);
            }
            FamilyKind::DurationHistogram if self.native.is_some() => {
                found.pages = recent::own_pages(cell);
            }
            _ => {}
        }
        found
    }
}
