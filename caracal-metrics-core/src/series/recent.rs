//! The label sets that a thread looked up last, for families with one open label.
//!
//! Services record the same few label sets again and again. What is found here was compared in
//! full, as in the [`Interner`](super::interner::Interner), but there is no table to load and no
//! record to locate, since nothing is shared: not even the words, which are this thread's.

use std::cell;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::chunk::{self, CHUNK, GOLDEN_RATIO};
use crate::engine::{self, Cell, OwnHistogram, OwnWord};

/// Pairs of places. Eight kibibytes a thread, of which a thread that records few label sets touches
/// few.
const PAIRS: usize = 64;

/// A label set that is not found in its pair of places gets one of them if it was also the last one
/// that was not found there, or if so many others were not found before. So label sets that come once
/// do not drive out those that come often.
const PATIENCE: u64 = 16;

thread_local! {
    static RECENT: [Pair; PAIRS] = const { [const { Pair::NONE }; PAIRS] };
}

/// The number of no label set.
const NO_SET: u64 = 0;

/// Where a key has the length of the open value. There will never be so many numbers.
const LEN_SHIFT: u32 = 56;

/// So many numbers for the closed labels of a family, of which this is the first. No other family of
/// the process, now or later, has one of them.
pub(super) fn numbers(closed_sets: u32) -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(NO_SET + 1);
    NEXT.fetch_add(closed_sets.into(), Relaxed)
}

/// One label set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lookup {
    /// The number of its closed labels, and the length of its open value.
    key: u64,
    /// The open value.
    chunk: [u64; 2],
}

/// Where a label set is recorded. It never changes its cell, and its number is not used again. So
/// this stays true as long as the thread has words of its own.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found {
    pub(super) cell: Cell,
    /// The thread's word, of a counter.
    pub(super) word: Option<OwnWord>,
    /// Of a histogram of one run, or of one that is recorded with the counter.
    pub(super) durations: Option<Durations>,
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
#[repr(align(64))]
struct Pair {
    latest: cell::Cell<Place>,
    other: cell::Cell<Place>,
    /// What was not found last, and below [`PATIENCE`] how many were not found before.
    waiting: cell::Cell<u64>,
}

#[derive(Clone, Copy)]
struct Place {
    lookup: Lookup,
    found: Found,
}

impl Place {
    const NONE: Self = Self {
        lookup: Lookup { key: NO_SET, chunk: [0, 0] },
        found: Found { cell: Cell::from_raw(0), word: None, durations: None },
    };
}

impl Pair {
    const NONE: Self = Self {
        latest: cell::Cell::new(Place::NONE),
        other: cell::Cell::new(Place::NONE),
        waiting: cell::Cell::new(0),
    };
}

impl Lookup {
    /// The label set of this number and this open value, unless the value is too long.
    #[inline]
    pub(super) fn of(set: u64, value: &str) -> Option<Self> {
        if value.len() > CHUNK {
            return None;
        }
        let chunk = chunk::short(value.as_bytes());
        let key = set | (value.len() as u64) << LEN_SHIFT;
        Some(Self { key, chunk: [chunk as u64, (chunk >> 64) as u64] })
    }

    #[inline]
    fn mixed(self) -> u64 {
        let [low, high] = self.chunk;
        (low ^ high.rotate_left(29) ^ self.key).wrapping_mul(GOLDEN_RATIO)
    }

    #[inline]
    fn with<T>(self, look: impl FnOnce(&Pair) -> T) -> T {
        let pair = (self.mixed() >> (u64::BITS - PAIRS.ilog2())) as usize;
        RECENT.with(|recent| look(&recent[pair]))
    }

    /// Where it is recorded, if this thread looked it up recently.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "what the caller does not use is not even loaded")]
    pub(super) fn recall(self) -> Option<Found> {
        self.with(|pair| {
            let (latest, other) = (pair.latest.get(), pair.other.get());
            if latest.lookup == self {
                Some(latest.found)
            } else if other.lookup == self {
                Some(other.found)
            } else {
                None
            }
        })
    }

    /// Keeps where it is recorded for the next time, if it comes often enough.
    pub(super) fn remember(self, found: impl FnOnce() -> Found) {
        self.with(|pair| {
            let (latest, other) = (pair.latest.get(), pair.other.get());
            let (waiting, mixed) = (pair.waiting.get(), self.mixed() & !(PATIENCE - 1));
            let waited = waiting % PATIENCE;
            if latest.lookup == self {
                pair.latest.set(Place { lookup: self, found: found() });
            } else if other.lookup == self
                || other.lookup.key == NO_SET
                || waiting - waited == mixed
                || waited == PATIENCE - 1
            {
                pair.other.set(latest);
                pair.latest.set(Place { lookup: self, found: found() });
                pair.waiting.set(0);
            } else {
                pair.waiting.set(mixed | (waited + 1));
            }
        });
    }
}

impl Durations {
    /// The thread's words of a histogram of one run, if it has any.
    pub(super) fn of(set: u64, cell: Cell) -> Option<Self> {
        Some(Self { set, cell, own: engine::own_histogram(cell, forget)? })
    }
}

/// The thread's word of a counter, if it has one.
pub(super) fn own_word(cell: Cell) -> Option<OwnWord> {
    engine::own_word(cell, forget)
}

/// The thread gives up its words.
fn forget() {
    RECENT.with(|recent| {
        for pair in recent {
            pair.latest.set(Place::NONE);
            pair.other.set(Place::NONE);
        }
    });
}
