//! Every cell of the process: the shared words, and the pages of the threads that live.

use std::sync::atomic::Ordering::{self, Relaxed, Release};

use super::budget::Budget;
use super::carries::Carries;
use super::cell::{Cell, NARROW_BUCKETS, RUN_WORDS, SUM, Sum, Width};
use super::free::{self, Free};
use super::pages::{Pages, Run, bump};
use super::words::Words;
use super::{LONGEST_NANOS, floats};
use crate::sync::{AtomicU64, AtomicUsize, Mutex, RwLock, const_unless_modelled};

/// Threads that have pages of their own at a time. Those beyond share words: each more makes every
/// scrape read more, and a service with so many threads has most of them asleep.
pub(super) const MAX_THREADS: usize = if cfg!(caracal_loom) { 1 } else { 1024 };

/// What a cell reads is its shared word plus that of each live thread.
#[derive(Debug)]
pub(super) struct Store {
    pub(super) shared: Words,
    free: Mutex<Free>,
    pub(super) carries: Carries,
    /// Gauges whose registry is gone while guards that they count are not.
    outlived: Mutex<Vec<Cell>>,
    /// Locked for reading while cells are read, and for writing while a thread's words move to the
    /// shared ones: no reader sees a word twice or not at all.
    pub(super) threads: RwLock<Threads>,
    /// How many threads are live. A thread that finds it at the limit does not try the lock.
    live: AtomicUsize,
    budget: Budget,
}

#[cfg(not(caracal_loom))]
pub(super) static STORE: Store = Store::new();
#[cfg(caracal_loom)]
pub(super) static STORE: std::sync::LazyLock<Store> = std::sync::LazyLock::new(Store::new);

#[derive(Debug)]
pub(super) struct Threads {
    pub(super) live: Vec<&'static Pages>,
    /// Pages of threads that ended, all zero but for floating-point numbers.
    idle: Vec<&'static Pages>,
    /// Both, in the order in which they were made. Floating-point numbers are always added in this
    /// order: in another one, the sum would be rounded to something else, and a counter that falls
    /// is taken for a restart.
    pub(super) made: Vec<&'static Pages>,
}

impl Store {
    const_unless_modelled! {
        pub(super) fn new() -> Self {
            Self {
                shared: Words::none(),
                free: Mutex::new(Free::new()),
                carries: Carries::none(),
                outlived: Mutex::new(Vec::new()),
                threads: RwLock::new(Threads {
                    live: Vec::new(),
                    idle: Vec::new(),
                    made: Vec::new(),
                }),
                live: AtomicUsize::new(0),
                budget: Budget::whole(),
            }
        }
    }

    /// Whose threads have so many pages together.
    #[cfg(all(test, not(caracal_loom)))]
    pub(super) fn with_pages(pages: usize) -> Self {
        Self { budget: Budget::of(pages), ..Self::new() }
    }

    /// A cell that reads zero.
    pub(super) fn allocate(&self, width: Width) -> Cell {
        self.free.lock().take(width, |cell| self.shared.reach(cell))
    }

    /// Takes a cell back. The caller holds the last way to reach it, so that all that was recorded
    /// happened before, and nothing is recorded after.
    pub(super) fn release(&self, cell: Cell, width: Width) {
        let runs = width.words().div_ceil(RUN_WORDS);
        let first = cell.0 as usize % RUN_WORDS;
        let zero = |words: &[AtomicU64]| {
            words[first..first + width.words()].iter().for_each(|word| word.store(0, Relaxed));
        };
        // All of it under the lock: a thread that ends must not fold what it has of the cell into the
        // shared words after those were zeroed.
        let threads = self.threads.read_recursive();
        zero(self.shared.runs_from(cell, runs));
        for pages in &threads.made {
            pages.runs_from(cell, runs).map(zero);
        }
        drop(threads);
        if let Width::Histogram { sum: Sum::Nanos, .. } = width {
            self.carries.forget(cell.last_run(runs));
        }
        self.free.lock().give_back(cell, width);
    }

    /// Takes back the cell of a gauge once the last guard has ended, now or with a later call. No
    /// guard is begun any more.
    pub(super) fn release_gauge(&self, cell: Cell, has_ended: impl Fn(Cell) -> bool) {
        let mut outlived = self.outlived.lock();
        outlived.push(cell);
        for cell in outlived.extract_if(.., |cell| has_ended(*cell)) {
            self.release(cell, Width::Gauge);
        }
    }

