//! The part of the sums of histograms that exceeds their words.
//!
//! With ten thousand requests in flight at a time, a word of nanoseconds is full after three weeks. If a sum
//! started again at zero, or if a scrape read it without its carry, a dashboard would show a spike.
//!
//! Every write to a sum is a `Release`, and every read of a sum is an `Acquire`. This has two consequences:
//!
//! - A scrape that reads the nanoseconds of an observation in a sum also sees the bucket that was counted
//!   before, so `_count` is never behind `_sum`.
//! - A scrape that reads a word after a carry also sees that there are carries. It would not be enough for the
//!   carry alone to be a `Release`: the owner's next store to the word is not a read-modify-write operation, so
//!   it ends the release sequence of the carry.

use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use super::cell::Cell;
use super::pages;
use crate::sync::{AtomicBool, AtomicU64, Mutex, const_unless_modelled};

/// The amount that a carry moves out of a word. Below this amount, a word has enough room to add the whole word
/// of a thread that ends, and what others add in the meantime.
const CARRY: u64 = 1 << 62;

#[derive(Debug)]
pub(super) struct Carries {
    /// Spares readers the lock while there are no carries.
    any: AtomicBool,
    /// Sorted by cell. Few sums ever have a carry.
    by_cell: Mutex<Vec<(u32, u64)>>,
}

impl Carries {
    const_unless_modelled! {
        pub(super) fn none() -> Self {
            Self { any: AtomicBool::new(false), by_cell: Mutex::new(Vec::new()) }
        }
    }

    /// Adds to the sum of a cell, in a word that only this thread writes. The caller has already counted the
    /// bucket.
    #[inline]
    pub(super) fn bump(&self, cell: impl FnOnce() -> Cell, sum: &AtomicU64, nanos: u64) {
        if pages::bump(sum, nanos, Release) >= CARRY {
            self.carry(cell(), sum);
        }
    }

    /// Adds to the sum of a cell, in a word that all threads write. The caller has already counted the bucket.
    #[inline]
    pub(super) fn add(&self, cell: Cell, sum: &AtomicU64, nanos: u64) {
        if sum.fetch_add(nanos, Release) + nanos >= CARRY {
            self.carry(cell, sum);
        }
    }

    #[cold]
    fn carry(&self, cell: Cell, sum: &AtomicU64) {
        let mut by_cell = self.by_cell.lock();
        while sum.load(Relaxed) >= CARRY {
            match place(&by_cell, cell) {
                Ok(place) => by_cell[place].1 += 1,
                Err(place) => by_cell.insert(place, (cell.0, 1)),
            }
            self.any.store(true, Relaxed);
            sum.fetch_sub(CARRY, Release);
        }
    }

    /// Returns the whole sum of these words of a cell. It never decreases from one call to the next. Buckets
    /// that are read afterwards contain all observations in the sum.
    pub(super) fn whole<'a, I: Iterator<Item = &'a AtomicU64>>(
        &self,
        cell: Cell,
        words: impl Fn() -> I,
    ) -> u128 {
        let low = || words().map(|word| u128::from(word.load(Acquire))).sum::<u128>();
        let without_carries = low();
        // If one of the words had been carried before it was read, this would be true.
        if !self.any.load(Relaxed) {
            return without_carries;
        }
        // Nothing is carried while the lock is held, so the words and the carries belong together.
        let by_cell = self.by_cell.lock();
        let carries = place(&by_cell, cell).map_or(0, |place| by_cell[place].1);
        u128::from(carries) * u128::from(CARRY) + low()
    }

    /// Returns whether the sum of a cell has a carry in addition to its words, which were read before. If not,
    /// none of the words had been carried before it was read: a carry is noted before the word changes, and the
    /// word is written with `Release` and read with `Acquire`, as for [`whole`](Self::whole).
    pub(super) fn has(&self, cell: Cell) -> bool {
        self.any.load(Relaxed) && place(&self.by_cell.lock(), cell).is_ok()
    }

    /// Forgets the carries of a cell that is released.
    pub(super) fn forget(&self, cell: Cell) {
        if self.any.load(Relaxed) {
            let mut by_cell = self.by_cell.lock();
            if let Ok(place) = place(&by_cell, cell) {
                by_cell.remove(place);
            }
        }
    }
}

/// Returns the index of the carries of a cell, or where to insert them.
fn place(by_cell: &[(u32, u64)], cell: Cell) -> Result<usize, usize> {
    by_cell.binary_search_by_key(&cell.0, |(cell, _)| *cell)
}
