//! The series of one family.

use std::panic::RefUnwindSafe;
use std::sync::atomic::{
    AtomicBool, AtomicU32, AtomicU64, AtomicUsize,
    Ordering::{Acquire, Relaxed, Release},
};
use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;

use super::buckets::BucketSearch;
use super::changes::Changes;
use super::created::{NoteCreated, NotesOf};
use super::exemplars::Exemplars;
use super::folds::Folds;
use super::interner::Interner;
use super::key::{Key, Labels};
use super::line_text::LineText;
use super::native::{NativeBuckets, WithNative};
#[cfg(feature = "protobuf")]
use super::pair_text::PairText;
use super::recent;
use super::rows::Rows;
use super::tally::Tally;
use super::watch::{HideIdle, Watch};
use crate::description::Description;
use crate::engine::{self, Cell, Width};
use crate::exemplar_source::ExemplarSource;
use crate::family_spec::FamilyKind;
use crate::labels::{LabelValues, MAX_LABELS, closed_sets, open_labels};
use crate::value_limits::{CountValues, ValueLimits};

/// The maximum number of series that a family shows before anything was recorded.
const MOST_KNOWN_SERIES: u32 = 100;

/// The index that maps the label sets of a family to cells.
#[derive(Debug)]
pub(super) enum Index {
    /// All labels are closed: the packed number is the index. Each element is a cell plus one, or 0 for none.
    Dense(Box<[AtomicU32]>),
    Interned(Box<Interner>),
}

/// Builds the rows of a family. The given series are new, each by its index, and may not be findable yet.
type RowsAnew = fn(&FamilyStore, &[(u32, Cell)]) -> Rows;

/// A series that an attached instance owns.
#[derive(Clone, Debug)]
pub(crate) struct OwnedSeries {
    pub(super) instance: u64,
    pub(super) key: Key,
    pub(crate) cell: Cell,
}

/// The error if a family has reached its limit of series.
#[derive(Debug)]
pub(crate) struct Full {
    pub(crate) limit: usize,
}

/// The settings of a registry for a family.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) limit: usize,
    /// The maximum length of an open label value, in bytes.
    pub(crate) value_bytes: usize,
    /// The open labels whose value is always [`AGGREGATED`].
    pub(crate) aggregate: Vec<String>,
    /// Returns the notes of when series began, if a format shows it.
    pub(crate) created: Option<NotesOf>,
    /// Whether the text formats show when a series began.
    pub(crate) created_lines: bool,
    /// Whether the family is left out of the page until it is used.
    pub(crate) shown_once_used: bool,
    /// Whether `folded` and `invalid` have the value 0 as soon as the family is used, instead of appearing with
    /// their first count.
    pub(crate) tallies_from_zero: bool,
    /// The labels that every series has in addition to those of the family.
    pub(crate) const_labels: Arc<[(String, String)]>,
    /// The labels that the attached registry adds to every series that it gathers.
    pub(crate) registry_labels: Arc<[(String, String)]>,
    /// The source of exemplars for observations without one.
    pub(crate) exemplar_source: Option<ExemplarSource>,
    /// Whether and when idle series are hidden.
    pub(crate) hide_idle: Option<HideIdle>,
    /// The limits of the number of values of individual labels, if there are any.
    pub(crate) value_limits: Option<ValueLimits>,
    /// The native buckets of a histogram, if it has any.
    pub(crate) native: Option<WithNative>,
    /// Counts native buckets that were merged or left out because of a limit.
    pub(crate) native_limited: Tally,
    /// Counts records that were folded because the family is full.
    pub(crate) folded: Tally,
    /// Counts values that were corrected or ignored.
    pub(crate) invalid: Tally,
}

