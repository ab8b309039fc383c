//! The storage of all values.
//!
//! Callers use cells instead of memory: a [`Cell`] is the number of a word (a counter), of the words of a
//! gauge, or of those of a histogram. The cells of all registries are in one process-wide [`Store`]. A thread
//! has its own words for the cells that it records into. They are in pages that all registries share.

mod budget;
mod carries;
mod cell;
mod floats;
mod free;
mod in_flight;
mod local;
#[cfg(all(test, caracal_loom))]
mod models;
mod own;
mod pages;
mod reader;
mod store;
mod sums;
#[cfg(all(test, not(caracal_loom)))]
mod tests;
mod words;

use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::{self, Relaxed, Release};

pub(crate) use cell::{Cell, MAX_BOUNDS, NARROW_BUCKETS, RUN_WORDS, Sum, Width};
pub(crate) use own::{
    OwnHistogram, OwnIntervals, OwnPages, OwnWord, own_histogram, own_pages, own_pages_of, own_word,
};
pub(crate) use pages::AT_HAND;
use pages::Pages;
pub(crate) use reader::Reader;
use store::{STORE, Store};

/// The longest duration that is added to a sum unchanged, in nanoseconds. It is more than a year, and small
/// enough that a hundred threads can add it to a word at the same moment.
pub(crate) const LONGEST_NANOS: u64 = 1 << 55;

/// Whether a cell that [is always shared](is_always_shared) was ever allocated.
static SOME_ARE_SHARED: AtomicBool = AtomicBool::new(false);

/// Returns a cell with the value zero.
pub(crate) fn allocate(width: Width) -> Cell {
    let cell = STORE.allocate(width);
    if is_always_shared(cell) {
        SOME_ARE_SHARED.store(true, Relaxed);
    }
    cell
}

/// Returns whether all threads always share the words of a cell, so that no thread can have its own.
pub(crate) fn is_always_shared(cell: Cell) -> bool {
    !Pages::may_hold(cell)
}

/// Returns whether some cells of the process [are always shared](is_always_shared). If it returns false, the
/// caller's cells are not, because they were allocated before.
#[inline]
pub(crate) fn some_are_shared() -> bool {
    SOME_ARE_SHARED.load(Relaxed)
}

/// Releases a cell. The caller holds the last reference to it, so nothing is added afterwards.
pub(crate) fn release(cell: Cell, width: Width) {
    STORE.release(cell, width);
}

/// Releases the cell of a gauge after the last of its guards has ended. No further guards are started.
pub(crate) fn release_gauge(cell: Cell) {
    let reader = reader();
    STORE.release_gauge(cell, |gauge| reader.in_flight(gauge) == 0);
}

/// Adds to a counter, modulo 2^64.
#[inline]
pub(crate) fn add(cell: Cell, n: u64) {
    record(cell, n, Relaxed);
}

/// Adds to this thread's word of a counter, if it has one. Returns whether it has.
#[inline]
pub(crate) fn add_own(cell: Cell, n: u64) -> bool {
    local::pages().add(cell, n, Relaxed)
}

/// Counts a guard as started.
#[inline]
pub(crate) fn begin(gauge: Cell) {
    if let Some([begun, _]) = own::guards(gauge) {
        pages::bump(begun, 1, Release);
    } else {
        count_guard_first(gauge, gauge);
    }
}

/// Counts a guard as ended, on any thread.
#[inline]
pub(crate) fn end(gauge: Cell) {
    if let Some([_, ended]) = own::guards(gauge) {
        pages::bump(ended, 1, Release);
    } else {
        count_guard_first(gauge, gauge.ended());
    }
}

/// Counts in a word of a gauge that this thread does not keep yet.
#[inline(never)]
fn count_guard_first(gauge: Cell, word: Cell) {
    record(word, 1, Release);
    own::keep_guards(gauge);
}

#[inline]
fn record(cell: Cell, n: u64, ordering: Ordering) {
    if !local::pages().add(cell, n, ordering) {
        record_first(cell, n, ordering);
    }
}

/// Adds to a counter of which this thread has no word yet.
#[cold]
fn record_first(cell: Cell, n: u64, ordering: Ordering) {
    if !local::reach(cell).is_some_and(|pages| pages.add(cell, n, ordering)) {
        STORE.add_shared(cell, n, ordering);
    }
}

