//! Reads the values of cells.

use std::iter::once;
use std::sync::atomic::Ordering::{self, Acquire, Relaxed};

use super::cell::{Cell, RUN_WORDS, SUM, Sum, Width};
use super::pages::Run;
use super::store::{Store, Threads};
use super::sums::{Sums, Wanted};
use super::{floats, in_flight};
use crate::sync::RwLockReadGuard;

/// With fewer threads or fewer words, most words are in the processor's caches. Reading each cell from each
/// thread then costs no more.
const MANY_THREADS: usize = 4;
const MANY_WORDS: usize = 1 << 16;

/// Reads cells. While it exists, no thread's words move.
pub(crate) struct Reader<'a> {
    store: &'a Store,
    threads: RwLockReadGuard<'a, Threads>,
    /// The sums of [`sum_up`](Self::sum_up). Without them, a cell is read when its value is requested.
    pub(crate) sums: Option<Sums>,
}

impl<'a> Reader<'a> {
    /// Creates a reader. Threads that end wait for it. Recording does not.
    pub(super) fn of(store: &'a Store) -> Self {
        Self { store, threads: store.threads.read_recursive(), sums: None }
    }
}

impl Reader<'_> {
    /// Returns whether it is faster to [sum up](Self::sum_up) this number of cells than to read them one by
    /// one.
    pub(crate) fn are_many(&self, cells: usize) -> bool {
        let threads = self.threads.live.len();
        threads >= MANY_THREADS && cells.saturating_mul(threads) >= MANY_WORDS
    }

    /// Adds up all cells of one family in one pass. Afterwards, each of them has the value of this moment.
    ///
    /// This does not affect guards in flight and the values that gauges were set to.
    pub(crate) fn sum_up(&mut self, width: Width, cells: impl Iterator<Item = Cell>) {
        let wanted = Wanted::of(width, cells);
        let threads = match width {
            // The order in which they were created.
            Width::Float | Width::Histogram { sum: Sum::Float, .. } => &self.threads.made,
            _ => &self.threads.live,
        };
        self.sums = Some(Sums::of(wanted, &self.store.shared, threads));
    }

    /// Returns the value of a counter that consists of these cells, modulo 2^64.
    pub(crate) fn counter(&self, cells: &[Cell]) -> u64 {
        cells.iter().fold(0, |sum, cell| sum.wrapping_add(self.counter_of(*cell)))
    }

    /// Like [`counter`](Self::counter), for one cell.
    #[inline]
    pub(crate) fn counter_of(&self, cell: Cell) -> u64 {
        let summed = self.sums.as_ref().and_then(|sums| sums.word(cell));
        summed.unwrap_or_else(|| self.word(cell, Relaxed))
    }

    /// Appends the values of counters that consist of one of these cells each, modulo 2^64.
    #[cfg(feature = "protobuf")]
    pub(crate) fn counters(&self, cells: &[Cell], values: &mut Vec<u64>) {
        if self.sums.is_some() {
            return values.extend(cells.iter().map(|cell| self.counter_of(*cell)));
        }
        let first = values.len();
        self.store.shared.read(cells, values);
        for pages in &self.threads.live {
            for (value, cell) in values[first..].iter_mut().zip(cells) {
                if let Some(word) = pages.word(*cell) {
                    *value = value.wrapping_add(word.load(Relaxed));
                }
            }
        }
    }

    /// Returns the value of a counter of floating-point numbers that consists of these cells.
    pub(crate) fn float(&self, cells: &[Cell]) -> f64 {
        let value = |cell: &Cell| {
            self.summed_float(*cell).unwrap_or_else(|| self.float_word(*cell, Relaxed))
        };
        floats::whole(cells.iter().map(value))
    }

    /// Returns the sum of the values that these gauges of floating-point numbers were set to.
    pub(crate) fn float_gauge(&self, cells: &[Cell]) -> f64 {
        floats::sum(cells.iter().map(|cell| self.store.shared.word(*cell)), Relaxed)
    }

    /// Returns the sum of the values that these gauges were set to.
    pub(crate) fn gauge(&self, cells: &[Cell]) -> i64 {
        let set = cells.iter().map(|cell| self.store.shared.word(cell.level()).load(Relaxed));
        set.fold(0, |sum, value| sum.wrapping_add(value.cast_signed()))
    }

    /// Returns the number of guards of this gauge. If a guard is no longer counted, everything that was
    /// recorded before it ended is visible to later reads.
    pub(crate) fn in_flight(&self, gauge: Cell) -> u64 {
        in_flight::read(|| self.acquired(gauge), || self.acquired(gauge.ended()))
    }

    /// Returns the word of a cell, read with `Acquire`. This is a call, because three copies of it would take two
    /// kilobytes.
    #[inline(never)]
    fn acquired(&self, cell: Cell) -> u64 {
        self.word(cell, Acquire)
    }

    /// Adds up the buckets of the histogram that consists of these cells, and returns its sum in nanoseconds.
    pub(crate) fn histogram(&self, cells: &[Cell], buckets: &mut [u64]) -> u128 {
        let runs = runs_of(buckets);
        let mut nanos = 0;
        for cell in cells {
            // The sum is read before the buckets: see `Carries::whole`.
            let last = cell.last_run(runs);
            if let Some(sum) = self.summed_nanos(last) {
                nanos += sum;
                self.summed_buckets(*cell, buckets);
                continue;
            }
            nanos += self.store.carries.whole(last, || self.runs(last).map(|run| &run[SUM]));
            self.buckets(*cell, buckets);
        }
        nanos
    }

    /// Like [`histogram`](Self::histogram), for a histogram of floating-point numbers.
    pub(crate) fn float_histogram(&self, cells: &[Cell], buckets: &mut [u64]) -> f64 {
        let runs = runs_of(buckets);
        floats::whole(cells.iter().map(|cell| {
            let sum = cell.last_run(runs).sum();
            if let Some(sum) = self.summed_float(sum) {
                self.summed_buckets(*cell, buckets);
                return sum;
            }
            // The sum is read before the buckets, so that they contain all observations in it.
            let sum = self.float_word(sum, Acquire);
            self.buckets(*cell, buckets);
            sum
        }))
    }

    /// Adds up the current words of a [run](Width::Run).
    pub(crate) fn run(&self, cell: Cell, words: &mut [u64; RUN_WORDS]) {
        self.buckets(cell, words);
    }

    fn summed_float(&self, cell: Cell) -> Option<f64> {
        let sum = self.sums.as_ref()?.word(cell)?;
        Some(floats::in_range(f64::from_bits(sum)))
    }

    /// Returns the sum of a histogram, if it did not exceed its words.
    fn summed_nanos(&self, last_run: Cell) -> Option<u128> {
        let sum = self.sums.as_ref()?.nanos(last_run)?;
        (!self.store.carries.has(last_run)).then_some(sum)
    }

    fn summed_buckets(&self, cell: Cell, buckets: &mut [u64]) {
        for (run, buckets) in buckets.chunks_mut(RUN_WORDS).enumerate() {
            let run = Cell(cell.0 + (run * RUN_WORDS) as u32);
            let summed = self.sums.as_ref().and_then(|sums| sums.run(run));
            for (bucket, sum) in buckets.iter_mut().zip(summed.into_iter().flatten()) {
                *bucket += sum;
            }
        }
    }

    fn buckets(&self, cell: Cell, buckets: &mut [u64]) {
        for (run, buckets) in buckets.chunks_mut(RUN_WORDS).enumerate() {
            for words in self.runs(Cell(cell.0 + (run * RUN_WORDS) as u32)) {
                for (bucket, word) in buckets.iter_mut().zip(words) {
                    *bucket += word.load(Relaxed);
                }
            }
        }
    }

    #[inline(always)]
    #[expect(clippy::inline_always, reason = "the ordering is a constant in the caller")]
    fn word(&self, cell: Cell, ordering: Ordering) -> u64 {
        let mut sum = self.store.shared.word(cell).load(ordering);
        for pages in &self.threads.live {
            if let Some(word) = pages.word(cell) {
                sum = sum.wrapping_add(word.load(ordering));
            }
        }
        sum
    }

    fn float_word(&self, cell: Cell, ordering: Ordering) -> f64 {
        let own = self.threads.made.iter().filter_map(|pages| pages.word(cell));
        floats::sum(once(self.store.shared.word(cell)).chain(own), ordering)
    }

    fn runs(&self, cell: Cell) -> impl Iterator<Item = &Run> {
        let own = self.threads.live.iter().filter_map(move |pages| pages.run(cell));
        once(self.store.shared.run(cell)).chain(own)
    }
}

/// Returns the number of runs of a histogram with these buckets.
fn runs_of(buckets: &[u64]) -> usize {
    (buckets.len() + 1).div_ceil(RUN_WORDS).next_power_of_two()
}
