//! Label sets to cells, without a lock for a set that is known.
//!
//! An open-addressed table of places of records. Records are never moved or removed, and a table
//! that is outgrown is kept, so a reader needs no guard: it reads the current table, a slot, the
//! record. A reader that still has an old table misses the newest records and takes the slow path,
//! which looks again under the lock.

use std::hash::{BuildHasher, Hasher};
use std::sync::OnceLock;
use std::sync::atomic::{
    AtomicU32, AtomicUsize,
    Ordering::{Acquire, Release},
};

use parking_lot::Mutex;

use super::changes::Changes;
use super::chunk;
use super::key::{Key, Labels};
use super::recent::{self, Lookup};
use super::records::{self, Head, Records};
use crate::engine::Cell;

const FIRST_SLOTS: usize = 16;
const TABLES: usize = 28;

/// What a slot holds is a record's place plus one, or this.
const EMPTY: u32 = 0;

#[derive(Debug)]
pub(super) struct Interner {
    hasher: foldhash::fast::RandomState,
    /// Table `k` has `FIRST_SLOTS << k` slots.
    tables: [OnceLock<Box<[AtomicU32]>>; TABLES],
    current: AtomicUsize,
    records: Records,
    /// How many open labels the family has.
    open: usize,
    /// The number of its first set of closed labels, see [`Lookup`].
    first_set: u64,
    insert: Mutex<Inserting>,
}

#[derive(Debug, Default)]
struct Inserting {
    end: usize,
    records: usize,
}

impl Interner {
    /// For label sets of so many open labels, and so many different ones of closed labels.
    pub(super) fn new(open: usize, closed_sets: u32) -> Self {
        Self {
            hasher: foldhash::fast::RandomState::default(),
            tables: [const { OnceLock::new() }; TABLES],
            current: AtomicUsize::new(0),
            records: Records::none(),
            open,
            first_set: recent::numbers(closed_sets),
            insert: Mutex::default(),
        }
    }

    /// The cell of a label set that this thread looked up recently.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "constants of the caller decide most of it")]
    pub(super) fn recall<const OPEN: usize>(&self, labels: Labels<'_, OPEN>) -> Option<Cell> {
        self.lookup(Head::of(labels), &chunk::short_all(labels.open)?)?.recall()
    }

    #[inline]
    fn lookup(&self, head: Head, chunks: &[u128]) -> Option<Lookup> {
        let [chunk] = *chunks else { return None };
        let set = self.first_set + u64::from(head.closed);
        Some(Lookup { set, chunk, len: head.lengths as u32 })
    }

    /// The cell of a label set that is known.
    #[inline]
    pub(super) fn find<const OPEN: usize>(&self, labels: Labels<'_, OPEN>) -> Option<Cell> {
        match chunk::short_all(labels.open) {
            Some(chunks) if records::has_all_lengths(OPEN) => {
                self.find_short(Head::of(labels), chunks)
            }
            _ => self.find_long(labels),
        }
    }

    /// Apart from longer ones, for whose loops there are no registers left here.
    #[inline]
    fn find_short<const OPEN: usize>(&self, head: Head, chunks: [u128; OPEN]) -> Option<Cell> {
        let hash = self.hash(head, |take| chunks.into_iter().for_each(take));
        let cell_of = |place| self.records.cell_of_short(place, head, chunks);
        let cell = Self::probe(self.table(), hash, cell_of).ok()?;
        if let Some(lookup) = self.lookup(head, &chunks) {
            lookup.remember(cell);
        }
        Some(cell)
    }

    #[inline(never)]
    fn find_long<const OPEN: usize>(&self, labels: Labels<'_, OPEN>) -> Option<Cell> {
        let hash = self.hash_of(labels);
        Self::probe(self.table(), hash, |place| self.records.cell_of(place, labels)).ok()
    }

