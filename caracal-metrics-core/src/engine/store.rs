//! Every cell of the process: the shared words, and the pages of the threads that live.

use std::sync::atomic::Ordering::{self, Acquire, Relaxed};

use super::carries::Carries;
use super::free::Free;
use super::in_flight;
use super::pages::{Pages, Run, bump};
use super::words::Words;
use super::{Cell, HISTOGRAM_BUCKETS, HISTOGRAM_WORDS, HistogramValue, SUM, Width};
use crate::sync::{AtomicUsize, Mutex, RwLock, RwLockReadGuard, const_unless_modelled};

/// Threads that have pages of their own at a time. Those beyond share words: each more makes every
/// scrape read more, and a service with so many threads has most of them asleep.
const MAX_THREADS: usize = if cfg!(caracal_loom) { 1 } else { 128 };

/// What a cell reads is its shared word plus that of each live thread.
#[derive(Debug)]
pub(super) struct Store {
    shared: Words,
    free: Mutex<Free>,
    carries: Carries,
    /// Gauges whose registry is gone while guards that they count are not.
    outlived: Mutex<Vec<Cell>>,
    /// Locked for reading while cells are read, and for writing while a thread's words move to the
    /// shared ones: no reader sees a word twice or not at all.
    threads: RwLock<Threads>,
    /// How many threads are live. A thread that finds it at the limit does not try the lock.
    live: AtomicUsize,
}

#[derive(Debug)]
struct Threads {
    live: Vec<&'static Pages>,
    /// Pages of threads that ended, all zero.
    idle: Vec<&'static Pages>,
}

impl Store {
    const_unless_modelled! {
        pub(super) fn new() -> Self {
            Self {
                shared: Words::none(),
                free: Mutex::new(Free::new()),
                carries: Carries::none(),
                outlived: Mutex::new(Vec::new()),
                threads: RwLock::new(Threads { live: Vec::new(), idle: Vec::new() }),
                live: AtomicUsize::new(0),
            }
        }
    }

    /// A cell that reads zero.
    pub(super) fn allocate(&self, width: Width) -> Cell {
        self.free.lock().take(width, |cell| self.shared.reach(cell))
    }

    /// Takes a cell back. The caller holds the last way to reach it, so that all that was recorded
    /// happened before, and nothing is recorded after.
    pub(super) fn release(&self, cell: Cell, width: Width) {
        let first = cell.0 as usize % HISTOGRAM_WORDS;
        let zero = |run: &Run| {
            run[first..first + width.words()].iter().for_each(|word| word.store(0, Relaxed));
        };
        // All of it under the lock: a thread that ends must not fold what it has of the cell into the
        // shared words after those were zeroed.
        let threads = self.threads.read_recursive();
        zero(self.shared.run(cell));
        for pages in &threads.live {
            pages.run(cell).map(zero);
        }
        drop(threads);
        if width == Width::Histogram {
            self.carries.forget(cell);
        }
        self.free.lock().give_back(cell, width);
    }

    /// Takes back the cell of a gauge once the last guard has ended, now or with a later call. No
    /// guard is begun any more.
    pub(super) fn release_when_zero(&self, cell: Cell) {
        let mut outlived = self.outlived.lock();
        outlived.push(cell);
        let reader = self.reader();
        let gone: Vec<_> = outlived.extract_if(.., |cell| reader.in_flight(*cell) == 0).collect();
        drop(reader);
        for cell in gone {
            self.release(cell, Width::Pair);
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
        let pages = threads.idle.pop().unwrap_or_else(|| Box::leak(Box::new(Pages::none())));
        threads.live.push(pages);
        self.live.store(threads.live.len(), Relaxed);
        Some(pages)
    }

    /// The thread of these pages ends: its words go to the shared ones.
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
        let mut plain = HISTOGRAM_WORDS;
        if self.free.lock().is_histogram(first) {
            self.carries.add(first, &shared[SUM], run[SUM].load(Relaxed));
            plain = HISTOGRAM_BUCKETS;
        }
        for (shared, word) in shared.iter().zip(run).take(plain) {
            shared.fetch_add(word.load(Relaxed), Relaxed);
        }
        for word in run {
            word.store(0, Relaxed);
        }
    }

