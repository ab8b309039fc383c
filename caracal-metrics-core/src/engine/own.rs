//! The calling thread's own words, for callers that keep them.
//!
//! A thread's words of a cell never move, so a thread that has found them once does not have to search for them
//! again. Two events end this:
//!
//! - The thread gives up its pages, and another thread then uses them. This happens before the last destructors
//!   of thread-locals run, which may record. A caller that keeps own words therefore provides a function that
//!   forgets them. The engine calls this function before it gives up the pages. After that, the thread has no
//!   words of its own.
//! - The cell is released and allocated again, perhaps to another registry. The words of this thread then
//!   belong to the new owner, too. Kept words must therefore be found by something that is never used again
//!   after the cell was released, such as the number of a label set in a family, or by the cell itself.
//!
//! Own words are not `Send`: only the thread that requested them may write them.

use std::cell;
use std::marker::PhantomData;
use std::sync::atomic::Ordering::{Relaxed, Release};

use super::cell::{Cell, GAUGE_WORDS, RUN_WORDS, SUM};
use super::floats;
use super::local;
use super::pages::{Pages, Run, bump};
use super::store::STORE;
use crate::sync::AtomicU64;

/// The number of gauges whose guard words a thread keeps. This is enough for those of the layers, and for some
/// gauges of the user.
const GAUGES: usize = 8;

thread_local! {
    static FORGET: cell::Cell<fn()> = const { cell::Cell::new(|| ()) };
}

#[cfg(not(caracal_loom))]
thread_local! {
    /// Each gauge is at the index of its cell.
    static OWN_GAUGES: [cell::Cell<OwnGauge>; GAUGES] =
        const { [const { cell::Cell::new(OwnGauge { gauge: Cell::NONE, begun_and_ended: &NO_WORDS }) }; GAUGES] };
}

/// The words of no gauge, so that a lookup only has to compare the gauge.
#[cfg(not(caracal_loom))]
static NO_WORDS: [AtomicU64; 2] = [const { AtomicU64::new(0) }; 2];
// This is only needed to compile the crate: the models have their own threads.
#[cfg(caracal_loom)]
static NO_WORDS: std::sync::LazyLock<[AtomicU64; 2]> = std::sync::LazyLock::new(Default::default);

#[cfg(caracal_loom)]
thread_local! {
    static OWN_GAUGES: [cell::Cell<OwnGauge>; GAUGES] =
        std::array::from_fn(|_| cell::Cell::new(OwnGauge::none()));
}

/// The words that count the guards of a gauge.
#[derive(Clone, Copy, Debug)]
struct OwnGauge {
    gauge: Cell,
    begun_and_ended: &'static [AtomicU64; 2],
}

impl OwnGauge {
    fn none() -> Self {
        Self { gauge: Cell::NONE, begun_and_ended: &NO_WORDS }
    }

    #[inline]
    fn with<T>(gauge: Cell, take: impl FnOnce(&cell::Cell<Self>) -> T) -> T {
        OWN_GAUGES.with(|gauges| take(&gauges[gauge.0 as usize / GAUGE_WORDS % GAUGES]))
    }
}

/// Returns this thread's words for the started and the ended guards of a gauge, if it has counted a guard of
/// the gauge recently.
#[inline]
pub(super) fn guards(gauge: Cell) -> Option<&'static [AtomicU64; 2]> {
    let own = OwnGauge::with(gauge, cell::Cell::get);
    (own.gauge == gauge).then_some(own.begun_and_ended)
}

/// Keeps the thread's words for the guards of a gauge, if it has some.
pub(super) fn keep_guards(gauge: Cell) {
    if let Some(words) = local::pages().guards(gauge) {
        OwnGauge::with(gauge, |own| own.set(OwnGauge { gauge, begun_and_ended: words }));
    }
}

/// The word of a counter that only this thread writes, until the thread gives it up.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OwnWord {
    word: &'static AtomicU64,
    not_send: PhantomData<*const ()>,
}

impl OwnWord {
    /// Returns the word of a thread with these pages.
    #[inline]
    pub(super) fn of(pages: &'static Pages, cell: Cell) -> Option<Self> {
        Some(Self { word: pages.word(cell)?, not_send: PhantomData })
    }

    /// Adds to the counter, modulo 2^64.
    #[inline]
    pub(crate) fn add(self, n: u64) {
        bump(self.word, n, Relaxed);
    }
}

/// The words of a histogram with one run and a sum in nanoseconds. Only this thread writes them, until it gives
/// them up.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OwnHistogram {
    run: &'static Run,
    not_send: PhantomData<*const ()>,
}

impl OwnHistogram {
    /// Returns the words of a thread with these pages.
    #[inline]
    pub(super) fn of(pages: &'static Pages, cell: Cell) -> Option<Self> {
        Some(Self { run: pages.run(cell)?, not_send: PhantomData })
    }

