//! The label sets that a thread looked up last, for families with one open label.
//!
//! Services record the same few label sets again and again. What is found here was compared in
//! full, as in the [`Interner`](super::interner::Interner), but there is no table to load and no
//! record to locate, since nothing is shared.

use std::cell;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::chunk::GOLDEN_RATIO;
use crate::engine::Cell;

/// Two kibibytes a thread, a power of two.
const LOOKUPS: usize = 64;

thread_local! {
    static RECENT: [cell::Cell<Found>; LOOKUPS] =
        const { [const { cell::Cell::new(Found::NONE) }; LOOKUPS] };
}

/// What closed labels of no family are numbered.
const NO_SET: u64 = 0;

/// So many numbers for the closed labels of a family. No other family of the process, now or later,
/// has one of them.
pub(super) fn numbers(closed_sets: u32) -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(NO_SET + 1);
    NEXT.fetch_add(closed_sets.into(), Relaxed)
}

/// One label set.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lookup {
    /// The number of its closed labels.
    pub(super) set: u64,
    /// The open value.
    pub(super) chunk: u128,
    pub(super) len: u32,
}

/// A label set never changes its cell, and its number is not used again: this stays true for good.
#[derive(Clone, Copy)]
struct Found {
    set: u64,
    chunk: [u64; 2],
    len: u32,
    cell: Cell,
}

impl Found {
    const NONE: Self = Self { set: NO_SET, chunk: [0, 0], len: 0, cell: Cell::from_raw(0) };
}

impl Lookup {
    #[inline]
    fn halves(self) -> [u64; 2] {
        [self.chunk as u64, (self.chunk >> 64) as u64]
    }

    #[inline]
    fn place(self) -> usize {
        let [low, high] = self.halves();
        let mixed = (low ^ high.rotate_left(29) ^ self.set).wrapping_mul(GOLDEN_RATIO);
        (mixed >> (u64::BITS - LOOKUPS.ilog2())) as usize
    }

    /// The cell, if this thread looked it up recently.
    #[inline]
    pub(super) fn recall(self) -> Option<Cell> {
        let Found { set, chunk, len, cell } = RECENT.with(|recent| recent[self.place()].get());
        (set == self.set && chunk == self.halves() && len == self.len).then_some(cell)
    }

    /// Keeps the cell for the next time.
    pub(super) fn remember(self, cell: Cell) {
        let found = Found { set: self.set, chunk: self.halves(), len: self.len, cell };
        RECENT.with(|recent| recent[self.place()].set(found));
    }
}
