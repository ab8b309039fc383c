//! The native buckets of a family.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use super::NativeBuckets;
use super::chunks::{Chunks, Grown, Name, place};
use super::fast::{Shifted, Table};
use super::grid::{halvings, seconds};
use super::handle::{self, NativeSeries};
use super::partition::{Partition, Position, Region};
use super::reach;
use super::recent::{Key, Number, SeriesNumber};
use crate::description::{Bounds, nanos};
use crate::engine::{self, Cell, LONGEST_NANOS, OwnPages, RUN_WORDS, Reader, Width};
use crate::resolution::Resolution;
use crate::series::buckets::BucketSearch;
use crate::series::exemplars::Observed;
use crate::series::observing::ordinary_nanos;
use crate::series::store::FamilyStore;

/// Chunks that the process may have: 32 MiB of words that all threads share, and up to as many again for
/// each thread, within the engine's limits.
const MOST_CHUNKS: usize = 1 << 18;

static CHUNKS: AtomicUsize = AtomicUsize::new(0);

#[derive(Debug)]
struct Native {
    /// How often the highest resolution is halved to that of the family.
    halvings: u32,
    /// Of a cell.
    runs: usize,
    partition: Partition,
    /// Shared with the handles of its series.
    table: Arc<Table>,
    number: Number,
}

/// The native buckets of a family with these classic ones.
pub(crate) fn native_buckets(
    resolution: Resolution,
    bounds: &Bounds,
    asks_for_exemplars: bool,
) -> Box<dyn NativeBuckets> {
    let schema = resolution.number().into();
    let (search, halvings) = (BucketSearch::of(bounds), halvings(schema));
    let partition = Partition::of(&bounds.exposed());
    let interval = |value, below| partition.position(value, below).interval(halvings);
    let table = match bounds {
        // What is found in the table asks for no exemplar.
        _ if asks_for_exemplars => Table::default(),
        Bounds::Nanos(_) => {
            let below = |nanos| search.of_nanos(nanos);
            Table::of_nanos(schema, |nanos| interval(seconds(nanos), below(nanos)), below)
        }
        Bounds::Floats(bounds) => {
            let below = |value| search.of_float(value);
            Table::of_floats(schema, bounds, |value| interval(value, below(value)), below)
        }
        Bounds::None => Table::default(),
    };
    let (table, runs) = (Arc::new(table), search.runs());
    Box::new(Native { halvings, runs, partition, table, number: Number::new() })
}

impl Native {
    /// Counts a number into words that this thread did not use lately. So many classic bounds are less
    /// than it.
    #[inline(never)]
    fn count(&self, store: &FamilyStore, cell: Cell, position: Position, below: usize, times: u64) {
        let found = reach::chunks(cell).and_then(|chunks| chunks.find(position));
        // Without a native bucket it is counted in the classic one.
        let word = found.or_else(|| self.grow(store, cell, position));
        engine::add(word.unwrap_or_else(|| cell.bucket(below)), times);
    }

    /// The word of a position whose chunk is not there yet.
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

    /// Where the thread keeps its words for an interval.
    fn key(&self, cell: Cell, region: Region, interval: i32) -> Option<Key> {
        self.number.of_series(cell).key(Name::of(region, interval))
    }

    /// Keeps the thread's words for an interval, where it has some.
    #[inline(never)]
    fn keep(&self, cell: Cell, region: Region, interval: i32) {
        if let Some(key) = self.key(cell, region, interval)
            && let Some(chunk) = first(cell, region, interval)
        {
            key.keep(engine::own_pages(), chunk, cell, self.runs);
        }
    }

    /// Counts a number that the table does not have, or into words that this thread did not use lately. One
    /// that is not finite is set aside.
    #[inline(never)]
    fn observe_floats_anew(&self, store: &FamilyStore, cell: Cell, value: f64, times: u64) {
        if value.is_finite() {
            let bucket = self.count_floats(store, cell, value, times);
            store.ask_for_exemplar(cell, bucket, Observed::Float(value));
        } else {
            store.count_invalid();
        }
    }
}

/// The chunk of an interval at the first resolution, if it is there.
fn first(cell: Cell, region: Region, interval: i32) -> Option<Cell> {
    reach::chunks(cell)?.first(Name::of(region, interval))
}

impl NativeBuckets for Native {
    fn observe(&self, store: &FamilyStore, cell: Cell, pages: OwnPages, duration: Duration) {
        let series = self.number.of_series(cell);
        if let Some(nanos) = ordinary_nanos(duration)
            && let Some(interval) = self.table.of_duration(nanos)
            && let Some(own) = series.positive(interval.chunk()).recall(pages)
        {
            own.observe(|| (cell, self.runs), interval.place(), nanos);
        } else {
            self.observe_anew(store, cell, series, duration);
        }
    }

