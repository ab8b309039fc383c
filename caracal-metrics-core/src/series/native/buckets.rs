//! The native buckets of a family.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use super::chunks::{Chunks, Grown, Name, place};
use super::fast::Table;
use super::grid::{halvings, seconds};
use super::partition::{Partition, Position, Region};
use super::reach;
use super::recent::{self, NAME_BITS, Number};
use super::{NativeBuckets, NativeCounts};
use crate::description::{Bounds, nanos};
use crate::engine::{self, Cell, LONGEST_NANOS, OwnIntervals, RUN_WORDS, Reader, Width};
use crate::resolution::Resolution;
use crate::series::buckets::BucketSearch;
use crate::series::observing::ordinary_nanos;
use crate::series::store::FamilyStore;

/// The maximum number of chunks in the process. They take 32 MiB of words that all threads share, and up to the
/// same again for each thread, within the limits of the engine.
const MOST_CHUNKS: usize = 1 << 18;

static CHUNKS: AtomicUsize = AtomicUsize::new(0);

#[derive(Debug)]
struct Native {
    /// How many times the highest resolution is halved to get that of the family.
    halvings: u32,
    /// The number of runs of a cell.
    runs: usize,
    partition: Partition,
    table: Table,
    number: Number,
}

/// Creates the native buckets of a family with these classic ones.
pub(crate) fn native_buckets(
    resolution: Resolution,
    bounds: &Bounds,
    asks_for_exemplars: bool,
) -> Box<dyn NativeBuckets> {
    let schema = resolution.number().into();
    let (search, halvings) = (BucketSearch::of(bounds), halvings(schema));
    let partition = Partition::of(&bounds.exposed());
    let interval =
        |nanos| partition.position(seconds(nanos), search.of_nanos(nanos)).interval(halvings);
    let table = match bounds {
        // Durations that are found in the table request no exemplar.
        Bounds::Nanos(_) if !asks_for_exemplars => {
            Table::of(schema, interval, |nanos| search.of_nanos(nanos))
        }
        _ => Table::default(),
    };
    Box::new(Native { halvings, runs: search.runs(), partition, table, number: Number::new() })
}

impl Native {
    /// Counts a number in words that this thread did not use recently. `below` is the number of classic bounds
    /// below it.
    #[inline(never)]
    fn count(&self, store: &FamilyStore, cell: Cell, position: Position, below: usize, times: u64) {
        let found = reach::chunks(cell).and_then(|chunks| chunks.find(position));
        // Without a native bucket, it is counted in the classic one.
        let word = found.or_else(|| self.grow(store, cell, position));
        engine::add(word.unwrap_or_else(|| cell.bucket(below)), times);
    }

    /// Returns the word of a position, and creates its chunk.
    #[cold]
    fn grow(&self, store: &FamilyStore, cell: Cell, position: Position) -> Option<Cell> {
        let chunks = reach::make(cell, || Chunks::new(self.halvings))?;
        let (word, grown) = chunks.grow(position, || {
            let is_left = |chunks| (chunks < MOST_CHUNKS).then_some(chunks + 1);
            CHUNKS.fetch_update(Relaxed, Relaxed, is_left).ok()?;
            Some(engine::allocate(Width::Run))
        });
        if grown != Grown::Fits {
            store.settings.native_limited.count();
        }
        word
    }

    /// Returns the thread's words for an interval, if it used its chunk recently.
    #[inline]
    fn recall(&self, cell: Cell, region: Region, interval: i32) -> Option<OwnIntervals> {
        let name = Name::of(region, interval);
        let key = name.is_short(NAME_BITS).then(|| self.number.key(cell, name))?;
        recent::with(|recent| recent.recall(key))
    }

    /// Keeps the thread's words for an interval, if it has some.
    #[inline(never)]
    fn keep(&self, cell: Cell, region: Region, interval: i32) {
        let name = Name::of(region, interval);
        if let Some(chunk) = reach::chunks(cell).and_then(|chunks| chunks.first(name))
            && name.is_short(NAME_BITS)
        {
            let key = self.number.key(cell, name);
            recent::with(|recent| recent.keep(key, chunk, cell, self.runs));
        }
    }

