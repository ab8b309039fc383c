//! Where the numbers live.
//!
//! Callers know cells, not memory: a [`Cell`] names one word (a counter or a gauge) or one
//! histogram. The cells of all registries are one process-wide [`Store`](store::Store): a thread
//! has words of its own for the cells that it records into, in pages that serve every registry.

mod carries;
mod free;
mod local;
#[cfg(all(test, caracal_loom))]
mod models;
mod pages;
mod store;
mod sync;
mod words;

pub(crate) use store::Reader;
use store::Store;

/// Words of a histogram: 15 buckets and a sum.
pub(crate) const HISTOGRAM_WORDS: usize = 16;

/// Buckets of a histogram, the one up to `+Inf` included.
pub(crate) const HISTOGRAM_BUCKETS: usize = HISTOGRAM_WORDS - 1;

/// The most bounds that a histogram has, without `+Inf`.
pub(crate) const MAX_BOUNDS: usize = HISTOGRAM_BUCKETS - 1;

const SUM: usize = HISTOGRAM_BUCKETS;

/// The longest duration that is added to a sum as it is, in nanoseconds: more than a year, and so
/// little of a word that a hundred threads may add it at the same instant.
pub(crate) const LONGEST_NANOS: u64 = 1 << 55;

/// Names a word, or the first word of a histogram.
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
}

/// How many words a cell has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Width {
    Word,
    Histogram,
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

/// Takes a cell back. The caller holds the last way to reach it, so nothing is added after.
pub(crate) fn release(cell: Cell, width: Width) {
    STORE.release(cell, width);
}

/// Takes back the cell of a gauge that counts guards, once the last of them is dropped. No guard is
/// made any more.
pub(crate) fn release_when_zero(cell: Cell) {
    STORE.release_when_zero(cell);
}

/// Adds to a counter.
#[inline]
pub(crate) fn add(cell: Cell, n: u64) {
    if !local::pages().add(cell, n) {
        add_first(cell, n);
    }
}

/// Adds to a counter of which this thread has no word yet.
#[cold]
fn add_first(cell: Cell, n: u64) {
    if !local::reach(cell).is_some_and(|pages| pages.add(cell, n)) {
        STORE.add_shared(cell, n);
    }
}

/// Moves an up-down gauge.
#[inline]
pub(crate) fn shift(cell: Cell, by: i64) {
    add(cell, by.cast_unsigned());
}

/// Moves a gauge by hand.
#[inline]
pub(crate) fn shift_shared(cell: Cell, by: i64) {
    STORE.add_shared(cell, by.cast_unsigned());
}

/// Sets a gauge, one that is never moved.
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

#[cfg(all(test, not(caracal_loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_released_cell_is_given_out_again_and_reads_zero() {
        let histogram = allocate(Width::Histogram);
        let word = allocate(Width::Word);
        observe(histogram, 3, 5);
        add(word, 7);
        release(histogram, Width::Histogram);
        release(word, Width::Word);
        assert_eq!(allocate(Width::Histogram), histogram);
        assert_eq!(allocate(Width::Word), word);
        assert_eq!(reader().counter(&[word]), 0);
        assert_eq!(reader().histogram(&[histogram]).sum_nanos, 0);
        assert_eq!(reader().histogram(&[histogram]).buckets, [0; HISTOGRAM_BUCKETS]);
    }

    #[test]
    fn cells_never_overlap() {
        let cells: Vec<_> = (0..5_000)
            .map(|i| {
                let width = if i % 3 == 0 { Width::Histogram } else { Width::Word };
                (allocate(width), width)
            })
            .collect();
        for (cell, width) in &cells {
            match width {
                Width::Word => add(*cell, 1),
                Width::Histogram => {
                    for bucket in 0..HISTOGRAM_BUCKETS {
                        observe(*cell, bucket, 1);
                    }
                }
            }
        }
        for (cell, width) in &cells {
            match width {
                Width::Word => assert_eq!(reader().counter(&[*cell]), 1),
                Width::Histogram => {
                    let value = reader().histogram(&[*cell]);
                    assert_eq!(value.buckets, [1; HISTOGRAM_BUCKETS]);
                    assert_eq!(value.sum_nanos, HISTOGRAM_BUCKETS as u128);
                }
            }
        }
    }

    #[test]
    fn a_sum_is_exact_beyond_its_word() {
        let cell = allocate(Width::Histogram);
        for round in 1..=3_000_u32 {
            observe(cell, 14, u64::MAX);
            let sum = reader().histogram(&[cell]).sum_nanos;
            assert_eq!(sum, u128::from(LONGEST_NANOS) * u128::from(round));
        }
        assert_eq!(reader().histogram(&[cell]).buckets[14], 3_000);
        release(cell, Width::Histogram);
        assert_eq!(allocate(Width::Histogram), cell);
        assert_eq!(reader().histogram(&[cell]).sum_nanos, 0);
    }

    #[test]
    fn a_sum_that_is_carried_while_it_is_read_never_goes_down() {
        const ROUNDS: u128 = 50_000;
        let cell = allocate(Width::Histogram);
        std::thread::scope(|scope| {
            let adders: Vec<_> = (0..2)
                .map(|_| scope.spawn(|| (0..ROUNDS).for_each(|_| observe(cell, 0, LONGEST_NANOS))))
                .collect();
            let mut last = 0;
            while !adders.iter().all(std::thread::ScopedJoinHandle::is_finished) {
                let sum = reader().histogram(&[cell]).sum_nanos;
                assert!(sum >= last, "from {last} to {sum}");
                last = sum;
            }
        });
        let sum = reader().histogram(&[cell]).sum_nanos;
        assert_eq!(sum, 2 * ROUNDS * u128::from(LONGEST_NANOS));
    }
}