impl Settings {
    /// Returns the labels that every row of a page has in addition to those of the family.
    pub(super) fn added_labels(&self) -> impl Iterator<Item = (&str, &str)> {
        let added = self.const_labels.iter().chain(&*self.registry_labels);
        added.map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

// See `MetricsRegistry`.
impl RefUnwindSafe for FamilyStore {}

#[derive(Debug)]
pub(crate) struct FamilyStore {
    pub(crate) description: Description,
    /// The help text that the family was given after it was registered.
    described: OnceLock<Box<str>>,
    pub(crate) exemplars: Exemplars,
    pub(super) buckets: BucketSearch,
    /// Set for a histogram with native buckets.
    pub(super) native: Option<Box<dyn NativeBuckets>>,
    /// Durations below this, in nanoseconds, are counted in classic buckets directly.
    pub(super) usual_nanos: u64,
    /// The same for numbers with an absolute value below this.
    pub(super) usual_floats: f64,
    is_plain: bool,
    pub(super) index: Index,
    /// Prevents two threads from creating the same dense cell.
    pub(super) dense_insert: Mutex<()>,
    /// The open labels whose value is always [`AGGREGATED`].
    pub(super) aggregated: [bool; MAX_LABELS],
    /// The number of combinations of the values of the closed labels.
    pub(super) closed_sets: u32,
    /// The number of the first of these combinations. See [`recent`].
    pub(super) first_set: AtomicU64,
    /// Set if idle series are hidden.
    pub(super) watch: Option<Box<dyn Watch>>,
    /// Set if labels have their own limits.
    pub(super) values: Option<Box<dyn CountValues>>,
    pub(super) settings: Settings,
    /// Whether the series that are known in advance were created.
    used: AtomicBool,
    /// Whether guards of a gauge were started.
    tracks: AtomicBool,
    /// Whether something requested the family after it was registered.
    asked_for: AtomicBool,
    /// The cell of a gauge without labels, after a guard of it was started. Before that, [`Cell::NONE`].
    tracked: AtomicU32,
    /// The common parts of its lines.
    pub(crate) lines: LineText,
    /// The common parts of its labels in Protocol Buffers.
    #[cfg(feature = "protobuf")]
    pub(crate) pairs: PairText,
    /// Set for counters and histograms if a format shows when their series began.
    pub(super) created: Option<&'static dyn NoteCreated>,
    /// The number of aggregated series, for a family in which each series has its own labels.
    pub(super) aggregates: AtomicUsize,
    /// Prevents two threads from raising a counter by the same difference.
    pub(super) raising: Mutex<()>,
    /// The cell for values of a gauge when the family is full. No page shows them, because the values of
    /// several gauges can't be added up.
    pub(super) set_aside: OnceLock<Cell>,
    /// The number of series that count towards the limit.
    pub(super) series: AtomicUsize,
    pub(super) folds: Folds,
    pub(super) owned: Mutex<Vec<OwnedSeries>>,
    pub(super) changes: Changes,
    pub(super) rows: Mutex<Arc<Rows>>,
    /// Builds the rows, once there were series of instances. This is a function pointer, so that a program that
    /// attaches nothing does not contain the code.
    pub(super) rows_anew: OnceLock<RowsAnew>,
}

impl FamilyStore {
    pub(crate) fn new(description: Description, settings: Settings) -> Arc<Self> {
        let labels = &description.labels;
        let mut aggregated = [false; MAX_LABELS];
        let open = labels.iter().filter(|label| label.values.is_open());
        for (flag, label) in aggregated.iter_mut().zip(open) {
            *flag = settings.aggregate.iter().any(|name| name == label.name);
        }
        let (mut open, closed_sets) = (open_labels(labels), closed_sets(labels));
        if description.series_labels.is_some() {
            // The only open value is the text of the labels of a series.
            open = 1;
        }
        let index = if open == 0 {
            Index::Dense((0..closed_sets).map(|_| AtomicU32::new(0)).collect())
        } else {
            Index::Interned(Box::new(Interner::new(open)))
        };
        let hide_idle = settings.hide_idle.as_ref().filter(|_| open > 0);
        let watch =
            hide_idle.map(|HideIdle { idle, clock }| (idle.watch)(idle.after, clock.clone()));
        let buckets = BucketSearch::of(&description.bounds);
        let kind = description.kind;
        let native = settings.native.filter(|_| kind.is_histogram());
        let asks = settings.exemplar_source.is_some();
        let native =
            native.map(|native| (native.make)(native.resolution, &description.bounds, asks));
        let is_native = native.is_some();
        let added: Vec<_> = settings.added_labels().collect();
        let store = Arc::new(Self {
            is_plain: buckets.runs() == 1 && settings.exemplar_source.is_none() && !is_native,
            buckets,
            native,
            usual_nanos: if is_native { 0 } else { engine::LONGEST_NANOS + 1 },
            usual_floats: if is_native { 0.0 } else { f64::INFINITY },
            described: OnceLock::new(),
            exemplars: Exemplars::new(description.bounds.len() + 1),
            index,
            dense_insert: Mutex::default(),
            aggregated,
            closed_sets,
            first_set: AtomicU64::new(recent::numbers(closed_sets)),
            watch,
            values: settings.value_limits.map(|values| (values.make)(&values.limits)),
            used: AtomicBool::new(false),
            tracks: AtomicBool::new(false),
            asked_for: AtomicBool::new(false),
            tracked: AtomicU32::new(Cell::NONE.to_raw()),
            lines: LineText::of(&description, &added),
            #[cfg(feature = "protobuf")]
            pairs: PairText::of(&description, &added),
            created: settings.created.filter(|_| !kind.is_gauge()).map(|notes_of| notes_of(kind)),
            aggregates: AtomicUsize::new(0),
            raising: Mutex::default(),
            set_aside: OnceLock::new(),
            series: AtomicUsize::new(0),
            folds: Folds::default(),
            owned: Mutex::default(),
            changes: Changes::default(),
            rows: Mutex::default(),
            rows_anew: OnceLock::new(),
            settings,
            description,
        });
        if !store.settings.shown_once_used {
            store.use_from_now_on();
        }
        store
    }

    /// Returns an open label whose value is always [`AGGREGATED`].
    pub(crate) fn aggregated_label(&self) -> Option<&'static str> {
        self.description.aggregated_label(&self.settings.aggregate)
    }

    pub(crate) fn name(&self) -> &str {
        &self.description.name
    }

    pub(crate) fn help(&self) -> &str {
        self.described.get().map_or(&*self.description.help, |help| help)
    }

    /// Replaces the help text of the family once.
    pub(crate) fn describe(&self, help: &str) {
        self.described.get_or_init(|| help.into());
    }

    pub(crate) fn kind(&self) -> FamilyKind {
        self.description.kind
    }

    /// Returns whether observing a duration only counts it in a histogram with one run. In this case, there is
    /// no source of exemplars.
    #[inline]
    pub(crate) fn is_plain(&self) -> bool {
        self.is_plain
    }

    pub(crate) fn limit(&self) -> usize {
        self.settings.limit
    }

    /// Returns the limit, if there is one. Label sets without an open label are never folded.
    pub(crate) fn bound(&self) -> Option<usize> {
        let is_bounded = !self.is_dense() && self.limit() < usize::MAX;
        is_bounded.then(|| self.limit())
    }

    /// Returns the number of folded records.
    pub(crate) fn folded(&self) -> u64 {
        self.settings.folded.read()
    }

    /// Returns the number of series that count towards the limit. For a family with many series, these are
    /// nearly all of them.
    pub(crate) fn series(&self) -> usize {
        self.series.load(Relaxed)
    }

    /// Returns whether it is a histogram with native buckets.
    pub(crate) fn is_native(&self) -> bool {
        self.native.is_some()
    }

    pub(crate) fn width(&self) -> Width {
        self.buckets.width(self.description.kind)
    }

    /// Starts a guard in a gauge.
    #[inline]
    pub(crate) fn begin(&self, cell: Cell) {
        // An unconditional store would make the processors exchange a cache line that all threads read.
        if !self.tracks.load(Relaxed) {
            self.tracks.store(true, Relaxed);
        }
        engine::begin(cell);
    }

    /// Starts a guard in a gauge without labels, and returns its cell.
    #[inline]
    pub(crate) fn begin_only(&self) -> Cell {
        let cell = Cell::from_raw(self.tracked.load(Acquire));
        if cell == Cell::NONE {
            return self.begin_only_first();
        }
        engine::begin(cell);
        cell
    }

    #[cold]
    fn begin_only_first(&self) -> Cell {
        let cell = self.cell_of_set(&());
        self.begin(cell);
        self.tracked.store(cell.to_raw(), Release);
        cell
    }

    /// Returns whether guards of the gauge were started.
    pub(crate) fn tracks(&self) -> bool {
        self.tracks.load(Relaxed)
    }

    /// Notes that something requests a family that is already registered.
    pub(crate) fn ask_for(&self) {
        self.asked_for.store(true, Relaxed);
    }

    /// Returns whether something requested the family after it was registered.
    pub(crate) fn is_asked_for(&self) -> bool {
        self.asked_for.load(Relaxed)
    }

    /// Allocates a cell for a new series.
    pub(super) fn allocate(&self) -> Cell {
        let cell = engine::allocate(self.width());
        if let Some(created) = self.created {
            created.note(cell);
        }
        cell
    }

    /// Returns whether the page has the family.
    pub(crate) fn is_shown(&self, rows: &Rows) -> bool {
        !self.settings.shown_once_used || !rows.is_empty()
    }

    /// Creates the series whose labels are known in advance, with the value 0, when the family is used first.
    /// Their first event then shows in `rate()`.
    #[inline]
    pub(super) fn use_from_now_on(&self) {
        // A swap always writes, and all records beyond the limit come here.
        if !self.used.load(Relaxed) && !self.used.swap(true, Relaxed) {
            self.show_known_series();
        }
    }

    #[cold]
    fn show_known_series(&self) {
        let known = |values| match values {
            LabelValues::Closed(_) | LabelValues::Optional => true,
            LabelValues::Open | LabelValues::StatusCode => false,
        };
        let labels = &self.description.labels;
        let all_known = labels.iter().all(|label| known(label.values));
        let are_declared = self.description.series_labels.is_none();
        if are_declared && all_known && self.closed_sets <= MOST_KNOWN_SERIES {
            let open = vec![""; open_labels(labels)];
            for closed in 0..self.closed_sets {
                self.expose(Labels { closed, open: &open });
            }
        }
        if !self.settings.tallies_from_zero {
            return;
        }
        let has = |wanted: fn(LabelValues) -> bool| labels.iter().any(|l| wanted(l.values));
        if has(|values| values == LabelValues::Open) {
            self.settings.folded.show();
        }
        let corrects = has(|values| values.is_open() || values == LabelValues::StatusCode);
        if self.description.kind.corrects() || corrects {
            self.settings.invalid.show();
        }
    }

    /// Invalidates what threads keep of the family, so that they look label sets up again.
    pub(super) fn renumber(&self) {
        self.first_set.store(recent::numbers(self.closed_sets), Release);
    }

    pub(super) fn take_place(&self) -> Result<(), Full> {
        let limit = self.limit();
        self.series
            .fetch_update(Relaxed, Relaxed, |series| (series < limit).then_some(series + 1))
            .map(drop)
            .map_err(|_| Full { limit })
    }

    /// Reserves a place for a new or returning series. Returns false if the family or one of its labels is
    /// full.
    pub(super) fn admit(&self, open: &[&str]) -> bool {
        if self.take_place().is_err() {
            return false;
        }
        let fits = self.values.as_ref().is_none_or(|values| values.count(open, false));
        if !fits {
            self.give_places_back(1);
        }
        fits
    }

    /// Returns the limit of the number of values of an open label, by its index among the open labels.
    pub(crate) fn value_limit(&self, label: usize) -> Option<usize> {
        self.values.as_ref()?.limit(label)
    }

    /// Frees the places of series that are gone, or that were not shown after all.
    pub(super) fn give_places_back(&self, places: usize) {
        self.series.fetch_sub(places, Relaxed);
    }

    /// Returns whether an instance is attached to the family.
    pub(crate) fn is_attached_to(&self) -> bool {
        !self.owned.lock().is_empty()
    }

    /// Returns when the series began, if the text formats show it.
    pub(crate) fn created_lines(&self) -> Option<&'static dyn NoteCreated> {
        self.created.filter(|_| self.settings.created_lines)
    }

    /// Releases the memory of a series that is no longer shown.
    pub(crate) fn release(&self, cell: Cell) {
        self.exemplars.forget(cell);
        if let Some(native) = &self.native {
            native.forget(cell);
        }
        match self.kind() {
            FamilyKind::Gauge => engine::release_gauge(cell),
            _ => engine::release(cell, self.width()),
        }
    }
}

impl Drop for FamilyStore {
    fn drop(&mut self) {
        // The cells of the engine outlive the registry, so its cells are released for the next one.
        if let Some(cell) = self.set_aside.get() {
            self.release(*cell);
        }
        match &self.index {
            Index::Dense(cells) => {
                cells.iter().filter_map(made).for_each(|cell| self.release(cell));
            }
            Index::Interned(interner) => {
                interner.entries().for_each(|(_, cell)| self.release(cell));
            }
        }
    }
}

/// Returns the cell in a slot of [`Index::Dense`].
#[inline]
pub(super) fn made(slot: &AtomicU32) -> Option<Cell> {
    slot.load(Acquire).checked_sub(1).map(Cell::from_raw)
}