/// Adds to a counter of floating-point numbers.
#[inline]
pub(crate) fn add_float(cell: Cell, n: f64) {
    let own = |pages: &Pages| pages.word(cell).map(|word| floats::bump(word, n, Relaxed)).is_some();
    if !own(local::pages()) && !local::reach(cell).is_some_and(own) {
        STORE.add_float_shared(cell, n);
    }
}

/// Sets a gauge.
#[inline]
pub(crate) fn set(gauge: Cell, value: i64) {
    STORE.set(gauge.level(), value.cast_unsigned());
}

/// Adds to the value that a gauge was set to.
#[inline]
pub(crate) fn shift(gauge: Cell, by: i64) {
    STORE.add_shared(gauge.level(), by.cast_unsigned(), Relaxed);
}

/// Sets a gauge of floating-point numbers. Threads have no own words of it.
#[inline]
pub(crate) fn set_float(gauge: Cell, value: f64) {
    STORE.set(gauge, value.to_bits());
}

/// Adds to the value that a gauge of floating-point numbers was set to.
#[inline]
pub(crate) fn shift_float(gauge: Cell, by: f64) {
    STORE.add_float_shared(gauge, by);
}

/// Counts a duration in a bucket of a histogram with one run.
#[inline]
pub(crate) fn observe(cell: Cell, bucket: usize, nanos: u64) {
    observe_ordinary(cell, bucket, nanos.min(LONGEST_NANOS));
}

/// Like [`observe`], for a duration of at most [`LONGEST_NANOS`].
#[inline]
pub(crate) fn observe_ordinary(cell: Cell, bucket: usize, nanos: u64) {
    if !observe_own(cell, bucket, nanos) {
        observe_first(cell, bucket, nanos);
    }
}

/// Like [`observe_ordinary`], in this thread's words of the histogram, if it has some. Returns whether it has.
#[inline]
pub(crate) fn observe_own(cell: Cell, bucket: usize, nanos: u64) -> bool {
    STORE.observe(local::pages(), cell, bucket, nanos)
}

/// Counts a duration in a histogram of which this thread has no words yet.
#[cold]
fn observe_first(cell: Cell, bucket: usize, nanos: u64) {
    if !local::reach(cell).is_some_and(|pages| STORE.observe(pages, cell, bucket, nanos)) {
        STORE.observe_shared(cell, 1, bucket, nanos);
    }
}

/// Counts a duration in a bucket of a histogram with this number of runs.
pub(crate) fn observe_wide(cell: Cell, runs: usize, bucket: usize, nanos: u64) {
    let nanos = nanos.min(LONGEST_NANOS);
    let own = |pages: &Pages| STORE.observe_wide(pages, cell, runs, bucket, nanos);
    if !own(local::pages()) && !local::reach(cell).is_some_and(own) {
        STORE.observe_shared(cell, runs, bucket, nanos);
    }
}

/// Adds to the sum of a histogram with this number of runs, in nanoseconds. The caller has already counted the
/// observations in words of a [`Width::Run`].
#[inline]
pub(crate) fn add_nanos(cell: Cell, runs: usize, nanos: u64) {
    let last = cell.last_run(runs);
    let nanos = nanos.min(LONGEST_NANOS);
    let own = |pages: &Pages| STORE.add_nanos(pages, last, nanos);
    if !own(local::pages()) && !local::reach(last).is_some_and(own) {
        STORE.add_nanos_shared(last, nanos);
    }
}

/// Like [`add_nanos`], for a histogram of floating-point numbers.
pub(crate) fn add_float_sum(cell: Cell, runs: usize, sum: f64) {
    let total = cell.last_run(runs).sum();
    let own =
        |pages: &Pages| pages.word(total).map(|word| floats::bump(word, sum, Release)).is_some();
    if !own(local::pages()) && !local::reach(total).is_some_and(own) {
        STORE.add_float_shared(total, sum);
    }
}

/// Counts `count` floating-point numbers with this sum in a bucket of a histogram with this number of runs.
#[inline]
pub(crate) fn observe_float(cell: Cell, runs: usize, bucket: usize, count: u64, sum: f64) {
    let own = |pages: &Pages| Store::observe_float(pages, cell, runs, bucket, count, sum);
    if !own(local::pages()) && !local::reach(cell).is_some_and(own) {
        STORE.observe_float_shared(cell, runs, bucket, count, sum);
    }
}

/// Returns a reader of cells. While it exists, threads that end wait for it, so no code of the user may run.
pub(crate) fn reader() -> Reader<'static> {
    Reader::of(&STORE)
}
