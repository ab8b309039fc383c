//! The calling thread's own words, to be kept at hand.
//!
//! A cell's words of a thread never move, so a thread that has found them once need not look for them
//! again. Two things end this:
//!
//! - The thread gives up its pages, which another thread then goes on with. That happens before the last
//!   destructors of thread-locals run, and those may record. So whoever keeps own words says how they
//!   are forgotten, and the engine calls that before the pages are given up. From then on a thread
//!   has no words of its own.
//! - The cell is released and given out again, perhaps to another registry. The words then are those of
//!   the new holder's, also for this thread. So what is kept must be found by something that is never used
//!   again after the cell was released, such as the number of a family's label sets, or by the cell itself.
//!
//! Own words are not `Send`: only the thread that asked for them may write them.

use std::cell;
use std::marker::PhantomData;
use std::sync::atomic::Ordering::{Relaxed, Release};

use super::cell::{Cell, GAUGE_WORDS, RUN_WORDS, SUM};
use super::floats;
use super::local;
use super::pages::{Pages, Run, bump};
use super::store::STORE;
use crate::sync::AtomicU64;

/// Gauges whose guards a thread keeps at hand: those of the layers, and some of the user's.
const GAUGES: usize = 8;

thread_local! {
    static FORGET: cell::Cell<fn()> = const { cell::Cell::new(|| ()) };
}

#[cfg(not(caracal_loom))]
thread_local! {
    /// Each at the place of its cell.
    static OWN_GAUGES: [cell::Cell<OwnGauge>; GAUGES] =
        const { [const { cell::Cell::new(OwnGauge { gauge: Cell::NONE, begun_and_ended: &NO_WORDS }) }; GAUGES] };
}

/// The words of no gauge, so that a lookup compares the gauge and nothing else.
#[cfg(not(caracal_loom))]
static NO_WORDS: [AtomicU64; 2] = [const { AtomicU64::new(0) }; 2];
// Only for the crate to compile: the models have threads of their own.
#[cfg(caracal_loom)]
static NO_WORDS: std::sync::LazyLock<[AtomicU64; 2]> = std::sync::LazyLock::new(Default::default);

#[cfg(caracal_loom)]
thread_local! {
    static OWN_GAUGES: [cell::Cell<OwnGauge>; GAUGES] =
        std::array::from_fn(|_| cell::Cell::new(OwnGauge::none()));
}

/// The words of a gauge that count its guards.
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

/// This thread's words of the guards of a gauge that were begun and that ended, if it counted a guard of
/// the gauge lately.
#[inline]
pub(super) fn guards(gauge: Cell) -> Option<&'static [AtomicU64; 2]> {
    let own = OwnGauge::with(gauge, cell::Cell::get);
    (own.gauge == gauge).then_some(own.begun_and_ended)
}

/// Keeps the thread's words of the guards of a gauge, if it has some, for the next time.
pub(super) fn keep_guards(gauge: Cell) {
    if let Some(words) = local::pages().guards(gauge) {
        OwnGauge::with(gauge, |own| own.set(OwnGauge { gauge, begun_and_ended: words }));
    }
}

/// The word of a counter that this thread alone writes, until it gives it up.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OwnWord {
    word: &'static AtomicU64,
    not_send: PhantomData<*const ()>,
}

impl OwnWord {
    /// Of a thread with these pages.
    #[inline]
    pub(super) fn of(pages: &'static Pages, cell: Cell) -> Option<Self> {
        Some(Self { word: pages.word(cell)?, not_send: PhantomData })
    }

    /// Adds to the counter. At 2^64 it goes on from zero.
    #[inline]
    pub(crate) fn add(self, n: u64) {
        bump(self.word, n, Relaxed);
    }
}

/// The words of a histogram of one run, with a sum in nanoseconds, that this thread alone writes, until
/// it gives them up.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OwnHistogram {
    run: &'static Run,
    not_send: PhantomData<*const ()>,
}