    /// Adds to a word that all threads share.
    pub(super) fn add_shared(&self, cell: Cell, n: u64, ordering: Ordering) {
        self.shared.word(cell).fetch_add(n, ordering);
    }

    /// Sets a gauge. Nothing is ever added to one that is set, so no thread has a part of it.
    pub(super) fn set(&self, cell: Cell, value: i64) {
        self.shared.word(cell).store(value.cast_unsigned(), Relaxed);
    }

    /// Counts a duration into a bucket, by a thread with these pages.
    #[inline]
    pub(super) fn observe(&self, pages: &Pages, cell: Cell, bucket: usize, nanos: u64) -> bool {
        let Some(run) = pages.run(cell) else { return false };
        bump(&run[bucket], 1, Relaxed);
        self.carries.bump(cell, &run[SUM], nanos);
        true
    }

    /// Counts a duration into a bucket that all threads share.
    pub(super) fn observe_shared(&self, cell: Cell, bucket: usize, nanos: u64) {
        let run = self.shared.run(cell);
        run[bucket].fetch_add(1, Relaxed);
        self.carries.add(cell, &run[SUM], nanos);
    }

    /// Reads cells. Threads that end meanwhile wait; recording does not.
    pub(super) fn reader(&self) -> Reader<'_> {
        Reader { store: self, threads: self.threads.read_recursive() }
    }
}

/// What cells read, as long as no thread's words move.
pub(crate) struct Reader<'a> {
    store: &'a Store,
    threads: RwLockReadGuard<'a, Threads>,
}

impl Reader<'_> {
    /// The value of a counter that these cells make up, modulo 2^64.
    pub(crate) fn counter(&self, cells: &[Cell]) -> u64 {
        cells.iter().fold(0, |sum, cell| sum.wrapping_add(self.word(*cell, Relaxed)))
    }

    /// The value of a gauge that is set, as the sum of these cells.
    pub(crate) fn gauge(&self, cells: &[Cell]) -> i64 {
        let set = cells.iter().map(|cell| self.store.shared.word(*cell).load(Relaxed));
        set.fold(0, |sum, value| sum.saturating_add(value.cast_signed()))
    }

    /// How many guards this gauge counts. What is read afterwards has all that was recorded before
    /// the guards ended that are no longer counted.
    pub(crate) fn in_flight(&self, gauge: Cell) -> u64 {
        in_flight::read(|| self.word(gauge, Acquire), || self.word(gauge.ended(), Acquire))
    }

    /// The value of a histogram that these cells make up.
    pub(crate) fn histogram(&self, cells: &[Cell]) -> HistogramValue {
        let mut value = HistogramValue::default();
        for cell in cells {
            // Before the buckets: see `Carries::whole`.
            value.sum_nanos +=
                self.store.carries.whole(*cell, || self.runs(*cell).map(|run| &run[SUM]));
            for run in self.runs(*cell) {
                for (bucket, word) in value.buckets.iter_mut().zip(run) {
                    *bucket += word.load(Relaxed);
                }
            }
        }
        value
    }

    fn word(&self, cell: Cell, ordering: Ordering) -> u64 {
        let own = self.threads.live.iter().filter_map(|pages| pages.word(cell));
        own.fold(self.store.shared.word(cell).load(ordering), |sum, word| {
            sum.wrapping_add(word.load(ordering))
        })
    }

    fn runs(&self, cell: Cell) -> impl Iterator<Item = &Run> {
        let own = self.threads.live.iter().filter_map(move |pages| pages.run(cell));
        std::iter::once(self.store.shared.run(cell)).chain(own)
    }
}
