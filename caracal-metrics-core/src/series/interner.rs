//! Label sets to cells, without a lock for a set that is known.
//!
//! An open-addressed table of places of records. Records are never moved or removed, and a table
//! that is outgrown is kept, so a reader needs no guard: it reads the current table, a slot, the
//! record. A reader that still has an old table misses the newest records and takes the slow path,
//! which looks again under the lock.

use std::hash::{BuildHasher, Hasher};
use std::sync::OnceLock;
use std::sync::atomic::{
    AtomicU64, AtomicUsize,
    Ordering::{Acquire, Release},
};

use parking_lot::Mutex;

use super::changes::Changes;
use super::chunk;
use super::key::{Key, Labels};
use super::records::{Head, Records};
use crate::engine::Cell;

const FIRST_SLOTS: usize = 16;
const TABLES: usize = 28;

/// A slot without a record.
const EMPTY: u64 = 0;

#[derive(Debug)]
pub(super) struct Interner {
    hasher: foldhash::fast::RandomState,
    /// Table `k` has `FIRST_SLOTS << k` slots.
    tables: [OnceLock<Box<[AtomicU64]>>; TABLES],
    current: AtomicUsize,
    records: Records,
    /// How many open labels the family has.
    open: usize,
    insert: Mutex<Inserting>,
}

#[derive(Debug, Default)]
struct Inserting {
    end: usize,
    records: usize,
}

impl Interner {
    /// For label sets of so many open labels.
    pub(super) fn new(open: usize) -> Self {
        Self {
            hasher: foldhash::fast::RandomState::default(),
            tables: [const { OnceLock::new() }; TABLES],
            current: AtomicUsize::new(0),
            records: Records::none(),
            open,
            insert: Mutex::default(),
        }
    }

    /// The cell of a label set that is known.
    pub(super) fn find(&self, labels: Labels<'_>) -> Option<Cell> {
        let hash = self.hash(labels);
        probe(self.table(), hash, |place| self.records.cell_of(place, labels)).ok()
    }

    /// The cell of a label set. `create` is asked once for one that is new, and may refuse. The new
    /// label set is a change.
    pub(super) fn find_or_insert(
        &self,
        labels: Labels<'_>,
        changes: &Changes,
        create: &dyn Fn() -> Option<Cell>,
    ) -> Option<Cell> {
        let hash = self.hash(labels);
        let mut inserting = self.insert.lock();
        let find = |table| probe(table, hash, |place| self.records.cell_of(place, labels));
        let mut slot = match find(self.table()) {
            Ok(cell) => return Some(cell),
            Err(slot) => slot,
        };
        let cell = create()?;
        // Before the label set is findable: while a change is under way, every scrape makes the
        // family's rows anew, and growing takes longest of all.
        if (inserting.records + 1) * 2 > self.table().len() {
            self.grow(self.table());
            slot = find(self.table()).err().unwrap_or(slot);
        }
        let place = self.records.push(&mut inserting.end, labels, cell);
        inserting.records += 1;
        changes.make(|| self.table()[slot].store(tagged(hash, place), Release));
        Some(cell)
    }

    /// Every label set and its cell, in no order.
    pub(super) fn entries(&self) -> impl Iterator<Item = (Key, Cell)> {
        let slots = self.table().iter().map(|slot| slot.load(Acquire));
        slots.filter_map(place).map(|place| self.records.get(place, self.open))
    }

    #[inline]
    fn hash(&self, labels: Labels<'_>) -> u64 {
        let mut hasher = self.hasher.build_hasher();
        for value in labels.open {
            chunk::each(value.as_bytes(), |chunk| hasher.write_u128(chunk));
        }
        // The closed labels are ours and few: no one can make them collide on purpose.
        let head = Head::of(labels);
        let head = (u64::from(head.closed) ^ head.lengths).wrapping_mul(chunk::GOLDEN_RATIO);
        hasher.finish() ^ head
    }

    fn grow(&self, outgrown: &[AtomicU64]) {
        let next = self.current.load(Acquire) + 1;
        let table = self.tables[next].get_or_init(|| empty(outgrown.len() * 2));
        let mask = table.len() - 1;
        for held in outgrown.iter().map(|slot| slot.load(Acquire)).filter(|held| *held != EMPTY) {
            let mut slot = tag(held) as usize & mask;
            while table[slot].load(Acquire) != EMPTY {
                slot = (slot + 1) & mask;
            }
            table[slot].store(held, Release);
        }
        self.current.store(next, Release);
    }

    #[inline]
    fn table(&self) -> &[AtomicU64] {
        self.tables[self.current.load(Acquire)].get_or_init(|| empty(FIRST_SLOTS))
    }
}

/// The cell, or the slot where its record's place would go.
#[inline]
fn probe(
    table: &[AtomicU64],
    hash: u64,
    cell_of: impl Fn(u32) -> Option<Cell>,
) -> Result<Cell, usize> {
    let mask = table.len() - 1;
    let mut slot = tag(hash) as usize & mask;
    loop {
        let held = table[slot].load(Acquire);
        let Some(place) = place(held) else { return Err(slot) };
        if tag(held) == tag(hash)
            && let Some(cell) = cell_of(place)
        {
            return Ok(cell);
        }
        slot = (slot + 1) & mask;
    }
}

/// What a slot holds: half of the hash, so that nearly all other records are passed over unread and a
/// larger table needs no hash, and the record's place plus one.
fn tagged(hash: u64, place: u32) -> u64 {
    tag(hash) << u32::BITS | u64::from(place + 1)
}

/// The half of a hash that is in its slot, which also says where to search. No table has more slots.
#[inline]
fn tag(hash: u64) -> u64 {
    hash >> u32::BITS
}

/// The place of a slot's record.
#[inline]
fn place(held: u64) -> Option<u32> {
    (held as u32).checked_sub(1)
}

fn empty(slots: usize) -> Box<[AtomicU64]> {
    (0..slots).map(|_| AtomicU64::new(EMPTY)).collect()
}
