//! The label sets that a thread looked up recently, for families with one or two open labels with short values.
//!
//! Services record the same few label sets again and again. A label set that is found here was compared in
//! full, as in the [`Interner`](super::interner::Interner). But there is no table to load and no record to
//! locate, because nothing is shared: even the words belong to this thread.

use std::cell;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::chunk::{self, CHUNK, Chunk, GOLDEN_RATIO};
use crate::engine::{self, Cell, OwnHistogram, OwnPages, OwnWord};

/// The number of pairs of places. They take eleven kibibytes per thread. A thread that records few label sets
/// touches few of them.
const PAIRS: usize = 64;

/// A label set that is not found here gets a place if the last one with the same bits in its hash that was not
/// found was the same, or if this many others were not found before. Label sets that occur once therefore
/// seldom replace those that occur often.
const PATIENCE: u32 = 16;

thread_local! {
    static RECENT: [Pair; PAIRS] = const { [const { Pair::none() }; PAIRS] };

    /// The hash of the last label set that was not found and, below [`PATIENCE`], how many were not found
    /// before.
    static WAITING: [cell::Cell<u32>; PAIRS] = const { [const { cell::Cell::new(0) }; PAIRS] };
}

/// No label set has this number.
const NO_SET: u64 = 0;

/// The maximum number of open values of a kept label set.
const MOST_OPEN: usize = 2;

/// The position of the lengths of the open values in a key. The numbers never become so large.
const LEN_SHIFTS: [u32; MOST_OPEN] = [58, 52];

/// Reserves a range of numbers for the closed labels of a family, and returns the first one. No other family of
/// the process ever gets one of them.
pub(super) fn numbers(closed_sets: u32) -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(NO_SET + 1);
    NEXT.fetch_add(closed_sets.into(), Relaxed)
}

/// Returns the number of a set of closed labels of a histogram with native buckets that is kept together with a
/// counter. No histogram without native buckets has this number.
#[inline]
pub(super) fn native(set: u64) -> u64 {
    set | 1 << (u64::BITS - 1)
}

/// One label set.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lookup {
    /// The number of its closed labels, and the lengths of its open values.
    key: u64,
    /// The open values.
    pub(super) chunks: [Chunk; MOST_OPEN],
    /// The number of open values. Equal keys have the same number.
    open: usize,
}

/// The location in which a label set is recorded. The label set never changes its cell, and its number is never
/// reused, so the location is valid while the thread has its own words.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found {
    pub(super) cell: Cell,
    /// For a counter, the thread's word. Without one, all threads share the word of the counter.
    pub(super) word: Option<OwnWord>,
    /// For a histogram with one run, or one that is recorded together with the counter.
    pub(super) durations: Option<Durations>,
    /// The thread's pages: for a histogram with native buckets, or for a counter that is recorded together
    /// with one.
    pub(super) pages: Option<OwnPages>,
}

/// The thread's words of a histogram.
#[derive(Clone, Copy, Debug)]
pub(super) struct Durations {
    /// The number of its closed labels.
    pub(super) set: u64,
    pub(super) cell: Cell,
    pub(super) own: OwnHistogram,
}

/// Two label sets with the same place.
struct Pair {
    latest: cell::Cell<Place>,
    other: cell::Cell<Place>,
}

#[derive(Clone, Copy)]
struct Place {
    key: u64,
    chunks: [Chunk; MOST_OPEN],
    found: Found,
}

impl Place {
    const NONE: Self = Self {
        key: NO_SET,
        chunks: [[0; 2]; MOST_OPEN],
        found: Found { cell: Cell::from_raw(0), word: None, durations: None, pages: None },
    };
}

impl Place {
    #[inline]
    fn has(&self, lookup: Lookup) -> bool {
        let same = |place: usize| self.chunks[place] == lookup.chunks[place];
        self.key == lookup.key && same(0) && (lookup.open == 1 || same(1))
    }
}

impl Pair {
    const fn none() -> Self {
        Self { latest: cell::Cell::new(Place::NONE), other: cell::Cell::new(Place::NONE) }
    }
}

impl Lookup {
    /// Returns the label set whose closed labels have this number, or `None` if there are too many open values
    /// or one of them is too long.
    #[inline]
    pub(super) fn of(set: u64, open: &[&str]) -> Option<Self> {
        match *open {
            [value] => Self::of_one(set, value),
            [first, second] => Self::of_two(set, first, second),
            _ => None,
        }
    }

    /// As [`of`](Self::of), with one open value.
    #[inline]
    pub(super) fn of_one(set: u64, value: &str) -> Option<Self> {
        if value.len() > CHUNK {
            return None;
        }
        let key = set | (value.len() as u64) << LEN_SHIFTS[0];
        Some(Self { key, chunks: [chunk::short(value.as_bytes()), [0; 2]], open: 1 })
    }

