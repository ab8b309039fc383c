//! What the sums of histograms hold beyond their words.
//!
//! Ten thousand requests at a time fill a word of nanoseconds in three weeks. A sum that starts
//! again at zero, or that a scrape reads without its carry, is a spike on somebody's dashboard.
//!
//! Every write to a sum is a `Release`, and every read of one an `Acquire`. Two things follow.
//!
//! - A scrape that reads a nanosecond of a sum also sees the bucket that was counted before it, so
//!   `_count` is never behind `_sum`.
//! - A scrape that reads a word after a carry also sees that there are carries. It is not enough
//!   that the carry itself is a `Release`: the owner's next store to the word is no read-modify-write
//!   and so ends the carry's release sequence.

use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use super::cell::Cell;
use super::pages;
use crate::sync::{AtomicBool, AtomicU64, Mutex, const_unless_modelled};

/// What a carry moves out of a word: so little of it that a thread's whole word and what others add
/// meanwhile fit in beside it.
const CARRY: u64 = 1 << 62;

#[derive(Debug)]
pub(super) struct Carries {
    /// Spares the readers the lock while there are none.
    any: AtomicBool,
    /// Sorted by cell. Few sums ever have one.
    by_cell: Mutex<Vec<(u32, u64)>>,
}

impl Carries {
    const_unless_modelled! {
        pub(super) fn none() -> Self {
            Self { any: AtomicBool::new(false), by_cell: Mutex::new(Vec::new()) }
        }
    }

    /// Adds to the sum of a cell, in a word that this thread alone writes. The bucket is counted
    /// before. The cell is needed only if something is carried.
    #[inline]
    pub(super) fn bump(&self, cell: impl FnOnce() -> Cell, sum: &AtomicU64, nanos: u64) {
        if pages::bump(sum, nanos, Release) >= CARRY {
            self.carry(cell(), sum);
        }
    }

    /// Adds to the sum of a cell, in a word that all threads write. The bucket is counted before.
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

    /// The whole sum of these words of a cell. It never goes down from one call to the next. Buckets
    /// that are read afterwards have all that it is made of.
    pub(super) fn whole<'a, I: Iterator<Item = &'a AtomicU64>>(
        &self,
        cell: Cell,
        words: impl Fn() -> I,
    ) -> u128 {
        let low = || words().map(|word| u128::from(word.load(Acquire))).sum::<u128>();
        let without_carries = low();
        // If one of the words had been carried when it was read, this would read true.
        if !self.any.load(Relaxed) {
            return without_carries;
        }
        // Nothing is carried while the lock is held, so the words and their carries belong together.
        let by_cell = self.by_cell.lock();
        let carries = place(&by_cell, cell).map_or(0, |place| by_cell[place].1);
        u128::from(carries) * u128::from(CARRY) + low()
    }

    /// Whether the sum of a cell is more than the words of it that were read before. If not, then none
    /// of these had been carried when it was read: whoever carries notes it before it changes the
    /// word, and the word was written with `Release` and read with `Acquire`, as for
    /// [`whole`](Self::whole).
    pub(super) fn has(&self, cell: Cell) -> bool {
        self.any.load(Relaxed) && place(&self.by_cell.lock(), cell).is_ok()
    }

    /// The cell is given back.
    pub(super) fn forget(&self, cell: Cell) {
        if self.any.load(Relaxed) {
            let mut by_cell = self.by_cell.lock();
            if let Ok(place) = place(&by_cell, cell) {
                by_cell.remove(place);
            }
        }
    }
}

/// Where the carries of a cell are, or would be.
fn place(by_cell: &[(u32, u64)], cell: Cell) -> Result<usize, usize> {
    by_cell.binary_search_by_key(&cell.0, |(cell, _)| *cell)
}
