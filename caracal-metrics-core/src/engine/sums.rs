//! The words of all threads for the cells of one family, added up in the order in memory.
//!
//! A reader that reads each cell from each thread jumps from the memory of one thread to that of the next for
//! every word. The code here reads all necessary runs in a page of one thread before it moves on to the next
//! thread. The values are the same: words are added in the same order of threads, and the sum of a histogram is
//! read before its buckets.

use std::sync::atomic::Ordering::{Acquire, Relaxed};

use super::cell::{Cell, RUN_WORDS, SUM, Sum, Width};
use super::pages::{self, PAGE_RUNS, Pages, Run};
use super::words::Words;

/// The number of threads whose words are added together. The processor loads their memory in parallel, and the
/// sum is stored once for all of them.
const AT_A_TIME: usize = 4;

/// The cells to add up, without those for which no thread can have its own words.
#[derive(Debug)]
pub(crate) struct Wanted {
    width: Width,
    /// For each page, a bit for each run.
    runs: Vec<u16>,
}

const _: () = assert!(PAGE_RUNS <= u16::BITS as usize, "a bit for each run");

impl Wanted {
    pub(super) fn of(width: Width, cells: impl Iterator<Item = Cell>) -> Self {
        let bits = (1_u16 << width.runs()) - 1;
        let mut wanted = Self { width, runs: Vec::new() };
        for cell in cells.filter(|cell| Pages::may_hold(*cell)) {
            let run = cell.0 as usize / RUN_WORDS;
            let page = run / PAGE_RUNS;
            if wanted.runs.len() <= page {
                wanted.runs.resize(page + 1, 0);
            }
            // They are in one page: see `Pages::runs_from`.
            wanted.runs[page] |= bits << (run % PAGE_RUNS);
        }
        wanted
    }
}

/// The sums of the wanted runs.
#[derive(Debug)]
pub(crate) struct Sums {
    wanted: Wanted,
    /// The words of every run up to the last wanted one. No thread has more than a mebibyte of words, so this
    /// is not larger either. They are integers instead of runs: the allocator provides zeroed integers, whereas
    /// runs would be filled one by one.
    words: Vec<u64>,
    /// How often the last word of each run wrapped around. The word may be the sum of a histogram, and the sums
    /// of many threads may not fit in one word.
    overflows: Vec<u64>,
}

impl Sums {
    /// Adds up the wanted cells: first the words that all threads share, and then those of these threads.
    pub(super) fn of(wanted: Wanted, shared: &Words, threads: &[&Pages]) -> Self {
        let runs = wanted.runs.len() * PAGE_RUNS;
        let mut own = Vec::with_capacity(threads.len());
        let mut sums = Self { wanted, words: vec![0; runs * RUN_WORDS], overflows: vec![0; runs] };
        for page in 0..sums.wanted.runs.len() {
            if sums.wanted.runs[page] == 0 {
                continue;
            }
            let first = page * PAGE_RUNS;
            sums.add_one(page, &|place| [shared.run(Cell(((first + place) * RUN_WORDS) as u32))]);
            own.clear();
            own.extend(threads.iter().filter_map(|pages| pages.runs_of(page)));
            let (groups, rest) = own.as_chunks::<AT_A_TIME>();
            for (number, group) in groups.iter().enumerate() {
                let next = groups.get(number + 1);
                sums.add(page, |place| {
                    // The processor recognizes a sequence of accesses only after a few of them, which is too
                    // late for a page.
                    for runs in next.into_iter().flatten() {
                        pages::prefetch(&runs[place]);
                    }
                    group.map(|runs| &runs[place])
                });
            }
            for runs in rest {
                sums.add_one(page, &|place| [&runs[place]]);
            }
        }
        sums
    }