    /// As [`of`](Self::of), with two open values.
    #[inline]
    pub(super) fn of_two(set: u64, first: &str, second: &str) -> Option<Self> {
        let one = Self::of_one(set, first)?;
        let two = Self::of_one(0, second)?;
        let key = one.key | two.key >> (LEN_SHIFTS[0] - LEN_SHIFTS[1]);
        Some(Self { key, chunks: [one.chunks[0], two.chunks[0]], open: 2 })
    }

    #[inline]
    fn mixed(self) -> u64 {
        let [low, high] = self.chunks[0];
        let mut mixed = self.key ^ low ^ high.rotate_left(29);
        if self.open == 2 {
            let [low, high] = self.chunks[1];
            mixed ^= low.rotate_left(17) ^ high.rotate_left(43);
        }
        mixed.wrapping_mul(GOLDEN_RATIO)
    }

    #[inline]
    fn with<T>(self, look: impl FnOnce(&Pair) -> T) -> T {
        let pair = (self.mixed() >> (u64::BITS - PAIRS.ilog2())) as usize;
        RECENT.with(|recent| look(&recent[pair]))
    }

    /// Returns the location in which it is recorded, if this thread looked it up recently.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "what the caller does not use is then not loaded")]
    pub(super) fn recall(self) -> Option<Found> {
        self.with(|pair| {
            let latest = pair.latest.get();
            if latest.has(self) { Some(latest.found) } else { self.recall_from(&pair.other) }
        })
    }

    /// This is a separate function, so that the usual case can use the registers.
    #[inline(never)]
    fn recall_from(self, place: &cell::Cell<Place>) -> Option<Found> {
        let place = place.get();
        place.has(self).then_some(place.found)
    }

    /// Keeps the location for the next time.
    #[inline(never)]
    pub(super) fn keep(self, found: Found) {
        self.with(|pair| {
            let latest = pair.latest.replace(Place { key: self.key, chunks: self.chunks, found });
            if !latest.has(self) {
                pair.other.set(latest);
            }
        });
    }
}

/// Returns whether a label set that was not found recently occurs often enough to be [kept](Lookup::keep).
/// `tag` is half of its hash.
#[inline]
pub(super) fn is_due(tag: u32) -> bool {
    let tag = tag & !(PATIENCE - 1);
    WAITING.with(|waiting| {
        let waiting = &waiting[(tag / PATIENCE) as usize % PAIRS];
        let waited = waiting.get();
        let is_due = waited ^ tag < PATIENCE || waited % PATIENCE == PATIENCE - 1;
        waiting.set(if is_due { 0 } else { tag | (waited % PATIENCE + 1) });
        is_due
    })
}

impl Durations {
    /// Returns the thread's words of a histogram with one run, if it has any.
    pub(super) fn of(set: u64, cell: Cell) -> Option<Self> {
        Some(Self { set, cell, own: engine::own_histogram(cell, forget)? })
    }
}

/// Returns the thread's pages, if they contain words of this cell.
pub(super) fn own_pages(cell: Cell) -> Option<OwnPages> {
    engine::own_pages_of(cell, forget)
}

/// Returns the thread's word of a counter, if it has one.
pub(super) fn own_word(cell: Cell) -> Option<OwnWord> {
    engine::own_word(cell, forget)
}

/// Called when the thread gives up its words.
fn forget() {
    RECENT.with(|recent| {
        for pair in recent {
            pair.latest.set(Place::NONE);
            pair.other.set(Place::NONE);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_set_that_occurs_twice_in_a_row_is_kept() {
        let set = numbers(1);
        let lookup = |value: u32| Lookup::of_one(set, &value.to_string()).unwrap();
        let found = |cell| Found { cell: Cell::from_raw(cell), ..Place::NONE.found };
        let cell = |value| lookup(value).recall().map(|found| found.cell.to_raw());
        let record = |value| {
            let tag = (lookup(value).mixed() >> 32) as u32;
            if cell(value).is_none() && is_due(tag) {
                lookup(value).keep(found(value));
            }
        };
        // Each occurs once, and few get a place.
        (0..PAIRS as u32).for_each(record);
        assert!((0..PAIRS as u32).all(|value| cell(value).is_none()));
        (0..10_000).for_each(record);
        let kept: Vec<_> = (0..10_000).filter(|value| cell(*value).is_some()).collect();
        // Each occurs twice in a row.
        for value in 20_000..20_000 + PAIRS as u32 {
            record(value);
            record(value);
            assert_eq!(cell(value), Some(value));
        }
        assert!(kept.iter().all(|value| cell(*value).is_none_or(|cell| cell == *value)));
        forget();
        assert!((0..30_000).all(|value| cell(value).is_none()));
    }
}
