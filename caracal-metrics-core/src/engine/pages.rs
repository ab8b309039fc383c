//! The words that only one thread writes.
//!
//! A single writer needs no locked instruction: it loads, adds and stores. Others only read, except
//! [`Store::leave`](super::store::Store::leave) and `release`, which write when the owner can't.

use std::ptr;
use std::sync::atomic::Ordering::{self, Acquire, Relaxed, Release};

use super::budget::Budget;
use super::cell::{Cell, RUN_WORDS};
use crate::sync::{AtomicPtr, AtomicU64, const_unless_modelled};

/// The number of runs in a page. Two kibibytes are enough for all counters of most services.
pub(super) const PAGE_RUNS: usize = if cfg!(caracal_loom) { 1 } else { 16 };
const PAGE_WORDS: usize = PAGE_RUNS * RUN_WORDS;
pub(super) const PAGE_BYTES: usize = PAGE_WORDS * size_of::<u64>();

/// The maximum number of pages of a thread: one mebibyte. All threads share the words of further cells.
const PAGES: usize = if cfg!(caracal_loom) { 2 } else { 512 };

/// Words whose first index is a multiple of their number.
pub(super) type Run = [AtomicU64; RUN_WORDS];

const CACHE_LINE: usize = 64;

/// The pages of two threads never share a cache line.
#[derive(Debug)]
#[repr(align(64))]
struct Page([Run; PAGE_RUNS]);

const _: () = assert!(align_of::<Page>() == CACHE_LINE);

impl Page {
    fn zeroed() -> Self {
        Self(std::array::from_fn(|_| std::array::from_fn(|_| AtomicU64::new(0))))
    }
}

/// A thread's words, in pages that are created when they are first used. A page is never freed: the next thread
/// uses it.
#[derive(Debug)]
pub(super) struct Pages {
    pages: [AtomicPtr<Page>; PAGES],
    at_hand: AtHand,
}

impl Pages {
    const_unless_modelled! {
        /// Creates an empty list of pages.
        pub(super) fn none() -> Self {
            #[cfg(not(caracal_loom))]
            let pages = [const { AtomicPtr::new(ptr::null_mut()) }; PAGES];
            #[cfg(caracal_loom)]
            let pages = std::array::from_fn(|_| AtomicPtr::new(ptr::null_mut()));
            Self { pages, at_hand: AtHand::empty() }
        }
    }

    /// Returns whether a thread can have its own words for this cell.
    pub(super) fn may_hold(cell: Cell) -> bool {
        page_of(cell) < PAGES
    }

    /// Returns the words around a cell, if its page exists.
    #[inline]
    pub(super) fn run(&self, cell: Cell) -> Option<&Run> {
        let page = self.page(page_of(cell))?;
        Some(&page.0[cell.0 as usize / RUN_WORDS % PAGE_RUNS])
    }

    /// Returns the words of `runs` runs starting at a cell, if their page exists. A cell with several runs
    /// starts at a multiple of their number, so they are in one page.
    #[inline]
    pub(super) fn runs_from(&self, cell: Cell, runs: usize) -> Option<&[AtomicU64]> {
        let page = self.page(page_of(cell))?;
        let first = cell.0 as usize / RUN_WORDS % PAGE_RUNS;
        Some(page.0[first..first + runs].as_flattened())
    }

    /// Returns the runs of a page, if it exists.
    #[inline]
    pub(super) fn runs_of(&self, page: usize) -> Option<&[Run; PAGE_RUNS]> {
        Some(&self.page(page)?.0)
    }

    /// Returns the word of a cell, if its page exists.
    #[inline]
    pub(super) fn word(&self, cell: Cell) -> Option<&AtomicU64> {
        let page = self.page(page_of(cell))?;
        Some(&page.0.as_flattened()[cell.0 as usize % PAGE_WORDS])
    }

    /// Returns the words for the started and the ended guards of a gauge, if their page exists.
    pub(super) fn guards(&self, gauge: Cell) -> Option<&[AtomicU64; 2]> {
        self.run(gauge)?[gauge.0 as usize % RUN_WORDS..].first_chunk()
    }

    /// Adds to the word of a cell if its page exists, and returns whether it does. `ordering` is the ordering
    /// of the store.
    #[inline]
    pub(super) fn add(&self, cell: Cell, n: u64, ordering: Ordering) -> bool {
        self.word(cell).map(|word| bump(word, n, ordering)).is_some()
    }

    #[inline]
    fn page(&self, number: usize) -> Option<&Page> {
        // Acquire: a thread that sees the page also sees its zeros.
        let page = self.pages.get(number)?.load(Acquire);
        // SAFETY: the pointer is null or comes from `Box::leak` in `make`, so it is valid for reads forever,
        // and the page behind it is only ever borrowed as shared.
        unsafe { page.as_ref() }
    }