    /// Like [`add`](Self::add), for one thread. This is compiled only once.
    fn add_one<'a>(&mut self, page: usize, run: &dyn Fn(usize) -> [&'a Run; 1]) {
        self.add(page, run);
    }

    /// Adds one page of several threads. For each word, the threads are read one after the other.
    #[inline]
    fn add<'a, const N: usize>(&mut self, page: usize, runs_at: impl Fn(usize) -> [&'a Run; N]) {
        let wanted = self.wanted.runs[page];
        let runs = page * PAGE_RUNS..(page + 1) * PAGE_RUNS;
        let (all, _) = self.words.as_chunks_mut();
        let (totals, overflows) = (&mut all[runs.clone()], &mut self.overflows[runs]);
        let width = self.wanted.width;
        match width {
            Width::Float => {
                for place in places(wanted, width) {
                    for run in runs_at(place) {
                        add_floats(&mut totals[place], run);
                    }
                }
            }
            Width::Histogram { runs, sum: Sum::Float } => {
                for place in places(wanted, width) {
                    // A cell with several runs starts at a multiple of their number.
                    if (place + 1).is_multiple_of(runs) {
                        add_float_sum(&mut totals[place], runs_at(place));
                    } else {
                        add_integers(&mut totals[place], &mut overflows[place], runs_at(place));
                    }
                }
            }
            _ => {
                for place in places(wanted, width) {
                    add_integers(&mut totals[place], &mut overflows[place], runs_at(place));
                }
            }
        }
    }

    /// Returns the words around a cell, if they were added up.
    #[inline]
    pub(super) fn run(&self, cell: Cell) -> Option<&[u64; RUN_WORDS]> {
        let run = cell.0 as usize / RUN_WORDS;
        let wanted = self.wanted.runs.get(run / PAGE_RUNS)? >> (run % PAGE_RUNS) & 1 != 0;
        wanted.then(|| &self.words.as_chunks().0[run])
    }

    /// Returns the word of a cell, if it was added up.
    #[inline]
    pub(super) fn word(&self, cell: Cell) -> Option<u64> {
        Some(self.run(cell)?[cell.0 as usize % RUN_WORDS])
    }

    /// Returns the sum of a histogram whose last run starts at this cell, if it was added up.
    pub(super) fn nanos(&self, last_run: Cell) -> Option<u128> {
        let low = self.run(last_run)?[SUM];
        let overflows = self.overflows[last_run.0 as usize / RUN_WORDS];
        Some((u128::from(overflows) << u64::BITS) + u128::from(low))
    }
}

/// Returns the places of the wanted runs: cell by cell, but the last run of each cell first. It contains the sum
/// of a histogram, which is read before the other runs.
fn places(mut wanted: u16, width: Width) -> impl Iterator<Item = usize> {
    // A cell starts at a multiple of its number of runs, which is a power of two.
    let last = width.runs() - 1;
    std::iter::from_fn(move || {
        let lowest = wanted.trailing_zeros();
        wanted ^= 1_u16.checked_shl(lowest)?;
        Some(lowest as usize ^ last)
    })
}

/// Adds counters, or histograms with sums in nanoseconds.
#[inline]
fn add_integers<const N: usize>(
    totals: &mut [u64; RUN_WORDS],
    overflows: &mut u64,
    runs: [&Run; N],
) {
    for run in runs {
        // The sum is read before the buckets, so that they contain all observations in it.
        let (sum, overflowed) = totals[SUM].overflowing_add(run[SUM].load(Acquire));
        totals[SUM] = sum;
        *overflows += u64::from(overflowed);
    }
    add_buckets(totals, runs);
}

/// Adds runs of histograms that contain the sums.
#[inline]
fn add_float_sum<const N: usize>(totals: &mut [u64; RUN_WORDS], runs: [&Run; N]) {
    for run in runs {
        add_float(&mut totals[SUM], run[SUM].load(Acquire));
    }
    add_buckets(totals, runs);
}

#[inline]
fn add_buckets<const N: usize>(totals: &mut [u64; RUN_WORDS], runs: [&Run; N]) {
    for (place, total) in totals[..SUM].iter_mut().enumerate() {
        *total = runs.iter().fold(*total, |sum, run| sum.wrapping_add(run[place].load(Relaxed)));
    }
}

#[inline]
fn add_floats(totals: &mut [u64; RUN_WORDS], run: &Run) {
    for (total, word) in totals.iter_mut().zip(run) {
        add_float(total, word.load(Relaxed));
    }
}

#[inline]
fn add_float(total: &mut u64, n: u64) {
    *total = (f64::from_bits(*total) + f64::from_bits(n)).to_bits();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_run_of_each_cell_comes_first() {
        let places = |wanted, runs| {
            places(wanted, Width::Histogram { runs, sum: Sum::Nanos }).collect::<Vec<_>>()
        };
        assert_eq!(places(0b1000_0000_0000_0101, 1), [0, 2, 15]);
        assert_eq!(places(0b1100_0000_0000_0011, 2), [1, 0, 15, 14]);
        assert_eq!(places(0b0000_1111_1111_0000, 4), [7, 6, 5, 4, 11, 10, 9, 8]);
        assert_eq!(places(u16::MAX, 1), (0..16).collect::<Vec<_>>());
        assert_eq!(places(0, 4), []);
    }
}
