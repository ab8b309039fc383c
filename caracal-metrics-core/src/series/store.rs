//! The series of one family.

use std::convert::Infallible;
use std::sync::atomic::{
    AtomicU32, AtomicUsize,
    Ordering::{Acquire, Relaxed, Release},
};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use parking_lot::Mutex;

use super::changes::{Changes, Version};
use super::created::Created;
use super::cut::Value;
use super::interner::Interner;
use super::key::{Key, Labels, MAX_OPEN};
use super::limits::Limits;
use super::rows::{Rows, Source};
use crate::catalogue::{Family, LabelValues, Metric, MetricKind};
use crate::engine::{self, Cell, HISTOGRAM_BUCKETS, LONGEST_NANOS, Width};
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
    /// Upper bounds in nanoseconds, ascending, and [`u64::MAX`] where there are no more.
    bounds: [u64; HISTOGRAM_BUCKETS],
    index: Index,
    /// Keeps two threads from making one dense cell each.
    dense_insert: Mutex<()>,
    /// Which open labels always read [`AGGREGATED`].
    aggregated: [bool; MAX_OPEN],
    /// Bytes of an open label value.
    value_bytes: usize,
    /// Series that the family may have.
    limit: usize,
    /// Where a gauge's values go once the family is full. No page shows them: the values of several
    /// gauges have no sum.
    set_aside: OnceLock<Cell>,
    /// For counters and histograms, where the registry is to say when their series began.
    created: Option<Created>,
    /// Series that count against the limit.
    series: AtomicUsize,
    owned: Mutex<Vec<OwnedSeries>>,
    pub(super) changes: Changes,
    rows: Mutex<Arc<Rows>>,
}

impl FamilyStore {
    pub(crate) fn new(metric: Metric, limits: &Limits, created: bool) -> Self {
        let family = metric.family();
        let mut aggregated = [false; MAX_OPEN];
        let open = family.labels.iter().filter(|label| label.values.is_open());
        for (flag, label) in aggregated.iter_mut().zip(open) {
            *flag = limits.aggregate.iter().any(|name| name == label.name);
        }
        let index = if family.open_labels() == 0 {
            Index::Dense((0..family.closed_sets()).map(|_| AtomicU32::new(0)).collect())
        } else {
            Index::Interned(Box::new(Interner::new(family.open_labels(), family.closed_sets())))
        };
        Self {
            metric,
            family,
            bounds: std::array::from_fn(|bucket| {
                family.buckets.get(bucket).map_or(u64::MAX, |bound| nanos(*bound))
            }),
            index,
            dense_insert: Mutex::default(),
            aggregated,
            value_bytes: limits.value_bytes,
            limit: limits.series,
            set_aside: OnceLock::new(),
            created: (created && family.kind != MetricKind::Gauge).then(Created::default),
            series: AtomicUsize::new(0),
            owned: Mutex::default(),
            changes: Changes::new(),
            rows: Mutex::default(),
        }
    }

    fn width(&self) -> Width {
        match self.family.kind {
            MetricKind::Histogram => Width::Histogram,
            MetricKind::Gauge if self.tracks() => Width::Pair,
            MetricKind::Gauge | MetricKind::Counter => Width::Word,
        }
    }

    /// A cell for a series that begins.
    fn allocate(&self) -> Cell {
        let cell = engine::allocate(self.width());
        if let Some(created) = &self.created {
            created.note(cell);
        }
        cell
    }

    /// Whether the gauge is the number of guards that are alive, and nothing sets it.
    pub(crate) fn tracks(&self) -> bool {
        matches!(self.metric, Metric::GatewayRequestsInFlight | Metric::ScrapesInFlight)
    }

    /// The cell of a label set that is there already, if it is found at once.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "constants of the caller decide most of it")]
    pub(crate) fn recall<const OPEN: usize>(&self, labels: Labels<'_, OPEN>) -> Option<Cell> {
        // Beyond them are the numbers of another family.
        debug_assert!(labels.closed < self.family.closed_sets());
        match &self.index {
            Index::Dense(cells) if OPEN == 0 => made(cells.get(labels.closed as usize)?),
            Index::Interned(interner) if OPEN > 0 => interner.recall(labels),
            _ => None,
        }
    }

