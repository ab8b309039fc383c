//! Where the numbers live.
//!
//! Callers know cells, not memory: a [`Cell`] names one word (a counter or a gauge) or one
//! histogram, and every operation goes through [`Engine`]. How a cell is spread over threads is the
//! engine's own business, so that can change without a caller noticing. In this form each cell is
//! one set of atomics that all threads share.

mod carries;
mod words;

use std::sync::atomic::Ordering::Relaxed;

use parking_lot::Mutex;

use carries::Carries;
use words::Words;

/// Words of a histogram: 15 buckets and a sum.
pub(crate) const HISTOGRAM_WORDS: usize = 16;

/// Buckets of a histogram, the one up to `+Inf` included.
pub(crate) const HISTOGRAM_BUCKETS: usize = HISTOGRAM_WORDS - 1;

const SUM: usize = HISTOGRAM_BUCKETS;

/// The longest duration that is added to a sum as it is, in nanoseconds: more than a year, and so
/// little of a word that hundreds of threads may add it at the same instant.
pub(crate) const LONGEST_NANOS: u64 = 1 << 55;

/// Names a word, or the first word of a histogram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cell(u32);

impl Cell {
    /// The cell's number, for structures that keep cells in atomics.
    pub(crate) fn to_raw(self) -> u32 {
        self.0
    }

