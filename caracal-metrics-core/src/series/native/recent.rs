//! The words that a thread counted in recently, so that it finds them without a search.
//!
//! Kept words are found by a number of the family, the cell of the series and the name of the chunk. The family
//! gets a new number whenever it releases a cell. Words that are found therefore belong to the series while the
//! thread has its own words. They are forgotten before the thread gives these up.

use std::cell;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::chunks::Name;
use crate::engine::{self, Cell, OwnIntervals, RUN_WORDS};

/// The number of places, a power of two.
const PLACES: usize = 64;

/// The number of bits of a name in a key. The names of chunks of durations fit.
pub(super) const NAME_BITS: u32 = 12;

/// The number of bits of a cell that starts a run.
const CELL_BITS: u32 = u32::BITS - RUN_WORDS.ilog2();

/// No family has this number.
const NO_NUMBER: u64 = 0;

/// The first number that does not fit in a key.
const NUMBERS: u64 = 1 << (u64::BITS - NAME_BITS - CELL_BITS);

thread_local! {
    static RECENT: Recent = const { Recent([const { cell::Cell::new(Place::NONE) }; PLACES]) };
}

pub(super) struct Recent([cell::Cell<Place>; PLACES]);

#[derive(Clone, Copy)]
struct Place {
    key: Key,
    own: Option<OwnIntervals>,
}

impl Place {
    const NONE: Self = Self { key: Key(NO_NUMBER), own: None };
}

/// The number of a family, shifted to its position in a key. After 16 million cells were released, there are no
/// numbers left, and nothing is kept.
#[derive(Debug)]
pub(super) struct Number(AtomicU64);

/// The key of a chunk of a series, in the family that had this number when the key was created.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Key(u64);

impl Number {
    pub(super) fn new() -> Self {
        Self(AtomicU64::new(next()))
    }

    /// Makes everything that was kept impossible to find. The caller does this before it releases a cell, so
    /// whoever gets that cell sees the new number.
    pub(super) fn renew(&self) {
        self.0.store(next(), Relaxed);
    }

    /// Returns the key of a chunk with a [short](Name::is_short) name.
    #[inline]
    pub(super) fn key(&self, cell: Cell, name: Name) -> Key {
        let cell = u64::from(cell.to_raw()) << (NAME_BITS - RUN_WORDS.ilog2());
        let name = u64::from(name.0) % (1 << NAME_BITS);
        Key(self.0.load(Relaxed) | cell | name)
    }
}

fn next() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(NO_NUMBER + 1);
    let next = NEXT.fetch_update(Relaxed, Relaxed, |next| (next < NUMBERS).then_some(next + 1));
    next.unwrap_or(NO_NUMBER) << (NAME_BITS + CELL_BITS)
}

impl Key {
    /// Neighbouring chunks of a series, and the same chunks of neighbouring series, have different places.
    #[inline]
    fn place(self) -> usize {
        (self.0 >> Name::REGION_BITS ^ self.0 >> NAME_BITS) as usize % PLACES
    }

    fn has_number(self) -> bool {
        self.0 >> (NAME_BITS + CELL_BITS) != NO_NUMBER
    }
}

/// Calls `look` with the words that the thread keeps. If a caller does this first, it can use the registers for
/// what follows.
#[inline]
pub(super) fn with<T>(look: impl FnOnce(&Recent) -> T) -> T {
    RECENT.with(look)
}

impl Recent {
    /// Returns the words of the chunk and of the sum of the series, if this thread used them recently.
    #[inline]
    pub(super) fn recall(&self, key: Key) -> Option<OwnIntervals> {
        let place = self.0[key.place()].get();
        if place.key == key { place.own } else { None }
    }

    /// Keeps the thread's words of the chunk and of the histogram with this number of runs, if it has some.
    pub(super) fn keep(&self, key: Key, chunk: Cell, histogram: Cell, runs: usize) {
        if let Some(own) = engine::own_intervals(chunk, histogram, runs, forget) {
            self.set(key, own);
        }
    }

    /// Keeps words that were requested with [`forget`].
    pub(super) fn set(&self, key: Key, own: OwnIntervals) {
        if key.has_number() {
            self.0[key.place()].set(Place { key, own: Some(own) });
        }
    }
}

/// Called when the thread gives up its words.
pub(super) fn forget() {
    RECENT.with(|recent| recent.0.iter().for_each(|place| place.set(Place::NONE)));
}
