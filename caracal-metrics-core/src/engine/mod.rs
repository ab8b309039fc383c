//! Where the numbers live.
//!
//! Callers know cells, not memory: a [`Cell`] names one word (a counter, or a gauge that is set), one
//! pair of words (a gauge that counts guards) or one histogram. The cells of all registries are one process-wide [`Store`](store::Store): a thread
//! has words of its own for the cells that it records into, in pages that serve every registry.

mod carries;
mod free;
mod in_flight;
mod local;
#[cfg(all(test, caracal_loom))]
mod models;
mod pages;
mod store;
#[cfg(all(test, not(caracal_loom)))]
mod tests;
mod words;

use std::sync::atomic::Ordering::{self, Relaxed, Release};

pub(crate) use store::Reader;
use store::Store;

/// Words of a histogram: 15 buckets and a sum.
pub(crate) const HISTOGRAM_WORDS: usize = 16;

/// Buckets of a histogram, the one up to `+Inf` included.
pub(crate) const HISTOGRAM_BUCKETS: usize = HISTOGRAM_WORDS - 1;

const SUM: usize = HISTOGRAM_BUCKETS;

/// The longest duration that is added to a sum as it is, in nanoseconds: more than a year, and so
/// little of a word that a hundred threads may add it at the same instant.
pub(crate) const LONGEST_NANOS: u64 = 1 << 55;

/// Names a word, or the first word of a pair or of a histogram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cell(u32);

impl Cell {
    /// The cell's number, for structures that keep cells in atomics.
    pub(crate) fn to_raw(self) -> u32 {
        self.0
    }

    pub(crate) const fn from_raw(raw: u32) -> Self {
        Self(raw)
    }

    /// The word of the guards that ended, in the pair of a gauge that counts guards. The pair's
    /// first word is that of the guards that were begun.
    #[inline]
    fn ended(self) -> Self {
        Self(self.0 + 1)
    }
}

/// How many words a cell has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Width {
    Word,
    Pair,
    Histogram,
}

impl Width {
    fn words(self) -> usize {
        match self {
            Self::Word => 1,
            Self::Pair => 2,
            Self::Histogram => HISTOGRAM_WORDS,
        }
    }
}

/// What a scrape reads of a histogram. The count is the sum of the buckets, so it can't differ
/// from the last cumulative bucket.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct HistogramValue {
    pub(crate) buckets: [u64; HISTOGRAM_BUCKETS],
    pub(crate) sum_nanos: u128,
}

#[cfg(not(caracal_loom))]
static STORE: Store = Store::new();
#[cfg(caracal_loom)]
static STORE: std::sync::LazyLock<Store> = std::sync::LazyLock::new(Store::new);

/// A cell that reads zero.
pub(crate) fn allocate(width: Width) -> Cell {
    STORE.allocate(width)
}

/// Takes a cell back. The caller holds the last way to reach it, so nothing is added afterwards.
pub(crate) fn release(cell: Cell, width: Width) {
    STORE.release(cell, width);
}

/// Takes back the cell of a gauge that counts guards once the last of them has ended. No guard is
/// begun any more.
pub(crate) fn release_when_zero(cell: Cell) {
    STORE.release_when_zero(cell);
}

/// Adds to a counter. At 2^64 it goes on from zero.
#[inline]
pub(crate) fn add(cell: Cell, n: u64) {
    record(cell, n, Relaxed);
}

/// Counts a guard as begun.
#[inline]
pub(crate) fn begin(gauge: Cell) {
    record(gauge, 1, Release);
}

/// Counts a guard as ended, on whatever thread.
#[inline]
pub(crate) fn end(gauge: Cell) {
    record(gauge.ended(), 1, Release);
}

#[inline]
fn record(cell: Cell, n: u64, ordering: Ordering) {
    if !local::pages().add(cell, n, ordering) {
        record_first(cell, n, ordering);
    }
}

/// Adds to a counter of which this thread has no word yet.
#[cold]
fn record_first(cell: Cell, n: u64, ordering: Ordering) {
    if !local::reach(cell).is_some_and(|pages| pages.add(cell, n, ordering)) {
        STORE.add_shared(cell, n, ordering);
    }
}

/// Sets a gauge.
#[inline]
pub(crate) fn set(cell: Cell, value: i64) {
    STORE.set(cell, value);
}

/// Counts a duration into a bucket.
#[inline]
pub(crate) fn observe(cell: Cell, bucket: usize, nanos: u64) {
    let nanos = nanos.min(LONGEST_NANOS);
    if !STORE.observe(local::pages(), cell, bucket, nanos) {
        observe_first(cell, bucket, nanos);
    }
}

/// Counts a duration into a histogram of which this thread has no words yet.
#[cold]
fn observe_first(cell: Cell, bucket: usize, nanos: u64) {
    if !local::reach(cell).is_some_and(|pages| STORE.observe(pages, cell, bucket, nanos)) {
        STORE.observe_shared(cell, bucket, nanos);
    }
}

/// Reads cells. While it is held, threads that end wait: no code of the user's runs meanwhile.
pub(crate) fn reader() -> Reader<'static> {
    STORE.reader()
}