    pub(crate) fn from_raw(raw: u32) -> Self {
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

impl HistogramValue {
    pub(crate) fn add(&mut self, other: &Self) {
        for (mine, theirs) in self.buckets.iter_mut().zip(other.buckets) {
            *mine += theirs;
        }
        self.sum_nanos += other.sum_nanos;
    }
}

/// The cells of one registry.
#[derive(Debug, Default)]
pub(crate) struct Engine {
    words: Words,
    free: Mutex<Free>,
    carries: Carries,
}

/// What can be given out next.
#[derive(Debug, Default)]
struct Free {
    /// The first word that was never given out; a multiple of [`HISTOGRAM_WORDS`].
    fresh: u32,
    /// Words left of a run that was split for single words.
    split: std::ops::Range<u32>,
    words: Vec<Cell>,
    histograms: Vec<Cell>,
}

impl Engine {
    /// A cell that reads zero.
    pub(crate) fn allocate(&self, width: Width) -> Cell {
        let mut free = self.free.lock();
        match width {
            Width::Word => {
                if let Some(cell) = free.words.pop() {
                    return cell;
                }
                if free.split.is_empty() {
                    let run = self.fresh_run(&mut free);
                    free.split = run..run + HISTOGRAM_WORDS as u32;
                }
                let word = free.split.start;
                free.split.start += 1;
                Cell(word)
            }
            Width::Histogram => match free.histograms.pop() {
                Some(cell) => cell,
                None => Cell(self.fresh_run(&mut free)),
            },
        }
    }

    fn fresh_run(&self, free: &mut Free) -> u32 {
        let run = free.fresh;
        free.fresh += HISTOGRAM_WORDS as u32;
        self.words.reach(free.fresh as usize);
        run
    }

    /// Takes a cell back. The caller holds the last way to reach it, so nothing is added after.
    pub(crate) fn release(&self, cell: Cell, width: Width) {
        let words = match width {
            Width::Word => 1,
            Width::Histogram => HISTOGRAM_WORDS,
        };
        for word in self.words.run(cell.0 as usize, words) {
            word.store(0, Relaxed);
        }
        let mut free = self.free.lock();
        match width {
            Width::Word => free.words.push(cell),
            Width::Histogram => {
                self.carries.forget(cell);
                free.histograms.push(cell);
            }
        }
    }

    /// Adds to a counter.
    #[inline]
    pub(crate) fn add(&self, cell: Cell, n: u64) {
        self.words.word(cell.0 as usize).fetch_add(n, Relaxed);
    }

    /// Moves an up-down gauge.
    #[inline]
    pub(crate) fn shift(&self, cell: Cell, by: i64) {
        self.add(cell, by.cast_unsigned());
    }

    /// Sets a gauge.
    #[inline]
    pub(crate) fn set(&self, cell: Cell, value: i64) {
        self.words.word(cell.0 as usize).store(value.cast_unsigned(), Relaxed);
    }

    /// Counts a duration into a bucket.
    #[inline]
    pub(crate) fn observe(&self, cell: Cell, bucket: usize, nanos: u64) {
        let words = self.words.run(cell.0 as usize, HISTOGRAM_WORDS);
        words[bucket].fetch_add(1, Relaxed);
        self.carries.add(cell, &words[SUM], nanos.min(LONGEST_NANOS));
    }

    /// Reads a counter.
    pub(crate) fn read(&self, cell: Cell) -> u64 {
        self.words.word(cell.0 as usize).load(Relaxed)
    }

    /// Reads a gauge.
    pub(crate) fn read_gauge(&self, cell: Cell) -> i64 {
        self.read(cell).cast_signed()
    }

    /// Reads a histogram.
    pub(crate) fn read_histogram(&self, cell: Cell) -> HistogramValue {
        let words = self.words.run(cell.0 as usize, HISTOGRAM_WORDS);
        let sum_nanos = self.carries.whole(cell, &words[SUM]);
        let mut value = HistogramValue { sum_nanos, ..Default::default() };
        for (bucket, word) in value.buckets.iter_mut().zip(words) {
            *bucket = word.load(Relaxed);
        }
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_released_cell_is_given_out_again_and_reads_zero() {
        let engine = Engine::default();
        let histogram = engine.allocate(Width::Histogram);
        let word = engine.allocate(Width::Word);
        engine.observe(histogram, 3, 5);
        engine.add(word, 7);
        engine.release(histogram, Width::Histogram);
        engine.release(word, Width::Word);
        assert_eq!(engine.allocate(Width::Histogram), histogram);
        assert_eq!(engine.allocate(Width::Word), word);
        assert_eq!(engine.read(word), 0);
        assert_eq!(engine.read_histogram(histogram).sum_nanos, 0);
        assert_eq!(engine.read_histogram(histogram).buckets, [0; HISTOGRAM_BUCKETS]);
    }

    #[test]
    fn cells_never_overlap() {
        let engine = Engine::default();
        let cells: Vec<_> = (0..5_000)
            .map(|i| {
                let width = if i % 3 == 0 { Width::Histogram } else { Width::Word };
                (engine.allocate(width), width)
            })
            .collect();
        for (cell, width) in &cells {
            match width {
                Width::Word => engine.add(*cell, 1),
                Width::Histogram => {
                    for bucket in 0..HISTOGRAM_BUCKETS {
                        engine.observe(*cell, bucket, 1);
                    }
                }
            }
        }
        for (cell, width) in &cells {
            match width {
                Width::Word => assert_eq!(engine.read(*cell), 1),
                Width::Histogram => {
                    let value = engine.read_histogram(*cell);
                    assert_eq!(value.buckets, [1; HISTOGRAM_BUCKETS]);
                    assert_eq!(value.sum_nanos, HISTOGRAM_BUCKETS as u128);
                }
            }
        }
    }

    #[test]
    fn a_sum_is_exact_beyond_its_word() {
        let engine = Engine::default();
        let cell = engine.allocate(Width::Histogram);
        for round in 1..=3_000_u32 {
            engine.observe(cell, 14, u64::MAX);
            let sum = engine.read_histogram(cell).sum_nanos;
            assert_eq!(sum, u128::from(LONGEST_NANOS) * u128::from(round));
        }
        assert_eq!(engine.read_histogram(cell).buckets[14], 3_000);
        engine.release(cell, Width::Histogram);
        assert_eq!(engine.allocate(Width::Histogram), cell);
        assert_eq!(engine.read_histogram(cell).sum_nanos, 0);
    }

    #[test]
    fn a_sum_that_is_carried_while_it_is_read_never_goes_down() {
        const ROUNDS: u128 = 50_000;
        let engine = Engine::default();
        let cell = engine.allocate(Width::Histogram);
        std::thread::scope(|scope| {
            let adders: Vec<_> = (0..2)
                .map(|_| {
                    scope.spawn(|| (0..ROUNDS).for_each(|_| engine.observe(cell, 0, LONGEST_NANOS)))
                })
                .collect();
            let mut last = 0;
            while !adders.iter().all(std::thread::ScopedJoinHandle::is_finished) {
                let sum = engine.read_histogram(cell).sum_nanos;
                assert!(sum >= last, "from {last} to {sum}");
                last = sum;
            }
        });
        let sum = engine.read_histogram(cell).sum_nanos;
        assert_eq!(sum, 2 * ROUNDS * u128::from(LONGEST_NANOS));
    }
}
