//! Label sets to cells, without a lock for a set that is known.
//!
//! An open-addressed table of slots, each a hash tag and an entry's number in one atomic. Entries
//! are never moved or removed, and a table that is outgrown is kept, so a reader needs no guard:
//! it reads the current table, a slot, the entry. A reader that still has an old table misses the
//! newest entries and takes the slow path, which looks again under the lock.

use std::hash::{BuildHasher, Hasher};
use std::sync::OnceLock;
use std::sync::atomic::{
    AtomicU64, AtomicUsize,
    Ordering::{Acquire, Release},
};

use parking_lot::Mutex;

use super::key::{Key, Labels};
use crate::engine::Cell;

const FIRST_SLOTS: usize = 16;
const TABLES: usize = 28;
const EMPTY: u64 = 0;

#[derive(Debug)]
pub(super) struct Entry {
    hash: u64,
    pub(super) key: Key,
    pub(super) cell: Cell,
}

#[derive(Debug)]
pub(super) struct Interner {
    hasher: foldhash::fast::RandomState,
    /// Table `k` has `FIRST_SLOTS << k` slots.
    tables: [OnceLock<Box<[AtomicU64]>>; TABLES],
    current: AtomicUsize,
    entries: boxcar::Vec<Entry>,
    insert: Mutex<()>,
}

impl Default for Interner {
    fn default() -> Self {
        let interner = Self {
            hasher: foldhash::fast::RandomState::default(),
            tables: [const { OnceLock::new() }; TABLES],
            current: AtomicUsize::new(0),
            entries: boxcar::Vec::new(),
            insert: Mutex::new(()),
        };
        interner.table(0);
        interner
    }
}

impl Interner {
    /// The cell of a label set that is known.
    #[inline]
    pub(super) fn find(&self, labels: Labels<'_>) -> Option<Cell> {
        self.probe(self.hash(labels), labels).ok()
    }

    /// The cell of a label set. `create` is asked once for one that is new, and may refuse.
    pub(super) fn find_or_insert<E>(
        &self,
        labels: Labels<'_>,
        create: impl FnOnce() -> Result<Cell, E>,
    ) -> Result<(Cell, Inserted), E> {
        let hash = self.hash(labels);
        let _inserting = self.insert.lock();
        let slot = match self.probe(hash, labels) {
            Ok(cell) => return Ok((cell, Inserted::No)),
            Err(slot) => slot,
        };
        let cell = create()?;
        let number = self.entries.push(Entry { hash, key: Key::new(labels), cell });
        self.table(self.current.load(Acquire))[slot].store(pack(hash, number), Release);
        self.grow_when_half_full(number + 1);
        Ok((cell, Inserted::Yes))
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().map(|(_, entry)| entry)
    }

    #[inline]
    fn hash(&self, labels: Labels<'_>) -> u64 {
        let mut hasher = self.hasher.build_hasher();
        // foldhash mixes in each value's length, so values need no separator. Full keys are compared
        // anyway: a collision costs a comparison.
        for value in labels.open {
            hasher.write(value.as_bytes());
        }
        // The closed labels are ours and few: no one can make them collide on purpose.
        hasher.finish() ^ u64::from(labels.closed).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }

    /// The cell, or the slot where its entry would go.
    #[inline]
    fn probe(&self, hash: u64, labels: Labels<'_>) -> Result<Cell, usize> {
        let table = self.table(self.current.load(Acquire));
        let mask = table.len() - 1;
        let mut slot = hash as usize & mask;
        loop {
            let packed = table[slot].load(Acquire);
            if packed == EMPTY {
                return Err(slot);
            }
            if packed >> 32 == hash >> 32
                && let Some(entry) = self.entries.get(number(packed))
                && entry.key.matches(labels)
            {
                return Ok(entry.cell);
            }
            slot = (slot + 1) & mask;
        }
    }

    fn grow_when_half_full(&self, entries: usize) {
        let current = self.current.load(Acquire);
        if entries * 2 <= FIRST_SLOTS << current {
            return;
        }
        let table = self.table(current + 1);
        let mask = table.len() - 1;
        for (number, entry) in &self.entries {
            let mut slot = entry.hash as usize & mask;
            while table[slot].load(Acquire) != EMPTY {
                slot = (slot + 1) & mask;
            }
            table[slot].store(pack(entry.hash, number), Release);
        }
        self.current.store(current + 1, Release);
    }

    #[inline]
    fn table(&self, number: usize) -> &[AtomicU64] {
        self.tables[number]
            .get_or_init(|| (0..FIRST_SLOTS << number).map(|_| AtomicU64::new(EMPTY)).collect())
    }
}

/// Whether a label set was new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Inserted {
    Yes,
    No,
}

/// The hash's upper half as a tag, and the entry's number plus one: never [`EMPTY`].
fn pack(hash: u64, number: usize) -> u64 {
    (hash >> 32 << 32) | (number as u64 + 1)
}

#[inline]
fn number(packed: u64) -> usize {
    (packed as u32 - 1) as usize
}
