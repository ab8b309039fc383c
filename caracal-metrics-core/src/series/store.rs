//! The series of one family.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{
    AtomicU32, AtomicU64, AtomicUsize,
    Ordering::{Acquire, Relaxed, Release},
};
use std::time::Duration;

use parking_lot::Mutex;

use super::created::Created;
use super::interner::{Inserted, Interner};
use super::key::{Key, Labels, MAX_OPEN};
use super::rows::{Rows, Source};
use crate::catalogue::{Family, LabelValues, Metric, MetricKind};
use crate::engine::{self, Cell, LONGEST_NANOS, Width};
use crate::labels::AGGREGATED;

/// How a family's label sets find their cells.
#[derive(Debug)]
enum Index {
    /// All labels are closed: the packed number is the place. Cells stand there plus one, 0 is none.
    Dense(Box<[AtomicU32]>),
    Interned(Box<Interner>),
}

/// A series that an attached instance owns: it goes when the instance does.
#[derive(Clone, Debug)]
pub(crate) struct OwnedSeries {
    instance: u64,
    key: Key,
    pub(crate) cell: Cell,
}

/// The family has as many series as it may.
#[derive(Debug)]
pub(crate) struct Full;

#[derive(Debug)]
pub(crate) struct FamilyStore {
    metric: Metric,
    pub(crate) family: &'static Family,
    /// Upper bounds in nanoseconds, ascending, without the last one.
    bounds: Box<[u64]>,
    index: Index,
    /// Keeps two threads from making one dense cell each.
    dense_insert: Mutex<()>,
    /// Which open labels always read [`AGGREGATED`].
    aggregated: [bool; MAX_OPEN],
    /// Whether there is any such label.
    aggregates: bool,
    limit: usize,
    /// For counters and histograms, where the registry is to say when their series began.
    created: Option<Created>,
    /// Series that count against the limit.
    series: AtomicUsize,
    owned: Mutex<Vec<OwnedSeries>>,
    /// Grows whenever a series comes or goes: rows of an older generation are stale.
    generation: AtomicU64,
    rows: Mutex<Arc<Rows>>,
}

impl FamilyStore {
    pub(crate) fn new(metric: Metric, limit: usize, aggregate: &[String], created: bool) -> Self {
        let family = metric.family();
        let mut aggregated = [false; MAX_OPEN];
        let open = family.labels.iter().filter(|label| label.values.is_open());
        for (flag, label) in aggregated.iter_mut().zip(open) {
            *flag = aggregate.iter().any(|name| name == label.name);
        }
        let index = if family.open_labels() == 0 {
            Index::Dense((0..family.closed_sets()).map(|_| AtomicU32::new(0)).collect())
        } else {
            Index::Interned(Box::default())
        };
        Self {
            metric,
            family,
            bounds: family.buckets.iter().map(|bound| nanos(*bound)).collect(),
            index,
            dense_insert: Mutex::default(),
            aggregated,
            aggregates: aggregated.contains(&true),
            limit,
            created: (created && family.kind != MetricKind::Gauge).then(Created::default),
            series: AtomicUsize::new(0),
            owned: Mutex::default(),
            generation: AtomicU64::new(1),
            rows: Mutex::default(),
        }
    }

    fn width(&self) -> Width {
        match self.family.kind {
            MetricKind::Histogram => Width::Histogram,
            _ => Width::Word,
        }
    }

    /// Whether the gauge is the number of guards that are alive, and nothing sets it.
    pub(crate) fn tracks(&self) -> bool {
        matches!(self.metric, Metric::GatewayRequestsInFlight | Metric::ScrapesInFlight)
    }

    /// The cell of a label set, and whether it is the aggregated one because the family is full.
    #[inline]
    pub(crate) fn resolve(&self, labels: Labels<'_>) -> (Cell, bool) {
        match &self.index {
            Index::Dense(cells) => (self.dense(cells, labels.closed), false),
            Index::Interned(interner) if self.aggregates => {
                let open = self.open_values(labels);
                let labels = Labels { open: &open[..labels.open.len()], ..labels };
                self.resolve_interned(interner, labels)
            }
            Index::Interned(interner) => self.resolve_interned(interner, labels),
        }
    }

