//! The words of one series, in chunks of neighbouring intervals.
//!
//! A chunk is a run of the engine. It is identified by its region, its index among the chunks of the region,
//! and how many times the resolution was halved when it was created. It never moves. When a series has the
//! maximum number of chunks, new ones are created at half of the resolution, where each covers twice the range.
//! Pages add up neighbouring buckets of the older ones. Halving therefore moves nothing, and observations at
//! the same time are counted exactly.

use std::ptr;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use super::partition::{Position, Region};
use crate::engine::{Cell, RUN_WORDS};
use crate::sync::{AtomicBool, AtomicPtr, AtomicU64, Mutex};

/// The number of intervals in a chunk.
pub(super) const CHUNK: usize = RUN_WORDS;

/// The number of chunks of a series before the first halving, a power of two. They have 256 intervals.
const FIRST: usize = if cfg!(caracal_loom) { 2 } else { 16 };

/// The number of additional chunks after each halving. The existing ones then count as half as many.
const MORE: usize = FIRST / 2;

/// The number of chunks at the lowest resolution. All finite numbers, with 62 classic bounds, need 25.
const LAST: usize = 32;

/// The lowest resolution of Prometheus.
pub(super) const LOWEST_SCHEMA: i32 = -4;

/// A chunk in a slot: its name, and its cell plus one. 0 means none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Slot(u64);

impl Slot {
    fn of(name: Name, cell: Cell) -> Self {
        Self(u64::from(name.0) << 32 | u64::from(cell.to_raw() + 1))
    }

    fn name(self) -> Name {
        Name((self.0 >> 32) as u32)
    }

    fn cell(self) -> Option<Cell> {
        (self.0 as u32).checked_sub(1).map(Cell::from_raw)
    }
}

/// The name of a chunk, unique within one resolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Name(pub(super) u32);

impl Name {
    const REGION_BITS: u32 = 2;

    /// The number of short numbers.
    pub(super) const SHORT: u32 = 1023;

    /// The short number of the chunk of the interval 0.
    pub(super) const SHORT_ZERO: i32 = 512;

    /// Returns the name of the chunk that contains an interval.
    pub(super) fn of(region: Region, interval: i32) -> Self {
        let chunk = interval.div_euclid(CHUNK as i32);
        Self(chunk.cast_unsigned() << Self::REGION_BITS | region as u32)
    }

    /// Returns a number below [`SHORT`](Self::SHORT) that distinguishes the chunk from all others of its
    /// region, or `None` if it has no such number. Nearly all chunks have one.
    pub(super) fn short(self) -> Option<u32> {
        let number = u32::try_from(self.chunk() + Self::SHORT_ZERO).ok()?;
        (number < Self::SHORT).then_some(number)
    }

    pub(super) fn region(self) -> Region {
        Region::of_code(self.0 & ((1 << Self::REGION_BITS) - 1))
    }

    fn chunk(self) -> i32 {
        self.0.cast_signed() >> Self::REGION_BITS
    }

    fn first_interval(self) -> i32 {
        self.chunk() * CHUNK as i32
    }
}

/// Returns the index of an interval in its chunk.
#[inline]
pub(super) fn place(interval: i32) -> usize {
    interval.rem_euclid(CHUNK as i32) as usize
}

/// Returns the slot at which the search for a chunk starts. Neighbouring chunks have different slots.
fn home(name: Name, slots: usize) -> usize {
    (name.0 >> Name::REGION_BITS) as usize & (slots - 1)
}

/// The chunks of one resolution.
#[derive(Debug)]
struct Level {
    halvings: u32,
    /// Their number is a power of two, and larger than the number of chunks.
    slots: Box<[AtomicU64]>,
    next: Next,
}

/// The level of half the resolution, if it exists.
///
/// This is a pointer instead of a `OnceLock`, whose orderings loom could not check.
#[derive(Debug)]
struct Next(AtomicPtr<Level>);

impl Next {
    fn none() -> Self {
        Self(AtomicPtr::new(ptr::null_mut()))
    }

    fn get(&self) -> Option<&Level> {
        // Acquire: a thread that sees the level also sees its empty slots.
        // SAFETY: the pointer is null or comes from `Box::into_raw` in `set`, and only `drop` frees what is
        // behind it.
        unsafe { self.0.load(Acquire).as_ref() }
    }

    /// Sets the level. There must be none yet, and the caller must hold the lock.
    fn set(&self, level: Level) {
        self.0.store(Box::into_raw(Box::new(level)), Release);
    }
}

impl Drop for Next {
    fn drop(&mut self) {
        let level = self.0.load(Acquire);
        if !level.is_null() {
            // SAFETY: it comes from `Box::into_raw` in `set`, and nothing borrows it any more, because it is
            // borrowed from `self`.
            drop(unsafe { Box::from_raw(level) });
        }
    }
}