    /// Creates the page of a cell, if it does not exist, and returns whether there is one. There is none if a
    /// thread can't have it or if the budget is used up. Only the owner calls this, so a page is never created
    /// twice.
    pub(super) fn make(&self, cell: Cell, budget: &Budget) -> bool {
        let Some(slot) = self.pages.get(page_of(cell)) else { return false };
        if slot.load(Relaxed).is_null() {
            if !budget.take() {
                return false;
            }
            slot.store(Box::leak(Box::new(Page::zeroed())), Release);
        }
        true
    }

    /// Returns the words that were kept with this key, if no others have replaced them.
    #[inline]
    pub(super) fn at_hand(&self, key: u64) -> Option<(&'static Run, &'static AtomicU64)> {
        debug_assert_ne!(key, NO_KEY);
        let place = self.at_hand.place(key);
        if place.inverted_key.load(Relaxed) != !key {
            return None;
        }
        let (run, sum) = (place.run.load(Relaxed), place.sum.load(Relaxed));
        // SAFETY: an empty place has the key `NO_KEY`, which nobody looks up. In any other place, the pointers
        // come from `'static` references in `keep_at_hand`.
        Some(unsafe { (&*run, &*sum) })
    }

    /// Keeps words of these pages for the next time, and drops the ones that had their place. Only the owner
    /// calls this.
    pub(super) fn keep_at_hand(&self, key: u64, run: &'static Run, sum: &'static AtomicU64) {
        let place = self.at_hand.place(key);
        place.inverted_key.store(!key, Relaxed);
        place.run.store(ptr::from_ref(run).cast_mut(), Relaxed);
        place.sum.store(ptr::from_ref(sum).cast_mut(), Relaxed);
    }

    /// Returns every run whose page exists, with the cell of its first word.
    pub(super) fn runs(&self) -> impl Iterator<Item = (Cell, &Run)> {
        (0..PAGES).filter_map(|number| Some((number, self.page(number)?))).flat_map(
            |(number, page)| {
                page.0.iter().enumerate().map(move |(place, run)| {
                    let word = number * PAGE_WORDS + place * RUN_WORDS;
                    (Cell(word as u32), run)
                })
            },
        )
    }
}

/// The number of places for the words that a thread keeps at hand. They take 1.5 kibibytes. The low bits of a
/// key determine its place.
pub(crate) const AT_HAND: usize = 64;

/// Words of these pages that the owner found recently: runs of integers, each with the sum of a histogram.
///
/// The next thread that uses the pages uses these words, too. Only the owner accesses them, so the atomics
/// need no ordering.
#[derive(Debug)]
struct AtHand([Place; AT_HAND]);

#[derive(Debug)]
struct Place {
    /// Inverted, so that an empty place is all zeros. The empty list of pages then takes no bytes of a program.
    inverted_key: std::sync::atomic::AtomicU64,
    run: std::sync::atomic::AtomicPtr<Run>,
    sum: std::sync::atomic::AtomicPtr<AtomicU64>,
}

/// No words have this key.
const NO_KEY: u64 = u64::MAX;

impl AtHand {
    const fn empty() -> Self {
        Self([const { Place::empty() }; AT_HAND])
    }

    #[inline]
    fn place(&self, key: u64) -> &Place {
        &self.0[key as usize % AT_HAND]
    }
}

impl Place {
    const fn empty() -> Self {
        Self {
            inverted_key: std::sync::atomic::AtomicU64::new(!NO_KEY),
            run: std::sync::atomic::AtomicPtr::new(ptr::null_mut()),
            sum: std::sync::atomic::AtomicPtr::new(ptr::null_mut()),
        }
    }
}

fn page_of(cell: Cell) -> usize {
    cell.0 as usize / PAGE_WORDS
}

/// Makes the processor load a run into its cache, without waiting for it.
#[inline]
pub(super) fn prefetch(run: &Run) {
    #[cfg(all(target_arch = "x86_64", not(caracal_loom)))]
    for words in run.chunks(CACHE_LINE / size_of::<AtomicU64>()) {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: every x86-64 processor has this instruction, and it does not access memory that the program can
        // observe.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(words.as_ptr().cast()) };
    }
    #[cfg(not(all(target_arch = "x86_64", not(caracal_loom))))]
    let _ = run;
}

/// Adds to a word that only this thread writes. `ordering` is the ordering of the store.
#[inline]
pub(super) fn bump(word: &AtomicU64, n: u64, ordering: Ordering) -> u64 {
    let value = load_own(word).wrapping_add(n);
    word.store(value, ordering);
    value
}

/// Loads a word that only this thread writes at the moment.
#[cfg(not(caracal_loom))]
#[inline]
pub(super) fn load_own(word: &AtomicU64) -> u64 {
    word.load(Relaxed)
}

/// In loom's models, this fails if another thread may be writing the word. Loom does not count it as an access:
/// see [`models`](super::models) for what a load before the store would hide.
#[cfg(caracal_loom)]
pub(super) fn load_own(word: &AtomicU64) -> u64 {
    // SAFETY: only the calling thread writes the word at the moment, and loom checks that.
    unsafe { word.unsync_load() }
}