    /// The cell of a label set, and whether it is a shared one because the family is full: that of
    /// the aggregated series, or for a gauge one that no page shows. Calls `on_cut` if a value is too long and is cut.
    #[inline]
    pub(crate) fn resolve<const OPEN: usize>(
        &self,
        labels: Labels<'_, OPEN>,
        on_cut: impl FnOnce(),
    ) -> (Cell, bool) {
        match &self.index {
            Index::Dense(cells) => (self.dense(&cells[labels.closed as usize]), false),
            // No series has a value that is too long or that the user aggregates: those are not
            // found, so only label sets that are not found pay for the check.
            Index::Interned(interner) => match interner.find(labels) {
                Some(cell) => (cell, false),
                None => self.resolve_unknown(interner, labels, on_cut),
            },
        }
    }

    #[inline(never)]
    fn resolve_unknown<const OPEN: usize>(
        &self,
        interner: &Interner,
        labels: Labels<'_, OPEN>,
        on_cut: impl FnOnce(),
    ) -> (Cell, bool) {
        let open = self.values(labels.open);
        if open.iter().any(Value::is_cut) {
            on_cut();
        }
        let labels = Labels { closed: labels.closed, open: open.each_ref().map(|value| &**value) };
        match interner.find(labels) {
            Some(cell) => (cell, false),
            None => self.make_interned(interner, labels),
        }
    }

    /// The cell of a label set that is there already. If it is, and a value is too long, calls
    /// `on_cut`.
    pub(crate) fn find<const OPEN: usize>(
        &self,
        labels: Labels<'_, OPEN>,
        on_cut: impl FnOnce(),
    ) -> Option<Cell> {
        match &self.index {
            Index::Dense(cells) => made(&cells[labels.closed as usize]),
            Index::Interned(interner) => match interner.find(labels) {
                Some(cell) => Some(cell),
                None => self.find_changed(interner, labels, on_cut),
            },
        }
    }

    #[inline(never)]
    fn find_changed<const OPEN: usize>(
        &self,
        interner: &Interner,
        labels: Labels<'_, OPEN>,
        on_cut: impl FnOnce(),
    ) -> Option<Cell> {
        let open = self.values(labels.open);
        let labels = Labels { closed: labels.closed, open: open.each_ref().map(|value| &**value) };
        let cell = interner.find(labels)?;
        if open.iter().any(Value::is_cut) {
            on_cut();
        }
        Some(cell)
    }

