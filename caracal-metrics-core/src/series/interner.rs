//! Maps label sets to cells. Known label sets are found without a lock.
//!
//! This is an open-addressed table of indices of records. Records are never moved or removed, and an outgrown
//! table is kept, so a reader needs no guard: it reads the current table, a slot, and the record. A reader that
//! still has an old table misses the newest records. It then takes the slow path, which looks again under the
//! lock.

use std::hash::{BuildHasher, Hasher};
use std::sync::OnceLock;
use std::sync::atomic::{
    AtomicU64, AtomicUsize,
    Ordering::{Acquire, Release},
};

use parking_lot::Mutex;

use super::changes::Changes;
use super::chunk::{self, CHUNK, Chunk, Few};
use super::key::{Key, Labels};
use super::records::{Head, Records};
use super::rest::Rest;
use crate::engine::Cell;

const FIRST_SLOTS: usize = 16;
const TABLES: usize = 28;

/// At most five of eight slots of a table have records. 10,000 series, the default limit of a family, then fit into
/// 16,384 slots. On average, finding a label set reads two neighbouring slots.
const FULL: (usize, usize) = (5, 8);

/// A slot without a record.
const EMPTY: u64 = 0;

#[derive(Debug)]
pub(crate) struct Interner {
    hasher: foldhash::fast::RandomState,
    /// Table `k` has `FIRST_SLOTS << k` slots.
    tables: [OnceLock<Box<[AtomicU64]>>; TABLES],
    current: AtomicUsize,
    records: Records,
    /// The number of open labels of the family.
    open: usize,
    insert: Mutex<Inserting>,
}

/// A known label set.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known {
    pub(super) cell: Cell,
    /// Half of its hash.
    pub(super) tag: u32,
}

#[derive(Debug, Default)]
struct Inserting {
    end: usize,
    records: usize,
}

impl Interner {
    /// Creates an interner for label sets with this number of open labels.
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

    /// Finds a known label set.
    #[inline]
    pub(super) fn find(&self, labels: Labels<'_>) -> Option<Known> {
        match *labels.open {
            [value] => self.find_one(labels.closed, value),
            [first, second] => self.find_two(labels, first, second),
            _ => self.find_any(labels),
        }
    }

