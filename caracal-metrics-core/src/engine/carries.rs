//! What the sums of histograms hold beyond their words.
//!
//! Ten thousand requests at a time fill a word of nanoseconds in three weeks, and a sum that starts
//! again at zero, or that a scrape sees without its carry, is a spike on somebody's dashboard.

use std::collections::HashMap;
use std::sync::atomic::{
    AtomicBool, AtomicU64,
    Ordering::{Acquire, Relaxed, Release},
};

use parking_lot::Mutex;

use super::Cell;

/// What a carry moves out of a word: half of what it holds, so that the other half is left for who
/// adds meanwhile.
const CARRY: u64 = 1 << 63;

#[derive(Debug, Default)]
pub(super) struct Carries {
    /// Spares the readers the lock while there are none.
    any: AtomicBool,
    by_cell: Mutex<HashMap<u32, u64>>,
}

impl Carries {
    /// Adds to the sum of a cell.
    #[inline]
    pub(super) fn add(&self, cell: Cell, sum: &AtomicU64, nanos: u64) {
        if sum.fetch_add(nanos, Relaxed).saturating_add(nanos) >= CARRY {
            self.carry(cell, sum);
        }
    }

    #[cold]
    fn carry(&self, cell: Cell, sum: &AtomicU64) {
        let mut by_cell = self.by_cell.lock();
        if sum.load(Relaxed) >= CARRY {
            *by_cell.entry(cell.0).or_default() += 1;
            self.any.store(true, Relaxed);
            // Release: who sees the smaller word sees that there are carries.
            sum.fetch_sub(CARRY, Release);
        }
    }

    /// The whole sum. It never goes down from one call to the next.
    pub(super) fn whole(&self, cell: Cell, sum: &AtomicU64) -> u128 {
        let low = sum.load(Acquire);
        if !self.any.load(Relaxed) {
            return low.into();
        }
        // Nothing is carried meanwhile, so the word and its carries belong together.
        let by_cell = self.by_cell.lock();
        let carries = by_cell.get(&cell.0).copied().unwrap_or_default();
        u128::from(carries) * u128::from(CARRY) + u128::from(sum.load(Relaxed))
    }

    /// The cell is given back.
    pub(super) fn forget(&self, cell: Cell) {
        if self.any.load(Relaxed) {
            self.by_cell.lock().remove(&cell.0);
        }
    }
}