#[derive(Debug)]
pub(super) struct Chunks {
    /// How many times the highest resolution was halved initially.
    halvings: u32,
    first: [AtomicU64; FIRST],
    next: Next,
    /// The number of chunks that the last level can still get.
    growing: Mutex<usize>,
    /// Whether the process has reached its maximum number of chunks.
    is_closed: AtomicBool,
}

/// The result for a chunk that was missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Grown {
    /// It existed after all, or there was room.
    Fits,
    /// The resolution was halved for it.
    Halved,
    /// It was not created, and none will be.
    Closed,
}

impl Chunks {
    pub(super) fn new(halvings: u32) -> Self {
        Self {
            halvings,
            first: std::array::from_fn(|_| AtomicU64::new(0)),
            next: Next::none(),
            growing: Mutex::new(FIRST),
            is_closed: AtomicBool::new(false),
        }
    }

    /// Returns the chunk with this name at the first resolution.
    pub(super) fn first(&self, name: Name) -> Option<Cell> {
        find(&self.first, name)
    }

    /// Returns the word of a position, if its chunk exists at one of the resolutions.
    pub(super) fn find(&self, position: Position) -> Option<Cell> {
        self.levels().find_map(|(halvings, slots)| {
            let interval = position.interval(halvings);
            find(slots, Name::of(position.region, interval)).map(|cell| cell.word(place(interval)))
        })
    }

    /// Like [`find`](Self::find). If there is no chunk, one is created in the cell that `allocate` returns. If
    /// it returns none, no chunk is created from now on.
    pub(super) fn grow(
        &self,
        position: Position,
        allocate: impl FnOnce() -> Option<Cell>,
    ) -> (Option<Cell>, Grown) {
        if self.is_closed.load(Relaxed) {
            return (None, Grown::Fits);
        }
        let mut left = self.growing.lock();
        if let Some(word) = self.find(position) {
            return (Some(word), Grown::Fits);
        }
        let Some(cell) = allocate() else {
            self.is_closed.store(true, Relaxed);
            return (None, Grown::Closed);
        };
        let mut grown = Grown::Fits;
        if *left == 0 {
            *left = self.halve();
            grown = Grown::Halved;
        }
        *left -= 1;
        let Some((halvings, slots)) = self.levels().last() else {
            unreachable!("there is a first level")
        };
        let interval = position.interval(halvings);
        insert(slots, Name::of(position.region, interval), cell);
        (Some(cell.word(place(interval))), grown)
    }

    /// Starts a level of half the resolution, and returns the number of chunks that it can have. The caller
    /// must hold the lock.
    fn halve(&self) -> usize {
        let mut next = &self.next;
        let mut halvings = self.halvings;
        while let Some(level) = next.get() {
            (next, halvings) = (&level.next, level.halvings);
        }
        halvings += 1;
        let is_last = halvings == super::grid::halvings(LOWEST_SCHEMA);
        let chunks = if is_last { LAST } else { MORE };
        let slots = (0..2 * chunks).map(|_| AtomicU64::new(0)).collect();
        next.set(Level { halvings, slots, next: Next::none() });
        chunks
    }

    fn levels(&self) -> impl Iterator<Item = (u32, &[AtomicU64])> {
        let mut next = Some(&self.next);
        let more = std::iter::from_fn(move || {
            let level = next?.get();
            next = level.map(|level| &level.next);
            level.map(|level| (level.halvings, &*level.slots))
        });
        std::iter::once((self.halvings, &self.first[..])).chain(more)
    }

    /// Returns how many times the highest resolution has been halved by now.
    pub(super) fn halvings(&self) -> u32 {
        self.levels().map(|(halvings, _)| halvings).last().unwrap_or(self.halvings)
    }

    /// Calls `each` with each chunk: how many times the highest resolution was halved when it was created, its
    /// region, its first interval, and its cell.
    pub(super) fn for_each(&self, mut each: impl FnMut(u32, Region, i32, Cell)) {
        for (halvings, slots) in self.levels() {
            for slot in slots {
                let slot = Slot(slot.load(Acquire));
                if let Some(cell) = slot.cell() {
                    let name = slot.name();
                    each(halvings, name.region(), name.first_interval(), cell);
                }
            }
        }
    }
}

fn find(slots: &[AtomicU64], name: Name) -> Option<Cell> {
    let home = home(name, slots.len());
    let (before, from) = slots.split_at(home);
    for slot in from.iter().chain(before) {
        let slot = Slot(slot.load(Acquire));
        let cell = slot.cell()?;
        if slot.name() == name {
            return Some(cell);
        }
    }
    None
}

/// Inserts a chunk. There must be an empty slot.
fn insert(slots: &[AtomicU64], name: Name, cell: Cell) {
    let (before, from) = slots.split_at(home(name, slots.len()));
    let empty = from.iter().chain(before).find(|slot| slot.load(Relaxed) == 0);
    if let Some(slot) = empty {
        // Release: a thread that finds the chunk finds a cell with the value zero.
        slot.store(Slot::of(name, cell).0, Release);
    }
}