    #[inline(never)]
    fn observe_anew(
        &self,
        store: &FamilyStore,
        cell: Cell,
        series: SeriesNumber,
        duration: Duration,
    ) {
        let nanos = nanos(duration);
        let interval = self.table.of_duration(nanos);
        let Some(interval) = interval.and_then(Shifted::interval) else {
            return store.observe_in_full(cell, nanos);
        };
        let Some(chunk) = first(cell, Region::Positive, interval) else {
            return store.observe_in_full(cell, nanos);
        };
        if let Some(key) = series.key(Name::of(Region::Positive, interval))
            && let Some(own) = key.keep(engine::own_pages(), chunk, cell, self.runs)
        {
            own.observe(|| (cell, self.runs), place(interval), nanos);
        } else {
            engine::add(chunk.word(place(interval)), 1);
            engine::add_nanos(cell, self.runs, nanos);
        }
    }

    fn observe_floats(&self, store: &FamilyStore, cell: Cell, value: f64, times: u64) {
        // First thing, so that what follows has the registers.
        let pages = engine::own_pages();
        if let Some(interval) = self.table.of_float(value)
            && let Some(own) = self.number.of_series(cell).positive(interval.chunk()).recall(pages)
        {
            own.observe_floats(interval.place(), times, value * times as f64);
        } else {
            self.observe_floats_anew(store, cell, value, times);
        }
    }

    fn of_series(&self, store: &Arc<FamilyStore>, cell: Cell) -> NativeSeries {
        NativeSeries {
            number: self.number.of_series(cell),
            table: Arc::clone(&self.table),
            runs: self.runs,
            cell,
            store: Arc::clone(store),
            observe: handle::observe,
        }
    }

    fn count_nanos(&self, store: &FamilyStore, cell: Cell, nanos: u64) -> usize {
        let below = store.buckets.of_nanos(nanos);
        let position = self.partition.position(seconds(nanos), below);
        let interval = position.interval(self.halvings);
        let key = self.key(cell, position.region, interval);
        if let Some(own) = key.and_then(|key| key.recall(engine::own_pages())) {
            own.observe(|| (cell, self.runs), place(interval), nanos.min(LONGEST_NANOS));
        } else {
            self.count(store, cell, position, below, 1);
            engine::add_nanos(cell, self.runs, nanos);
            self.keep(cell, position.region, interval);
        }
        below
    }

    fn count_floats(&self, store: &FamilyStore, cell: Cell, value: f64, times: u64) -> usize {
        let sum = value * times as f64;
        let below = store.buckets.of_float(value);
        let position = self.partition.position(value, below);
        let interval = position.interval(self.halvings);
        let key = self.key(cell, position.region, interval);
        if let Some(own) = key.and_then(|key| key.recall(engine::own_pages())) {
            own.observe_floats(place(interval), times, sum);
        } else {
            self.count(store, cell, position, below, times);
            engine::add_float_sum(cell, self.runs, sum);
            self.keep(cell, position.region, interval);
        }
        below
    }

    fn read(
        &self,
        cells: &[Cell],
        reader: &Reader<'_>,
        buckets: &mut [u64],
        wire: Option<&mut Vec<u8>>,
    ) {
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
                        counted.push(Counted { region, halvings: times, bucket, observed });
                    }
                }
            });
            halvings = halvings.max(chunks.halvings());
        }
        #[cfg(feature = "protobuf")]
        if let Some(wire) = wire.filter(|_| all_native) {
            super::wire::write(halvings, &counted, wire);
        }
        #[cfg(not(feature = "protobuf"))]
        let _ = (all_native, halvings, counted, wire);
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

/// What a native bucket counted, in one of its intervals.
#[cfg_attr(not(feature = "protobuf"), expect(dead_code, reason = "text has no native buckets"))]
#[derive(Clone, Copy, Debug)]
pub(super) struct Counted {
    region: Region,
    halvings: u32,
    bucket: i32,
    observed: u64,
}

#[cfg(feature = "protobuf")]
impl Counted {
    /// The buckets of a region once the highest resolution was halved so many times, in order, each once.
    pub(super) fn of_region(all: &[Self], region: Region, halvings: u32) -> Vec<(i32, u64)> {
        let of_region = all.iter().filter(|counted| counted.region == region);
        let halved = super::grid::halved;
        let mut buckets: Vec<(i32, u64)> =
            of_region.map(|it| (halved(it.bucket, halvings - it.halvings), it.observed)).collect();
        buckets.sort_unstable_by_key(|(bucket, _)| *bucket);
        buckets.dedup_by(|next, first| {
            let is_same = next.0 == first.0;
            if is_same {
                first.1 += next.1;
            }
            is_same
        });
        buckets
    }
}