    #[inline]
    fn resolve_interned(&self, interner: &Interner, labels: Labels<'_>) -> (Cell, bool) {
        match interner.find(labels) {
            Some(cell) => (cell, false),
            None => self.make_interned(interner, labels),
        }
    }

    /// The cell of a label set that is there already.
    #[inline]
    pub(crate) fn find(&self, labels: Labels<'_>) -> Option<Cell> {
        match &self.index {
            Index::Dense(cells) => {
                cells[labels.closed as usize].load(Acquire).checked_sub(1).map(Cell::from_raw)
            }
            Index::Interned(interner) => {
                let open = self.open_values(labels);
                interner.find(Labels { open: &open[..labels.open.len()], ..labels })
            }
        }
    }

    /// The open values as they are recorded: those that the user aggregates are replaced.
    #[inline]
    fn open_values<'a>(&self, labels: Labels<'a>) -> [&'a str; MAX_OPEN] {
        let mut open = [AGGREGATED; MAX_OPEN];
        for ((slot, value), aggregated) in open.iter_mut().zip(labels.open).zip(self.aggregated) {
            if !aggregated {
                *slot = value;
            }
        }
        open
    }

    #[inline]
    fn dense(&self, cells: &[AtomicU32], closed: u32) -> Cell {
        match cells[closed as usize].load(Acquire) {
            0 => self.make_dense(&cells[closed as usize]),
            raw => Cell::from_raw(raw - 1),
        }
    }

    #[cold]
    fn make_dense(&self, slot: &AtomicU32) -> Cell {
        let _inserting = self.dense_insert.lock();
        match slot.load(Acquire) {
            0 => {
                let cell = engine::allocate(self.width());
                slot.store(cell.to_raw() + 1, Release);
                self.shows(cell);
                cell
            }
            raw => Cell::from_raw(raw - 1),
        }
    }

    #[cold]
    fn make_interned(&self, interner: &Interner, labels: Labels<'_>) -> (Cell, bool) {
        // Past the limit a flood of new label sets takes no lock: it finds the aggregated series.
        if self.series.load(Relaxed) < self.limit {
            let made = interner.find_or_insert(labels, || {
                self.take_place()?;
                Ok::<_, Full>(engine::allocate(self.width()))
            });
            if let Ok((cell, inserted)) = made {
                self.note(cell, inserted);
                return (cell, false);
            }
        }
        let open = [AGGREGATED; MAX_OPEN];
        let labels = Labels { open: &open[..labels.open.len()], ..labels };
        if let Some(cell) = interner.find(labels) {
            return (cell, true);
        }
        let made =
            interner.find_or_insert(labels, || Ok::<_, Infallible>(engine::allocate(self.width())));
        let (cell, inserted) = made.unwrap_or_else(|never| match never {});
        self.note(cell, inserted);
        (cell, true)
    }

    fn note(&self, cell: Cell, inserted: Inserted) {
        if inserted == Inserted::Yes {
            self.shows(cell);
        }
    }

    /// A series has begun.
    fn shows(&self, cell: Cell) {
        if let Some(created) = &self.created {
            created.note(cell);
        }
        self.changed();
    }

    fn changed(&self) {
        self.generation.fetch_add(1, Release);
    }

    fn take_place(&self) -> Result<(), Full> {
        self.series
            .fetch_update(Relaxed, Relaxed, |series| (series < self.limit).then_some(series + 1))
            .map(drop)
            .map_err(|_| Full)
    }

    /// Shows a series that stands in the output from the start. It counts against no limit.
    pub(crate) fn expose(&self, labels: Labels<'_>) {
        match &self.index {
            Index::Dense(cells) => drop(self.dense(cells, labels.closed)),
            Index::Interned(interner) => {
                let made = interner
                    .find_or_insert(labels, || Ok::<_, Infallible>(engine::allocate(self.width())));
                let (cell, inserted) = made.unwrap_or_else(|never| match never {});
                self.note(cell, inserted);
            }
        }
    }

    /// Makes a series for an instance to own, which the output does not show yet.
    pub(crate) fn reserve(&self, labels: Labels<'_>) -> Result<OwnedSeries, Full> {
        self.take_place()?;
        let cell = engine::allocate(self.width());
        Ok(OwnedSeries { instance: 0, key: Key::new(labels), cell })
    }

    /// Shows a series that was reserved.
    pub(crate) fn own(&self, instance: u64, series: OwnedSeries) {
        let cell = series.cell;
        self.owned.lock().push(OwnedSeries { instance, ..series });
        self.shows(cell);
    }

    /// Gives up a series that was reserved and not shown.
    pub(crate) fn give_up(&self) {
        self.series.fetch_sub(1, Relaxed);
    }

    /// Takes the series of an instance out of the output. Their cells are still the instance's.
    pub(crate) fn disown(&self, instance: u64) {
        let mut owned = self.owned.lock();
        let before = owned.len();
        owned.retain(|series| series.instance != instance);
        let gone = before - owned.len();
        drop(owned);
        if gone > 0 {
            self.series.fetch_sub(gone, Relaxed);
            self.changed();
        }
    }

    /// Gives the memory of a disowned series back.
    pub(crate) fn release(&self, cell: Cell) {
        if let Some(created) = &self.created {
            created.forget(cell);
        }
        engine::release(cell, self.width());
    }

    /// Counts a duration. Says whether it was counted as it is: one of more than a year is cut.
    #[inline]
    #[must_use]
    pub(crate) fn observe(&self, cell: Cell, duration: Duration) -> bool {
        let nanos = nanos(duration);
        engine::observe(cell, self.bucket_of(nanos), nanos);
        nanos <= LONGEST_NANOS
    }

    /// The bucket that a duration is counted into.
    pub(crate) fn bucket(&self, duration: Duration) -> usize {
        self.bucket_of(nanos(duration))
    }

    #[inline]
    fn bucket_of(&self, nanos: u64) -> usize {
        self.bounds.partition_point(|bound| *bound < nanos)
    }

    /// The series in the order of the output; made anew only after one came or went.
    pub(crate) fn rows(&self, const_labels: &str) -> Arc<Rows> {
        let mut rows = self.rows.lock();
        let generation = self.generation.load(Acquire);
        if rows.generation != generation {
            *rows = Arc::new(self.sort_rows(generation, const_labels));
        }
        Arc::clone(&rows)
    }

    fn sort_rows(&self, generation: u64, const_labels: &str) -> Rows {
        let owned = self.owned.lock().clone();
        let optional = self.family.labels.iter().any(|l| matches!(l.values, LabelValues::Optional));
        let named = optional && owned.iter().any(|series| !series.key.open(0).is_empty());
        let mut sources: Vec<Source> = Vec::new();
        match &self.index {
            // Named and unnamed instances never share a family, so the unnamed series that waits
            // for an instance stands back once there are named ones.
            _ if named => {}
            Index::Dense(cells) => {
                for (closed, raw) in (0..).zip(cells) {
                    if let Some(raw) = raw.load(Acquire).checked_sub(1) {
                        let key = Key::new(Labels { closed, open: &[] });
                        sources.push(Source { key, cell: Cell::from_raw(raw), owned: false });
                    }
                }
            }
            Index::Interned(interner) => sources.extend(interner.entries().map(|entry| Source {
                key: entry.key.clone(),
                cell: entry.cell,
                owned: false,
            })),
        }
        sources.extend(owned.into_iter().map(|s| Source { key: s.key, cell: s.cell, owned: true }));
        Rows::sorted(self.family, sources, const_labels, self.created.as_ref(), generation)
    }
}

impl Drop for FamilyStore {
    fn drop(&mut self) {
        // The engine's cells outlive the registry: what it had is for the next one.
        match &self.index {
            Index::Dense(cells) => {
                let cells = cells.iter().filter_map(|raw| raw.load(Acquire).checked_sub(1));
                for cell in cells.map(Cell::from_raw) {
                    if self.tracks() {
                        engine::release_when_zero(cell);
                    } else {
                        self.release(cell);
                    }
                }
            }
            Index::Interned(interner) => {
                interner.entries().for_each(|entry| self.release(entry.cell));
            }
        }
    }
}

/// Saturates. Without the 128 bits of [`Duration::as_nanos`], on whose arithmetic a record would
/// spend more than on its cell.
#[inline]
pub(crate) fn nanos(duration: Duration) -> u64 {
    duration.as_secs().saturating_mul(1_000_000_000).saturating_add(duration.subsec_nanos().into())
}
