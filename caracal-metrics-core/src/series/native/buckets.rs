//! The native buckets of a family.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use super::chunks::{Chunks, Grown, Name, place};
use super::fast::{Shifted, Table};
use super::grid::{halvings, seconds};
use super::handle::{self, NativeSeries};
use super::partition::{Partition, Position, Region};
use super::reach;
use super::recent::{Key, Number, SeriesNumber};
use super::{NativeBuckets, NativeCounts};
use crate::description::{Bounds, nanos};
use crate::engine::{self, Cell, LONGEST_NANOS, OwnPages, RUN_WORDS, Reader, Width};
use crate::resolution::Resolution;
use crate::series::buckets::BucketSearch;
use crate::series::exemplars::Observed;
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
    /// The handles of the series share it.
    table: Arc<Table>,
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
    let interval = |value, below| partition.position(value, below).interval(halvings);
    let table = match bounds {
        // Numbers that are found in the table request no exemplar.
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

    /// Returns the key under which a thread keeps its words for an interval, or `None` if it can't keep them.
    fn key(&self, cell: Cell, region: Region, interval: i32) -> Option<Key> {
        self.number.of_series(cell).key(Name::of(region, interval))
    }

    /// Keeps the thread's words for an interval, if it has some.
    #[inline(never)]
    fn keep(&self, cell: Cell, region: Region, interval: i32) {
        if let Some(key) = self.key(cell, region, interval)
            && let Some(chunk) = first(cell, region, interval)
        {
            key.keep(engine::own_pages(), chunk, cell, self.runs);
        }
    }

    /// Counts a number that is not in the table, or whose words this thread did not use recently.
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

/// Returns the chunk of an interval at the first resolution, if it exists.
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
        // This comes first, so that the code that follows can use the registers.
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