    /// Pages for a thread, or `None` where it is to share words: past the limit, and while somebody
    /// reads, since recording waits for nobody.
    pub(super) fn enter(&self) -> Option<&'static Pages> {
        if self.live.load(Relaxed) >= MAX_THREADS {
            return None;
        }
        let mut threads = self.threads.try_write()?;
        if threads.live.len() >= MAX_THREADS {
            return None;
        }
        let idle = threads.idle.pop();
        let pages = idle.unwrap_or_else(|| {
            let pages = Box::leak(Box::new(Pages::none()));
            threads.made.push(pages);
            pages
        });
        threads.live.push(pages);
        self.live.store(threads.live.len(), Relaxed);
        Some(pages)
    }

    /// Makes the page of a cell for the calling thread, and says whether it has one: beyond its
    /// mebibyte, and beyond what all threads may have together, it shares words.
    pub(super) fn make(&self, pages: &Pages, cell: Cell) -> bool {
        pages.make(cell, &self.budget)
    }

    /// The thread of these pages ends: its words go to the shared ones, but for floating-point
    /// numbers, which the next thread goes on with.
    pub(super) fn leave(&self, pages: &'static Pages) {
        let mut threads = self.threads.write();
        threads.live.retain(|live| !std::ptr::eq(*live, pages));
        self.live.store(threads.live.len(), Relaxed);
        for (first, run) in pages.runs() {
            if run.iter().any(|word| word.load(Relaxed) != 0) {
                self.fold(first, run);
            }
        }
        threads.idle.push(pages);
    }

    fn fold(&self, first: Cell, run: &Run) {
        let shared = self.shared.run(first);
        let folded = match self.free.lock().run(first) {
            free::Run::Floats => 0,
            free::Run::Integers => RUN_WORDS,
            free::Run::Histogram(Sum::Float) => SUM,
            free::Run::Histogram(Sum::Nanos) => {
                self.carries.add(first, &shared[SUM], run[SUM].swap(0, Relaxed));
                SUM
            }
        };
        for (shared, word) in shared.iter().zip(run).take(folded) {
            shared.fetch_add(word.swap(0, Relaxed), Relaxed);
        }
    }

    /// Adds to a word that all threads share.
    pub(super) fn add_shared(&self, cell: Cell, n: u64, ordering: Ordering) {
        self.shared.word(cell).fetch_add(n, ordering);
    }

    /// Adds to a floating-point number that all threads share.
    pub(super) fn add_float_shared(&self, cell: Cell, n: f64) {
        floats::add(self.shared.word(cell), n);
    }

    /// Sets a word to which no thread adds on its own.
    pub(super) fn set(&self, cell: Cell, value: u64) {
        self.shared.word(cell).store(value, Relaxed);
    }

    /// Counts a duration into a bucket of a histogram of one run, by a thread with these pages.
    #[inline]
    pub(super) fn observe(&self, pages: &Pages, cell: Cell, bucket: usize, nanos: u64) -> bool {
        pages.run(cell).map(|run| self.observe_own(run, cell, bucket, nanos)).is_some()
    }

    /// Counts a duration of at most [`LONGEST_NANOS`] into a bucket of a histogram of one run, in words
    /// that the calling thread alone writes.
    #[inline]
    pub(super) fn observe_own(&self, run: &Run, cell: Cell, bucket: usize, nanos: u64) {
        debug_assert!(bucket < NARROW_BUCKETS && nanos <= LONGEST_NANOS);
        bump(&run[bucket % RUN_WORDS], 1, Relaxed);
        self.carries.bump(|| cell, &run[SUM], nanos);
    }

    /// As [`observe`](Self::observe), for a histogram of so many runs.
    pub(super) fn observe_wide(
        &self,
        pages: &Pages,
        cell: Cell,
        runs: usize,
        bucket: usize,
        nanos: u64,
    ) -> bool {
        let Some([buckets @ .., sum]) = pages.runs_from(cell, runs) else { return false };
        bump(&buckets[bucket], 1, Relaxed);
        self.carries.bump(|| cell.last_run(runs), sum, nanos);
        true
    }

    /// Counts a duration into a bucket that all threads share.
    pub(super) fn observe_shared(&self, cell: Cell, runs: usize, bucket: usize, nanos: u64) {
        let [buckets @ .., sum] = self.shared.runs_from(cell, runs) else { return };
        buckets[bucket].fetch_add(1, Relaxed);
        self.carries.add(cell.last_run(runs), sum, nanos);
    }

    /// Adds to the sum of a histogram whose last run begins here, by a thread with these pages.
    #[inline]
    pub(super) fn add_nanos(&self, pages: &Pages, last_run: Cell, nanos: u64) -> bool {
        let sum = pages.run(last_run).map(|run| &run[SUM]);
        sum.map(|sum| self.carries.bump(|| last_run, sum, nanos)).is_some()
    }

    /// Adds to the sum of a histogram, in the word of the calling thread's that is its sum. `histogram` says its
    /// cell and how many runs it has.
    #[inline]
    pub(super) fn bump_sum(
        &self,
        histogram: impl FnOnce() -> (Cell, usize),
        sum: &AtomicU64,
        nanos: u64,
    ) {
        let last_run = || {
            let (cell, runs) = histogram();
            cell.last_run(runs)
        };
        self.carries.bump(last_run, sum, nanos);
    }

    /// As [`add_nanos`](Self::add_nanos), where all threads share the words.
    pub(super) fn add_nanos_shared(&self, last_run: Cell, nanos: u64) {
        self.carries.add(last_run, &self.shared.run(last_run)[SUM], nanos);
    }

    /// Counts floating-point numbers with this sum into a bucket, by a thread with these pages.
    #[inline]
    pub(super) fn observe_float(
        pages: &Pages,
        cell: Cell,
        runs: usize,
        bucket: usize,
        count: u64,
        sum: f64,
    ) -> bool {
        let Some([buckets @ .., total]) = pages.runs_from(cell, runs) else { return false };
        bump(&buckets[bucket], count, Relaxed);
        floats::bump(total, sum, Release);
        true
    }

    /// Counts floating-point numbers with this sum into a bucket that all threads share.
    pub(super) fn observe_float_shared(
        &self,
        cell: Cell,
        runs: usize,
        bucket: usize,
        count: u64,
        sum: f64,
    ) {
        let [buckets @ .., total] = self.shared.runs_from(cell, runs) else { return };
        buckets[bucket].fetch_add(count, Relaxed);
        floats::add(total, sum);
    }
}