    /// Counts a duration of at most [`LONGEST_NANOS`](super::LONGEST_NANOS) in a bucket. The cell must be the
    /// one for which these words were requested.
    #[inline]
    pub(crate) fn observe(self, cell: Cell, bucket: usize, nanos: u64) {
        STORE.observe_own(self.run, cell, bucket, nanos);
    }
}

/// The pages that contain a thread's words, until the thread gives them up. They are empty for a thread that
/// has not recorded anything yet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OwnPages {
    pages: &'static Pages,
    not_send: PhantomData<*const ()>,
}

impl OwnPages {
    /// Returns the thread's words of a histogram with one run, if it has some.
    #[inline]
    pub(crate) fn histogram(self, cell: Cell) -> Option<OwnHistogram> {
        OwnHistogram::of(self.pages, cell)
    }

    /// Returns the words that were [kept](Self::keep_intervals) with this key, if no others have replaced
    /// them.
    #[inline]
    pub(crate) fn intervals(self, key: u64) -> Option<OwnIntervals> {
        let (run, sum) = self.pages.at_hand(key)?;
        Some(OwnIntervals { run, sum, not_send: PhantomData })
    }

    /// Returns the thread's words of a run, and of the sum of a histogram with this number of runs, if it has
    /// some. Keeps them for [`intervals`](Self::intervals), also for the next thread that uses these pages.
    /// The caller must not use the key again after one of the cells was released.
    pub(crate) fn keep_intervals(
        self,
        key: u64,
        run: Cell,
        histogram: Cell,
        runs: usize,
    ) -> Option<OwnIntervals> {
        let (run, last_run) = (self.pages.run(run)?, self.pages.run(histogram.last_run(runs))?);
        let sum = &last_run[SUM];
        self.pages.keep_at_hand(key, run, sum);
        Some(OwnIntervals { run, sum, not_send: PhantomData })
    }
}

/// A [run](super::Width::Run) and the sum of a histogram. Only this thread writes them, until it gives them
/// up.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OwnIntervals {
    run: &'static Run,
    sum: &'static AtomicU64,
    not_send: PhantomData<*const ()>,
}

impl OwnIntervals {
    /// Counts a duration of at most [`LONGEST_NANOS`](super::LONGEST_NANOS) in the word with this index. The
    /// histogram must be the one for which these words were requested.
    #[inline]
    pub(crate) fn observe(
        self,
        histogram: impl FnOnce() -> (Cell, usize),
        place: usize,
        nanos: u64,
    ) {
        debug_assert!(nanos <= super::LONGEST_NANOS);
        bump(&self.run[place % RUN_WORDS], 1, Relaxed);
        STORE.bump_sum(histogram, self.sum, nanos);
    }

    /// Counts `count` floating-point numbers with this sum in the word with this index.
    #[inline]
    pub(crate) fn observe_floats(self, place: usize, count: u64, sum: f64) {
        bump(&self.run[place % RUN_WORDS], count, Relaxed);
        floats::bump(self.sum, sum, Release);
    }
}

/// Returns this thread's word of a counter, or `None` if it has none: before it has recorded into the cell,
/// if all threads share the word, and after the thread has given up its words. In this case, record with
/// [`add`](super::add). After that, there may be a word.
///
/// `forget` makes the calling thread forget all own words that it keeps. It is called at most once, on this
/// thread, before the thread gives up its words. There is only one such function per thread, so all callers
/// must pass the same one.
#[inline]
pub(crate) fn own_word(cell: Cell, forget: fn()) -> Option<OwnWord> {
    let own = OwnWord::of(local::pages(), cell)?;
    FORGET.set(forget);
    Some(own)
}

/// Returns this thread's pages. The caller must use them immediately.
#[inline]
pub(crate) fn own_pages() -> OwnPages {
    OwnPages { pages: local::pages(), not_send: PhantomData }
}

/// Returns this thread's words of a histogram with one run. The rules are those of [`own_word`].
#[inline]
pub(crate) fn own_histogram(cell: Cell, forget: fn()) -> Option<OwnHistogram> {
    let own = OwnHistogram::of(local::pages(), cell)?;
    FORGET.set(forget);
    Some(own)
}

/// Returns this thread's pages, if they contain words of a cell. The rules are those of [`own_word`].
pub(crate) fn own_pages_of(cell: Cell, forget: fn()) -> Option<OwnPages> {
    let pages = own_pages();
    pages.pages.run(cell)?;
    FORGET.set(forget);
    Some(pages)
}

/// Called when the thread is about to give up its words.
pub(super) fn forget() {
    OWN_GAUGES.with(|gauges| gauges.iter().for_each(|own| own.set(OwnGauge::none())));
    FORGET.replace(|| ())();
}