    /// Counts a duration that is not in the table, or whose words this thread did not use recently.
    #[inline(never)]
    fn observe_anew(&self, store: &FamilyStore, cell: Cell, nanos: u64) {
        let Some(interval) = self.table.interval(nanos) else {
            return store.observe_in_full(cell, nanos);
        };
        let name = Name::of(Region::Positive, interval);
        let Some(chunk) = reach::chunks(cell).and_then(|chunks| chunks.first(name)) else {
            return store.observe_in_full(cell, nanos);
        };
        if let Some(own) = engine::own_intervals(chunk, cell, self.runs, recent::forget) {
            recent::with(|recent| recent.set(self.number.key(cell, name), own));
            own.observe(cell, self.runs, place(interval), nanos);
        } else {
            engine::add(chunk.word(place(interval)), 1);
            engine::add_nanos(cell, self.runs, nanos);
        }
    }
}

impl NativeBuckets for Native {
    fn observe(&self, store: &FamilyStore, cell: Cell, duration: Duration) {
        let Some(nanos) = ordinary_nanos(duration) else {
            return store.observe_in_full(cell, nanos(duration));
        };
        let counted = recent::with(|recent| {
            let interval = self.table.interval(nanos)?;
            let key = self.number.key(cell, Name::of(Region::Positive, interval));
            recent.recall(key)?.observe(cell, self.runs, place(interval), nanos);
            Some(())
        });
        if counted.is_none() {
            self.observe_anew(store, cell, nanos);
        }
    }

    fn count_nanos(&self, store: &FamilyStore, cell: Cell, nanos: u64) -> usize {
        let below = store.buckets.of_nanos(nanos);
        let position = self.partition.position(seconds(nanos), below);
        let interval = position.interval(self.halvings);
        if let Some(own) = self.recall(cell, position.region, interval) {
            own.observe(cell, self.runs, place(interval), nanos.min(LONGEST_NANOS));
        } else {
            self.count(store, cell, position, below, 1);
            engine::add_nanos(cell, self.runs, nanos);
            self.keep(cell, position.region, interval);
        }
        below
    }

    fn count_floats(&self, store: &FamilyStore, cell: Cell, value: f64, times: u64) -> usize {
        let sum = value * times as f64;
        recent::with(|recent| {
            let below = store.buckets.of_float(value);
            let position = self.partition.position(value, below);
            let interval = position.interval(self.halvings);
            let name = Name::of(position.region, interval);
            let key = self.number.key(cell, name);
            if name.is_short(NAME_BITS)
                && let Some(own) = recent.recall(key)
            {
                own.observe_floats(place(interval), times, sum);
            } else {
                self.count(store, cell, position, below, times);
                engine::add_float_sum(cell, self.runs, sum);
                self.keep(cell, position.region, interval);
            }
            below
        })
    }

    fn read(
        &self,
        cells: &[Cell],
        reader: &Reader<'_>,
        buckets: &mut [u64],
        counts: Option<&mut NativeCounts>,
    ) -> bool {
        let all_native = buckets.iter().all(|counted| *counted == 0);
        let mut halvings = self.halvings;
        let mut counted = Vec::new();
        for chunks in cells.iter().filter_map(|cell| reach::chunks(*cell)) {
            chunks.for_each(|times, region, first, cell| {
                let mut words = [0; RUN_WORDS];
                reader.run(cell, &mut words);
                for (interval, observed) in (first..).zip(words) {
                    if observed > 0 {
                        let (bucket, below) = self.partition.split(region, times, interval);
                        buckets[below] += observed;
                        if counts.is_some() {
                            counted.push(Counted { region, halvings: times, bucket, observed });
                        }
                    }
                }
            });
            halvings = halvings.max(chunks.halvings());
        }
        if let Some(counts) = counts {
            counts.fill(halvings, &counted);
        }
        all_native
    }

    #[cfg(feature = "protobuf")]
    fn write(&self, counts: &NativeCounts, out: &mut Vec<u8>) {
        super::wire::write(counts, out);
    }

    fn forget(&self, cell: Cell) {
        self.number.renew();
        let Some(chunks) = reach::forget(cell) else { return };
        chunks.for_each(|_, _, _, chunk| {
            engine::release(chunk, Width::Run);
            CHUNKS.fetch_sub(1, Relaxed);
        });
    }
}

/// The count of a native bucket in one of its intervals.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counted {
    pub(super) region: Region,
    pub(super) halvings: u32,
    pub(super) bucket: i32,
    pub(super) observed: u64,
}
