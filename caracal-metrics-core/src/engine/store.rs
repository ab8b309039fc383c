//! All cells of the process: the shared words, and the pages of live threads.

use std::sync::atomic::Ordering::{self, Relaxed, Release};

use super::budget::Budget;
use super::carries::Carries;
use super::cell::{Cell, NARROW_BUCKETS, RUN_WORDS, SUM, Sum, Width};
use super::free::{self, Free};
use super::pages::{Pages, Run, bump};
use super::words::Words;
use super::{LONGEST_NANOS, floats};
use crate::sync::{AtomicU64, AtomicUsize, Mutex, RwLock, const_unless_modelled};

/// The maximum number of threads with their own pages at a time. Further threads share words: each thread with
/// pages makes every scrape read more, and in a service with so many threads, most of them are asleep.
pub(super) const MAX_THREADS: usize = if cfg!(caracal_loom) { 1 } else { 1024 };

/// The value of a cell is its shared word plus the word of each live thread.
#[derive(Debug)]
pub(super) struct Store {
    pub(super) shared: Words,
    free: Mutex<Free>,
    pub(super) carries: Carries,
    /// Gauges whose registry was dropped while some of their guards are still alive.
    outlived: Mutex<Vec<Cell>>,
    /// Locked for reading while cells are read, and for writing while a thread's words move to the shared ones.
    /// No reader therefore sees a word twice or misses it.
    pub(super) threads: RwLock<Threads>,
    /// The number of live threads. If it is at the limit, a thread does not try to take the lock.
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
    /// Pages of threads that ended. All words are zero, except floating-point numbers.
    idle: Vec<&'static Pages>,
    /// All pages, in the order in which they were created. Floating-point numbers are always added in this
    /// order. Another order would round to a different sum, and a counter that falls is treated as a restart.
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

    /// Creates a store whose threads can have this number of pages together.
    #[cfg(all(test, not(caracal_loom)))]
    pub(super) fn with_pages(pages: usize) -> Self {
        Self { budget: Budget::of(pages), ..Self::new() }
    }

    /// Returns a cell with the value zero.
    pub(super) fn allocate(&self, width: Width) -> Cell {
        self.free.lock().take(width, |cell| self.shared.reach(cell))
    }

    /// Releases a cell. The caller holds the last reference to it, so everything was recorded before, and
    /// nothing is recorded afterwards.
    pub(super) fn release(&self, cell: Cell, width: Width) {
        let runs = width.runs();
        let first = cell.0 as usize % RUN_WORDS;
        let zero = |words: &[AtomicU64]| {
            words[first..first + width.words()].iter().for_each(|word| word.store(0, Relaxed));
        };
        // The lock is held for all of this: a thread that ends must not add its words of the cell to the shared
        // words after those were set to zero.
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

    /// Releases the cell of a gauge after the last guard has ended, now or in a later call. No further guards
    /// are started.
    pub(super) fn release_gauge(&self, cell: Cell, has_ended: impl Fn(Cell) -> bool) {
        let mut outlived = self.outlived.lock();
        outlived.push(cell);
        for cell in outlived.extract_if(.., |cell| has_ended(*cell)) {
            self.release(cell, Width::Gauge);
        }
    }

    /// Returns pages for a thread, or `None` if the thread must share words: if the limit is reached, or while
    /// the cells are being read, because recording never waits.
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

    /// Creates the page of a cell for the calling thread, and returns whether it exists. Beyond its mebibyte,
    /// and beyond the budget of all threads, a thread shares words.
    pub(super) fn make(&self, pages: &Pages, cell: Cell) -> bool {
        pages.make(cell, &self.budget)
    }

    /// Called when the thread with these pages ends. Its words are added to the shared ones, except
    /// floating-point numbers, which the next thread continues.
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

    /// Sets a word. Threads have no own words of it.
    pub(super) fn set(&self, cell: Cell, value: u64) {
        self.shared.word(cell).store(value, Relaxed);
    }

    /// Counts a duration in a bucket of a histogram with one run, for a thread with these pages.
    #[inline]
    pub(super) fn observe(&self, pages: &Pages, cell: Cell, bucket: usize, nanos: u64) -> bool {
        pages.run(cell).map(|run| self.observe_own(run, cell, bucket, nanos)).is_some()
    }

    /// Counts a duration of at most [`LONGEST_NANOS`] in a bucket of a histogram with one run, in words that
    /// only the calling thread writes.
    #[inline]
    pub(super) fn observe_own(&self, run: &Run, cell: Cell, bucket: usize, nanos: u64) {
        debug_assert!(bucket < NARROW_BUCKETS && nanos <= LONGEST_NANOS);
        bump(&run[bucket % RUN_WORDS], 1, Relaxed);
        self.carries.bump(|| cell, &run[SUM], nanos);
    }

    /// Like [`observe`](Self::observe), for a histogram with this number of runs.
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

    /// Counts a duration in a bucket that all threads share.
    pub(super) fn observe_shared(&self, cell: Cell, runs: usize, bucket: usize, nanos: u64) {
        let [buckets @ .., sum] = self.shared.runs_from(cell, runs) else { return };
        buckets[bucket].fetch_add(1, Relaxed);
        self.carries.add(cell.last_run(runs), sum, nanos);
    }

    /// Adds to the sum of a histogram whose last run starts at this cell, for a thread with these pages.
    #[inline]
    pub(super) fn add_nanos(&self, pages: &Pages, last_run: Cell, nanos: u64) -> bool {
        let sum = pages.run(last_run).map(|run| &run[SUM]);
        sum.map(|sum| self.carries.bump(|| last_run, sum, nanos)).is_some()
    }

    /// Adds to the sum of a histogram with this number of runs. `sum` is the calling thread's word for it.
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

    /// Like [`add_nanos`](Self::add_nanos), in words that all threads share.
    pub(super) fn add_nanos_shared(&self, last_run: Cell, nanos: u64) {
        self.carries.add(last_run, &self.shared.run(last_run)[SUM], nanos);
    }

    /// Counts floating-point numbers with this sum in a bucket, for a thread with these pages.
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

    /// Counts floating-point numbers with this sum in a bucket that all threads share.
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