    /// Like [`find`](Self::find), for one open value. A short value needs no call.
    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "most records that are not recalled have one open value"
    )]
    pub(super) fn find_one(&self, closed: u32, value: &str) -> Option<Known> {
        if value.len() > CHUNK {
            return self.find_long(closed, value);
        }
        let head = Head { closed, lengths: value.len() as u64 };
        self.find_chunks(head, &[chunk::short(value.as_bytes())])
    }

    #[inline(never)]
    fn find_long(&self, closed: u32, value: &str) -> Option<Known> {
        let head = Head { closed, lengths: value.len() as u64 };
        match chunk::few(value.as_bytes()) {
            Few::One(chunks) => self.find_chunks(head, &chunks),
            Few::Two(chunks) => self.find_chunks(head, &chunks),
            Few::Three(chunks) => self.find_chunks(head, &chunks),
            Few::More => self.find_any(Labels { closed, open: &[value] }),
        }
    }

    #[inline(never)]
    fn find_two(&self, labels: Labels<'_>, first: &str, second: &str) -> Option<Known> {
        let lengths = first.len() as u64 | (second.len() as u64) << u32::BITS;
        let head = Head { closed: labels.closed, lengths };
        let mut chunks = [[0; 2]; 6];
        let mut count = 0;
        for value in [first, second] {
            // After one value, there is room for another one.
            let room = chunks[count..].first_chunk_mut();
            let put = room.and_then(|room| chunk::few(value.as_bytes()).put(room));
            let Some(put) = put else { return self.find_any(labels) };
            count += put;
        }
        self.find_chunks(head, &chunks[..count])
    }

    #[inline(always)]
    #[expect(clippy::inline_always, reason = "the number of chunks is a constant in most callers")]
    fn find_chunks(&self, head: Head, chunks: &[Chunk]) -> Option<Known> {
        let mut hasher = self.hasher.build_hasher();
        for chunk in chunks {
            write(&mut hasher, *chunk);
        }
        let hash = finish(&hasher, head);
        let table = self.table();
        let mask = table.len() - 1;
        let mut slot = tag(hash) as usize;
        // Like `probe`, without the index of the slot.
        loop {
            let content = table[slot & mask].load(Acquire);
            if tag(content) == tag(hash)
                && let Some(place) = place(content)
                && let Some(cell) = self.records.cell_of_chunks(place, head, chunks)
            {
                return Some(Known { cell, tag: tag(hash) as u32 });
            }
            if content == EMPTY {
                return None;
            }
            slot += 1;
        }
    }

    #[inline(never)]
    fn find_any(&self, labels: Labels<'_>) -> Option<Known> {
        let hash = self.hash(labels);
        let cell = probe(self.table(), hash, |place| self.records.cell_of(place, labels)).ok()?;
        Some(Known { cell, tag: tag(hash) as u32 })
    }

    /// Returns the cell of a label set. For a new one, `create` is called once, and can refuse. The new label
    /// set is listed as a change.
    pub(super) fn find_or_insert(
        &self,
        labels: Labels<'_>,
        changes: &Changes,
        create: &dyn Fn() -> Option<Cell>,
    ) -> Option<Cell> {
        let hash = self.hash(labels);
        let mut inserting = self.insert.lock();
        let find = |place| self.records.cell_of(place, labels);
        match probe(self.table(), hash, find) {
            Ok(cell) => Some(cell),
            Err(slot) => self.insert(&mut inserting, labels, hash, slot, changes, create),
        }
    }

    /// Like [`find_or_insert`](Self::find_or_insert), in a family that marks and hides records. A marked or
    /// hidden record becomes findable again, unless it is hidden and `show` refuses it.
    pub(super) fn wake_or_insert(
        &self,
        labels: Labels<'_>,
        changes: &Changes,
        create: &dyn Fn() -> Option<Cell>,
        show: &dyn Fn() -> bool,
    ) -> Option<Cell> {
        let hash = self.hash(labels);
        let mut inserting = self.insert.lock();
        let find = |place| Some((place, self.records.rest_of(place, labels)?));
        let (place, (cell, rest)) = match probe(self.table(), hash, find) {
            Ok(found) => found,
            Err(slot) => return self.insert(&mut inserting, labels, hash, slot, changes, create),
        };
        let wake = || self.records.set_rest(place, Rest::Awake);
        match rest {
            Rest::Awake => {}
            Rest::Marked => wake(),
            Rest::Hidden if show() => changes.insert(place, cell, wake),
            Rest::Hidden => return None,
        }
        Some(cell)
    }

    /// Inserts a new label set. This slot gets the index of its record.
    fn insert(
        &self,
        inserting: &mut Inserting,
        labels: Labels<'_>,
        hash: u64,
        mut slot: usize,
        changes: &Changes,
        create: &dyn Fn() -> Option<Cell>,
    ) -> Option<Cell> {
        let cell = create()?;
        if (inserting.records + 1) * FULL.1 > self.table().len() * FULL.0 {
            self.grow(self.table());
            slot = probe(self.table(), hash, |_| None::<Cell>).err().unwrap_or(slot);
        }
        let place = self.records.push(&mut inserting.end, labels, cell);
        inserting.records += 1;
        changes.insert(place, cell, || self.table()[slot].store(tagged(hash, place), Release));
        Some(cell)
    }

    /// Returns the index of the record of a label set, its cell, and its rest state.
    pub(super) fn look_up(&self, labels: Labels<'_>) -> Option<(u32, Cell, Rest)> {
        let find = |place| {
            let (cell, rest) = self.records.rest_of(place, labels)?;
            Some((place, cell, rest))
        };
        probe(self.table(), self.hash(labels), find).ok()
    }

    /// Calls `change` with the record at each of these indices and its rest state, and sets the state that it
    /// returns. During this time, no record is woken or inserted.
    pub(super) fn change_rest(
        &self,
        places: impl Iterator<Item = u32>,
        mut change: impl FnMut(u32, Cell, Rest) -> Rest,
    ) {
        let _inserting = self.insert.lock();
        for place in places {
            let (cell, rest) = self.records.rest(place);
            let after = change(place, cell, rest);
            if after != rest {
                self.records.set_rest(place, after);
            }
        }
    }

    /// Returns the label set of the record at this index.
    pub(super) fn key(&self, place: u32) -> Key {
        self.records.get(place, self.open).0
    }

    /// Returns the label set and the cell of the record at this index.
    pub(super) fn entry(&self, place: u32) -> (Key, Cell) {
        self.records.get(place, self.open)
    }

    /// Returns every label set and its cell, in no particular order.
    pub(super) fn entries(&self) -> impl Iterator<Item = (Key, Cell)> {
        self.places().map(|place| self.records.get(place, self.open))
    }

    /// Returns every label set that is not hidden and its cell, in no particular order.
    pub(super) fn shown(&self) -> impl Iterator<Item = (Key, Cell)> {
        let shown = self.places().filter(|place| self.records.rest(*place).1 != Rest::Hidden);
        shown.map(|place| self.records.get(place, self.open))
    }

    fn places(&self) -> impl Iterator<Item = u32> {
        self.table().iter().filter_map(|slot| place(slot.load(Acquire)))
    }

    fn hash(&self, labels: Labels<'_>) -> u64 {
        let mut hasher = self.hasher.build_hasher();
        for value in labels.open {
            chunk::each(value.as_bytes(), |chunk| write(&mut hasher, chunk));
        }
        finish(&hasher, Head::of(labels))
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

#[inline]
fn write(hasher: &mut impl Hasher, [low, high]: Chunk) {
    hasher.write_u128(u128::from(low) | u128::from(high) << 64);
}

/// Returns the hash of a label set whose chunks were written.
#[inline]
fn finish(hasher: &impl Hasher, head: Head) -> u64 {
    // The closed labels are few and come from us, so nobody can cause collisions on purpose.
    let head = (u64::from(head.closed) ^ head.lengths).wrapping_mul(chunk::GOLDEN_RATIO);
    hasher.finish() ^ head
}

/// Returns what `find` finds, or the slot in which the index of the record would be inserted.
#[inline]
fn probe<T>(table: &[AtomicU64], hash: u64, find: impl Fn(u32) -> Option<T>) -> Result<T, usize> {
    let mask = table.len() - 1;
    let mut slot = tag(hash) as usize & mask;
    loop {
        let held = table[slot].load(Acquire);
        let Some(place) = place(held) else { return Err(slot) };
        if tag(held) == tag(hash)
            && let Some(found) = find(place)
        {
            return Ok(found);
        }
        slot = (slot + 1) & mask;
    }
}

/// Returns the contents of a slot: half of the hash, and the index of the record plus one. With half of the
/// hash, nearly all other records are skipped without being read, and a larger table does not have to hash
/// again.
fn tagged(hash: u64, place: u32) -> u64 {
    tag(hash) << u32::BITS | u64::from(place + 1)
}

/// Returns the half of a hash that is stored in its slot. It also determines where the search starts, so no
/// table has more slots than there are such halves.
#[inline]
fn tag(hash: u64) -> u64 {
    hash >> u32::BITS
}

/// Returns the index of the record of a slot.
#[inline]
fn place(held: u64) -> Option<u32> {
    (held as u32).checked_sub(1)
}

fn empty(slots: usize) -> Box<[AtomicU64]> {
    (0..slots).map(|_| AtomicU64::new(EMPTY)).collect()
}