impl OwnHistogram {
    /// Of a thread with these pages.
    #[inline]
    pub(super) fn of(pages: &'static Pages, cell: Cell) -> Option<Self> {
        Some(Self { run: pages.run(cell)?, not_send: PhantomData })
    }

    /// Counts a duration of at most [`LONGEST_NANOS`](super::LONGEST_NANOS) into a bucket. The cell is
    /// the one that these words were asked for with.
    #[inline]
    pub(crate) fn observe(self, cell: Cell, bucket: usize, nanos: u64) {
        STORE.observe_own(self.run, cell, bucket, nanos);
    }
}

/// Where a thread has its words, until it gives them up. None of a thread that has recorded nothing yet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OwnPages {
    pages: &'static Pages,
    not_send: PhantomData<*const ()>,
}

impl OwnPages {
    /// The words of a histogram of one run, if there are some.
    #[inline]
    pub(crate) fn histogram(self, cell: Cell) -> Option<OwnHistogram> {
        OwnHistogram::of(self.pages, cell)
    }

    /// What was [kept](Self::keep_intervals) with this key lately.
    #[inline]
    pub(crate) fn intervals(self, key: u64) -> Option<OwnIntervals> {
        let (run, sum) = self.pages.at_hand(key)?;
        Some(OwnIntervals { run, sum, not_send: PhantomData })
    }

    /// The words of a run and of the sum of a histogram of so many runs, if there are some. They are kept for
    /// [`intervals`](Self::intervals), also for the next thread that goes on with the pages: nobody uses the
    /// key again once one of the cells was released.
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

/// A [run](super::Width::Run) and the sum of a histogram that this thread alone writes, until it gives them
/// up.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OwnIntervals {
    run: &'static Run,
    sum: &'static AtomicU64,
    not_send: PhantomData<*const ()>,
}

impl OwnIntervals {
    /// Counts a duration of at most [`LONGEST_NANOS`](super::LONGEST_NANOS) into the word at this place.
    /// `histogram` says the cell and the number of runs that these words were asked for with.
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

    /// Counts so many floating-point numbers with this sum into the word at this place.
    #[inline]
    pub(crate) fn observe_floats(self, place: usize, count: u64, sum: f64) {
        bump(&self.run[place % RUN_WORDS], count, Relaxed);
        floats::bump(self.sum, sum, Release);
    }
}

/// This thread's word of a counter, or `None` where it has none: before it has recorded into the cell,
/// where all threads share the word, and once the thread has given up its words. Recording then is
/// [`add`](super::add), after which there may be one.
///
/// `forget` makes the calling thread forget all own words that it keeps. It is called at most once, on
/// this thread, before its words are given up. There is one such function for a thread: all
/// callers pass the same.
#[inline]
pub(crate) fn own_word(cell: Cell, forget: fn()) -> Option<OwnWord> {
    let own = OwnWord::of(local::pages(), cell)?;
    FORGET.set(forget);
    Some(own)
}

/// Where the calling thread has its words, to be used at once.
#[inline]
pub(crate) fn own_pages() -> OwnPages {
    OwnPages { pages: local::pages(), not_send: PhantomData }
}

/// This thread's words of a histogram of one run, as [`own_word`].
#[inline]
pub(crate) fn own_histogram(cell: Cell, forget: fn()) -> Option<OwnHistogram> {
    let own = OwnHistogram::of(local::pages(), cell)?;
    FORGET.set(forget);
    Some(own)
}

/// Where this thread has its words, if it has some of a cell, as [`own_word`].
pub(crate) fn own_pages_of(cell: Cell, forget: fn()) -> Option<OwnPages> {
    let pages = own_pages();
    pages.pages.run(cell)?;
    FORGET.set(forget);
    Some(pages)
}

/// The thread is about to give up its words.
pub(super) fn forget() {
    OWN_GAUGES.with(|gauges| gauges.iter().for_each(|own| own.set(OwnGauge::none())));
    FORGET.replace(|| ())();
}
