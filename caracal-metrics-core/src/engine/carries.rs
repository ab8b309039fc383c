//! What the sums of histograms hold beyond their words.
//!
//! Ten thousand requests at a time fill a word of nanoseconds in three weeks, and a sum that starts
//! again at zero, or that a scrape sees without its carry, is a spike on somebody's dashboard.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use super::sync::{AtomicBool, AtomicU64, Mutex, const_unless_modelled};
use super::{Cell, pages};

/// What a carry moves out of a word: so little of it that a thread's whole word and what others add
/// meanwhile fit in beside it.
const CARRY: u64 = 1 << 62;

#[derive(Debug)]
pub(super) struct Carries {
    /// Spares the readers the lock while there are none.
    any: AtomicBool,
    by_cell: Mutex<BTreeMap<u32, u64>>,
}

impl Carries {
    const_unless_modelled! {
        pub(super) fn none() -> Self {
            Self { any: AtomicBool::new(false), by_cell: Mutex::new(BTreeMap::new()) }
        }
    }

    /// Adds to the sum of a cell, in a word that this thread alone writes.
    #[inline]
    pub(super) fn bump(&self, cell: Cell, sum: &AtomicU64, nanos: u64) {
        if pages::bump(sum, nanos) >= CARRY {
            self.carry(cell, sum);
        }
    }

    /// Adds to the sum of a cell, in a word that all threads write.
    #[inline]
    pub(super) fn add(&self, cell: Cell, sum: &AtomicU64, nanos: u64) {
        if sum.fetch_add(nanos, Relaxed) + nanos >= CARRY {
            self.carry(cell, sum);
        }
    }

    #[cold]
    fn carry(&self, cell: Cell, sum: &AtomicU64) {
        let mut by_cell = self.by_cell.lock();
        while sum.load(Relaxed) >= CARRY {
            *by_cell.entry(cell.0).or_default() += 1;
            self.any.store(true, Relaxed);
            // Release: who sees the smaller word sees that there are carries.
            sum.fetch_sub(CARRY, Release);
        }
    }

    /// The whole sum of these words of a cell. It never goes down from one call to the next.
    pub(super) fn whole<'a, I: Iterator<Item = &'a AtomicU64>>(
        &self,
        cell: Cell,
        words: impl Fn() -> I,
    ) -> u128 {
        let low = || words().map(|word| u128::from(word.load(Acquire))).sum::<u128>();
        let without_carries = low();
        if !self.any.load(Relaxed) {
            return without_carries;
        }
        // Nothing is carried meanwhile, so the words and their carries belong together.
        let by_cell = self.by_cell.lock();
        let carries = by_cell.get(&cell.0).copied().unwrap_or_default();
        u128::from(carries) * u128::from(CARRY) + low()
    }

    /// The cell is given back.
    pub(super) fn forget(&self, cell: Cell) {
        if self.any.load(Relaxed) {
            self.by_cell.lock().remove(&cell.0);
        }
    }
}
