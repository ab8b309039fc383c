//! The keys under which a thread keeps the words that it used last, so that it finds them without a search.
//!
//! A key consists of a number of the family, the cell of the series and the name of the chunk. The family
//! gets a new number whenever it releases a cell, so words that are found always belong to the series. The
//! words are kept in the thread's pages. When the thread ends, the next thread that uses the pages uses the
//! kept words, too.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::chunks::Name;
use super::partition::Region;
use crate::engine::{AT_HAND, Cell, OwnIntervals, OwnPages, RUN_WORDS};

const PLACES: u64 = AT_HAND as u64;

/// Most series have at most this number of chunks.
const FEW_CHUNKS: u64 = 4;

/// The number of bits of a key for the short number of a chunk.
const CHUNK_BITS: u32 = 10;

/// The number of bits that distinguish the keys of a series. Each of the three regions has a quarter of their
/// values. The last quarter is room for the offset that moves the keys of neighbouring series to different
/// places.
const KEY_BITS: u32 = CHUNK_BITS + 2;

const _: () = assert!(Name::SHORT <= 1 << CHUNK_BITS && PLACES <= 1 << CHUNK_BITS);

/// The number of bits of a cell that starts a run.
const CELL_BITS: u32 = u32::BITS - RUN_WORDS.ilog2();

/// A family without a number keeps nothing.
const NO_NUMBER: u64 = 0;

/// Numbers are below this limit. The largest number that fits in a key is not used, because a key of all ones
/// is the key of an empty place.
const NUMBERS: u64 = (1 << (u64::BITS - KEY_BITS - CELL_BITS)) - 1;

/// The number of a family, shifted to its position in a key. After 16 million cells were released, there are no
/// numbers left, and nothing is kept.
#[derive(Debug)]
pub(super) struct Number(AtomicU64);

/// The part that the keys of a series share. It contains the number that the family had when this value was
/// created.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SeriesNumber(u64);

/// The key of a chunk of a series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Key(u64);

impl Number {
    pub(super) fn new() -> Self {
        Self(AtomicU64::new(next()))
    }

    /// Replaces the number, so that nothing that was kept is found any more. The caller does this before it
    /// releases a cell, so the next owner of the cell sees the new number.
    pub(super) fn renew(&self) {
        self.0.store(next(), Relaxed);
    }

    /// Returns the part that the keys of a series share.
    #[inline]
    pub(super) fn of_series(&self, cell: Cell) -> SeriesNumber {
        let run = u64::from(cell.to_raw()) / RUN_WORDS as u64;
        // The low bits of a key determine its place. With this offset, neighbouring series with few chunks
        // use different places.
        let apart = run * FEW_CHUNKS % PLACES;
        SeriesNumber(self.0.load(Relaxed) + (run << KEY_BITS) + apart)
    }
}

fn next() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(NO_NUMBER + 1);
    let next = NEXT.fetch_update(Relaxed, Relaxed, |next| (next < NUMBERS).then_some(next + 1));
    next.unwrap_or(NO_NUMBER) << (KEY_BITS + CELL_BITS)
}

impl SeriesNumber {
    /// Returns the key of the chunk of positive numbers with this short number. For a number that no chunk
    /// has, no words have the key.
    #[inline]
    pub(super) fn positive(self, short: u32) -> Key {
        debug_assert!(short <= Name::SHORT);
        Key(self.0 + u64::from(short))
    }

    /// Returns the key of a chunk, or `None` if the chunk has no short number.
    #[inline]
    pub(super) fn key(self, name: Name) -> Option<Key> {
        let of_region = (name.region() as u64) << CHUNK_BITS;
        Some(Key(self.0 + of_region + u64::from(name.short()?)))
    }
}

const _: () = assert!(Region::Positive as u64 == 0);

impl Key {
    /// Returns the words of the chunk and of the sum of the series, if this thread used them recently.
    #[inline]
    pub(super) fn recall(self, pages: OwnPages) -> Option<OwnIntervals> {
        pages.intervals(self.0)
    }

    /// Returns the thread's words of the chunk and of the histogram with this number of runs, if it has some,
    /// and keeps them for the next time.
    pub(super) fn keep(
        self,
        pages: OwnPages,
        chunk: Cell,
        histogram: Cell,
        runs: usize,
    ) -> Option<OwnIntervals> {
        let has_number = self.0 >> (KEY_BITS + CELL_BITS) != NO_NUMBER;
        if has_number { pages.keep_intervals(self.0, chunk, histogram, runs) } else { None }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn chunks_of_series_have_keys_of_their_own() {
        let numbers = [Number::new(), Number::new()];
        let names = [Region::Positive, Region::Zero, Region::Negative]
            .into_iter()
            .flat_map(|region| (-520..520).map(move |chunk| Name::of(region, chunk * 16)));
        let mut keys = HashSet::new();
        let mut short = 0;
        for number in &numbers {
            for run in [0, 1, 2, 15, 16, 17, 1 << 20, (1 << CELL_BITS) - 1] {
                let series = number.of_series(Cell::from_raw(run * RUN_WORDS as u32));
                for key in names.clone().filter_map(|name| series.key(name)) {
                    assert!(keys.insert(key.0), "{run}");
                    short += 1;
                }
                assert!(keys.insert(series.positive(Name::SHORT).0), "no chunk has this key");
            }
        }
        assert_eq!(short, 2 * 8 * 3 * Name::SHORT);
    }

    #[test]
    fn few_chunks_of_neighbouring_series_have_different_places() {
        let number = Number::new();
        let series = |run: u32| number.of_series(Cell::from_raw(run * RUN_WORDS as u32));
        let keys = (100..116).flat_map(|run| (509..513).map(move |chunk| (run, chunk)));
        let places: HashSet<_> =
            keys.map(|(run, chunk)| series(run).positive(chunk).0 % PLACES).collect();
        assert_eq!(places.len(), PLACES as usize);
    }
}