    /// Open label values as series carry them: those that the user aggregates are replaced, and
    /// those that are too long are cut.
    pub(crate) fn values<'a, const OPEN: usize>(&self, open: [&'a str; OPEN]) -> [Value<'a>; OPEN] {
        let mut aggregated = self.aggregated.into_iter();
        open.map(|value| match aggregated.next() {
            Some(true) => Value::Whole(AGGREGATED),
            _ => Value::within(value, self.value_bytes),
        })
    }

    fn dense(&self, slot: &AtomicU32) -> Cell {
        if let Some(cell) = made(slot) {
            return cell;
        }
        let _inserting = self.dense_insert.lock();
        made(slot).unwrap_or_else(|| {
            let cell = self.allocate();
            self.changes.make(|| slot.store(cell.to_raw() + 1, Release));
            cell
        })
    }

    fn make_interned<const OPEN: usize>(
        &self,
        interner: &Interner,
        labels: Labels<'_, OPEN>,
    ) -> (Cell, bool) {
        // Past the limit a flood of new label sets takes no lock: it finds the aggregated series.
        if self.series.load(Relaxed) < self.limit {
            let made = interner.find_or_insert(labels, &self.changes, || {
                self.take_place()?;
                Ok::<_, Full>(self.allocate())
            });
            if let Ok(cell) = made {
                return (cell, false);
            }
        }
        if self.family.kind == MetricKind::Gauge {
            return (*self.set_aside.get_or_init(|| engine::allocate(self.width())), true);
        }
        let labels = Labels { open: [AGGREGATED; OPEN], ..labels };
        if let Some(cell) = interner.find(labels) {
            return (cell, true);
        }
        (self.make_unbounded(interner, labels), true)
    }

    /// The cell of a label set that counts against no limit.
    fn make_unbounded<const OPEN: usize>(
        &self,
        interner: &Interner,
        labels: Labels<'_, OPEN>,
    ) -> Cell {
        let create = || Ok::<_, Infallible>(self.allocate());
        interner
            .find_or_insert(labels, &self.changes, create)
            .unwrap_or_else(|never| match never {})
    }

    fn take_place(&self) -> Result<(), Full> {
        self.series
            .fetch_update(Relaxed, Relaxed, |series| (series < self.limit).then_some(series + 1))
            .map(drop)
            .map_err(|_| Full)
    }

    /// Shows a series that stands in the output from the start. It counts against no limit.
    pub(crate) fn expose<const OPEN: usize>(&self, labels: Labels<'_, OPEN>) {
        match &self.index {
            Index::Dense(cells) => drop(self.dense(&cells[labels.closed as usize])),
            Index::Interned(interner) => {
                self.make_unbounded(interner, labels);
            }
        }
    }

    /// Makes a series for an instance to own, which the output does not show yet.
    pub(crate) fn reserve(&self, key: Key) -> Result<OwnedSeries, Full> {
        self.take_place()?;
        Ok(OwnedSeries { instance: 0, key, cell: self.allocate() })
    }

    /// Shows a series that was reserved.
    pub(crate) fn own(&self, instance: u64, series: OwnedSeries) {
        self.changes.make(|| self.owned.lock().push(OwnedSeries { instance, ..series }));
    }

    /// Gives up a series that was reserved and not shown.
    pub(crate) fn give_up(&self) {
        self.series.fetch_sub(1, Relaxed);
    }

    /// Takes the series of an instance out of the output. Their cells are still the instance's.
    pub(crate) fn disown(&self, instance: u64) {
        let is_gone = |series: &OwnedSeries| series.instance == instance;
        if !self.owned.lock().iter().any(is_gone) {
            return;
        }
        self.changes.make(|| {
            let mut owned = self.owned.lock();
            let before = owned.len();
            owned.retain(|series| !is_gone(series));
            self.series.fetch_sub(before - owned.len(), Relaxed);
        });
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

    /// How many bounds are less than this.
    #[inline]
    fn bucket_of(&self, nanos: u64) -> usize {
        const _: () = assert!(HISTOGRAM_BUCKETS == 15, "four steps find one of 16 places");
        // A binary search without a loop or a branch that could be predicted wrongly.
        let mut bucket = 0;
        for step in [8, 4, 2, 1] {
            bucket += step * usize::from(self.bounds[bucket + step - 1] < nanos);
        }
        bucket
    }

    /// The series in the order of the output, made anew only after one came or went.
    pub(crate) fn rows(&self, const_labels: &str) -> Arc<Rows> {
        let mut rows = self.rows.lock();
        if !self.changes.is_fresh(rows.version) {
            let version = self.changes.version();
            *rows = Arc::new(self.sort_rows(version, const_labels));
        }
        Arc::clone(&rows)
    }

    fn sort_rows(&self, version: Version, const_labels: &str) -> Rows {
        let owned = self.owned.lock().clone();
        let optional = self.family.labels.iter().any(|l| matches!(l.values, LabelValues::Optional));
        let named = optional && owned.iter().any(|series| !series.key.open(0).is_empty());
        let mut sources: Vec<Source> = Vec::new();
        match &self.index {
            // Named and unnamed instances never share a family, so the unnamed series that waits
            // for an instance stands back once there are named ones.
            _ if named => {}
            Index::Dense(cells) => {
                for (closed, slot) in (0..).zip(cells) {
                    if let Some(cell) = made(slot) {
                        sources.push(Source { key: Key::new(closed, &[]), cell, owned: false });
                    }
                }
            }
            Index::Interned(interner) => sources
                .extend(interner.entries().map(|(key, cell)| Source { key, cell, owned: false })),
        }
        sources.extend(owned.into_iter().map(|s| Source { key: s.key, cell: s.cell, owned: true }));
        Rows::sorted(self.family, sources, const_labels, self.created.as_ref(), version)
    }
}

impl Drop for FamilyStore {
    fn drop(&mut self) {
        // The engine's cells outlive the registry: what it had is for the next one.
        if let Some(cell) = self.set_aside.get() {
            self.release(*cell);
        }
        match &self.index {
            Index::Dense(cells) => {
                for cell in cells.iter().filter_map(made) {
                    if self.tracks() {
                        engine::release_when_zero(cell);
                    } else {
                        self.release(cell);
                    }
                }
            }
            Index::Interned(interner) => {
                interner.entries().for_each(|(_, cell)| self.release(cell));
            }
        }
    }
}

/// The cell in a slot of [`Index::Dense`].
#[inline]
fn made(slot: &AtomicU32) -> Option<Cell> {
    slot.load(Acquire).checked_sub(1).map(Cell::from_raw)
}

/// Saturates. Without the 128 bits of [`Duration::as_nanos`], on whose arithmetic a record would
/// spend more than on its cell.
#[inline]
pub(crate) fn nanos(duration: Duration) -> u64 {
    duration.as_secs().saturating_mul(1_000_000_000).saturating_add(duration.subsec_nanos().into())
}