    /// The cell of a label set. `create` is asked once for one that is new, and may refuse. The new
    /// label set is a change.
    pub(super) fn find_or_insert<const OPEN: usize, E>(
        &self,
        labels: Labels<'_, OPEN>,
        changes: &Changes,
        create: impl FnOnce() -> Result<Cell, E>,
    ) -> Result<Cell, E> {
        let hash = self.hash_of(labels);
        let mut inserting = self.insert.lock();
        let probe = |table| Self::probe(table, hash, |place| self.records.cell_of(place, labels));
        let mut slot = match probe(self.table()) {
            Ok(cell) => return Ok(cell),
            Err(slot) => slot,
        };
        let cell = create()?;
        if (inserting.records + 1) * 2 > self.table().len() {
            self.grow(self.table());
            slot = probe(self.table()).err().unwrap_or(slot);
        }
        let place = self.records.push(&mut inserting.end, labels, cell);
        inserting.records += 1;
        changes.insert(place, cell, || self.table()[slot].store(place + 1, Release));
        Ok(cell)
    }

    /// The label set of the record at this place.
    pub(super) fn key(&self, place: u32) -> Key {
        self.records.get(place, self.open).0
    }

    /// Every label set and its cell, in no order.
    pub(super) fn entries(&self) -> impl Iterator<Item = (Key, Cell)> {
        places(self.table()).map(|place| self.records.get(place, self.open))
    }

    #[inline]
    fn hash_of<const OPEN: usize>(&self, labels: Labels<'_, OPEN>) -> u64 {
        self.hash(Head::of(labels), |take| {
            labels.open.iter().for_each(|value| chunk::each(value.as_bytes(), &mut *take));
        })
    }

    /// `chunks` calls what it is given with each chunk.
    #[inline]
    fn hash(&self, head: Head, chunks: impl FnOnce(&mut dyn FnMut(u128))) -> u64 {
        let mut hasher = self.hasher.build_hasher();
        chunks(&mut |chunk| hasher.write_u128(chunk));
        // The closed labels are ours and few: no one can make them collide on purpose.
        let head = (u64::from(head.closed) ^ head.lengths).wrapping_mul(chunk::GOLDEN_RATIO);
        hasher.finish() ^ head
    }

    /// The cell, or the slot where its record's place would go.
    #[inline]
    fn probe(
        table: &[AtomicU32],
        hash: u64,
        cell_of: impl Fn(u32) -> Option<Cell>,
    ) -> Result<Cell, usize> {
        let mask = table.len() - 1;
        let mut slot = hash as usize & mask;
        while let Some(place) = table[slot].load(Acquire).checked_sub(1) {
            if let Some(cell) = cell_of(place) {
                return Ok(cell);
            }
            slot = (slot + 1) & mask;
        }
        Err(slot)
    }

    fn grow(&self, outgrown: &[AtomicU32]) {
        let next = self.current.load(Acquire) + 1;
        let table = self.tables[next].get_or_init(|| empty(outgrown.len() * 2));
        let mask = table.len() - 1;
        for place in places(outgrown) {
            let (head, _, _, chunks) = self.records.parts(place, self.open);
            let mut slot = self.hash(head, |take| chunks.for_each(take)) as usize & mask;
            while table[slot].load(Acquire) != EMPTY {
                slot = (slot + 1) & mask;
            }
            table[slot].store(place + 1, Release);
        }
        self.current.store(next, Release);
    }

    #[inline]
    fn table(&self) -> &[AtomicU32] {
        self.tables[self.current.load(Acquire)].get_or_init(|| empty(FIRST_SLOTS))
    }
}

fn empty(slots: usize) -> Box<[AtomicU32]> {
    (0..slots).map(|_| AtomicU32::new(EMPTY)).collect()
}

fn places(table: &[AtomicU32]) -> impl Iterator<Item = u32> {
    table.iter().filter_map(|slot| slot.load(Acquire).checked_sub(1))
}
