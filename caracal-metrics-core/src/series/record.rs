//! Recording by label set and into a cell.

use std::time::Duration;

use super::key::Labels;
use super::recent::{self, Durations, Found, Lookup};
use super::resolve::Resolved;
use super::store::{FamilyStore, Full, OwnedSeries};
use crate::engine::{self, Cell, LONGEST_NANOS};
use crate::exemplar::Exemplar;
use crate::family_spec::FamilyKind;
use crate::labels::{LabelSet, MAX_LABELS, open_labels};

/// A duration in nanoseconds, unless it is too long for a sum.
#[inline]
fn ordinary_nanos(duration: Duration) -> Option<u64> {
    const SECOND: u64 = 1_000_000_000;
    let is_ordinary = duration.as_secs() < LONGEST_NANOS / SECOND;
    is_ordinary.then(|| duration.as_secs() * SECOND + u64::from(duration.subsec_nanos()))
}

/// Calls `take` with a label set as a store knows it. Its argument is all that is compiled for each
/// type of label sets.
#[inline(always)]
#[expect(clippy::inline_always, reason = "the number of open labels is a constant of the caller")]
fn with<S: LabelSet, T>(set: &S, take: impl FnOnce(u32, &[&str]) -> T) -> T {
    let closed = set.closed();
    match const { open_labels(S::SPECS) } {
        0 => take(closed, &[]),
        1 => take(closed, &set.open::<1>()),
        2 => take(closed, &set.open::<2>()),
        3 => take(closed, &set.open::<3>()),
        4 => take(closed, &set.open::<4>()),
        5 => take(closed, &set.open::<5>()),
        6 => take(closed, &set.open::<6>()),
        7 => take(closed, &set.open::<7>()),
        MAX_LABELS => take(closed, &set.open::<MAX_LABELS>()),
        _ => unreachable!("a family has at most 8 labels"),
    }
}

impl FamilyStore {
    /// Whether the series of a label set is there.
    pub(crate) fn has_set<S: LabelSet>(&self, labels: &S) -> bool {
        with(labels, |closed, open| self.has(Labels { closed, open }))
    }

    /// The cell of a label set, made if it is new.
    pub(crate) fn resolve_set<S: LabelSet>(&self, labels: &S) -> Resolved {
        with(labels, |closed, open| self.resolve(Labels { closed, open }))
    }

    /// Makes a series for an instance to own, which the output does not show yet.
    pub(crate) fn reserve_set<S: LabelSet>(&self, labels: &S) -> Result<OwnedSeries, Full> {
        with(labels, |closed, open| self.reserve_carried(Labels { closed, open }))
    }

    /// Where a label set with one open value is recorded, if this thread looked it up recently.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "constants of the caller decide most of it")]
    fn recall<S: LabelSet>(&self, labels: &S) -> Option<Found> {
        if const { open_labels(S::SPECS) } != 1 {
            return None;
        }
        let [value] = labels.open::<1>();
        Lookup::of(self.set(labels.closed()), value)?.recall()
    }

    /// The cell of a label set that is found at once.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "constants of the caller decide most of it")]
    fn known_cell<S: LabelSet>(&self, labels: &S) -> Option<Cell> {
        match const { open_labels(S::SPECS) } {
            0 => self.dense_cell(labels.closed()),
            _ => self.recall(labels).map(|found| found.cell),
        }
    }

    /// The cell of a label set, for one record: a fold is counted.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "constants of the caller decide most of it")]
    pub(crate) fn cell_of_set<S: LabelSet>(&self, labels: &S) -> Cell {
        match self.known_cell(labels) {
            Some(cell) => cell,
            None => with(labels, |closed, open| self.cell_of(closed, open)),
        }
    }

    /// Counts `n`, if the label set is found at once.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "constants of the caller decide most of it")]
    pub(crate) fn add_known<S: LabelSet>(&self, labels: &S, n: u64) -> bool {
        if const { open_labels(S::SPECS) } == 0 {
            return self.dense_cell(labels.closed()).map(|cell| engine::add(cell, n)).is_some();
        }
        self.recall(labels).and_then(|found| found.word).map(|word| word.add(n)).is_some()
    }

    /// Counts `n`.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "constants of the caller decide most of it")]
    pub(crate) fn add<S: LabelSet>(&self, labels: &S, n: u64) {
        if !self.add_known(labels, n) {
            with(labels, |closed, open| self.add_anew(closed, open, n));
        }
    }

    /// Not generic, so that it is compiled once and not with each crate that records. Cold, so that
    /// a record whose cell is recalled has the registers.
    #[cold]
    fn add_anew(&self, closed: u32, open: &[&str], n: u64) {
        let resolved = self.resolve_for_record(closed, open);
        engine::add(resolved.cell, n);
        self.remember(closed, open, resolved);
    }

    /// Counts a duration.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "constants of the caller decide most of it")]
    pub(crate) fn observe<S: LabelSet>(&self, labels: &S, duration: Duration) {
        if const { open_labels(S::SPECS) } == 0 {
            if let Some(cell) = self.dense_cell(labels.closed()) {
                return self.observe_cell(cell, duration);
            }
        } else if let Some(durations) = self.recall(labels).and_then(|found| found.durations)
            && let Some(nanos) = ordinary_nanos(duration)
        {
            return durations.own.observe(durations.cell, self.buckets.narrow(nanos), nanos);
        }
        with(labels, |closed, open| self.observe_anew(closed, open, duration));
    }

    #[cold]
    fn observe_anew(&self, closed: u32, open: &[&str], duration: Duration) {
        let resolved = self.resolve_for_record(closed, open);
        self.observe_cell(resolved.cell, duration);
        self.remember(closed, open, resolved);
    }

    #[cold]
    fn cell_of(&self, closed: u32, open: &[&str]) -> Cell {
        let resolved = self.resolve_for_record(closed, open);
        self.remember(closed, open, resolved);
        resolved.cell
    }

    fn resolve_for_record(&self, closed: u32, open: &[&str]) -> Resolved {
        let resolved = self.resolve(Labels { closed, open });
        if resolved.folded {
            self.count_folded();
        }
        resolved
    }

    /// Keeps where a label set is recorded for the next time. This thread has recorded it just now.
    fn remember(&self, closed: u32, open: &[&str], resolved: Resolved) {
        if let [value] = *open
            && resolved.lasts
            && let Some(lookup) = Lookup::of(self.set(closed), value)
        {
            lookup.remember(|| self.found(closed, resolved.cell));
        }
    }

    fn found(&self, closed: u32, cell: Cell) -> Found {
        let (mut word, mut durations) = (None, None);
        match self.kind() {
            FamilyKind::Counter => word = recent::own_word(cell),
            FamilyKind::DurationHistogram if self.is_plain() => {
                durations = Durations::of(self.set(closed), cell);
            }
            _ => {}
        }
        Found { cell, word, durations }
    }

    /// The number of a set of closed labels.
    #[inline]
    fn set(&self, closed: u32) -> u64 {
        self.first_set + u64::from(closed)
    }

    /// Counts a duration, and keeps an example of it.
    #[inline]
    pub(crate) fn observe_with_exemplar<S: LabelSet>(
        &self,
        labels: &S,
        duration: Duration,
        exemplar: &Exemplar,
    ) {
        self.observe_cell_with_exemplar(self.cell_of_set(labels), duration, exemplar);
    }

    /// Adds to a counter of floating-point numbers. A step that is not finite or would make the sum
    /// smaller is set aside.
    #[inline]
    pub(crate) fn add_float_cell(&self, cell: Cell, n: f64) {
        if n >= 0.0 && n.is_finite() {
            engine::add_float(cell, n);
        } else {
            self.count_invalid();
        }
    }

    /// Sets a gauge of floating-point numbers. NaN is a value of such a gauge; an infinity is set
    /// aside.
    #[inline]
    pub(crate) fn set_float_cell(&self, cell: Cell, value: f64) {
        if value.is_infinite() {
            self.count_invalid();
        } else {
            engine::set_float(cell, value);
        }
    }

    /// Adds to a gauge of floating-point numbers. What is not finite is set aside, since no later
    /// step could undo it.
    #[inline]
    pub(crate) fn shift_float_cell(&self, cell: Cell, by: f64) {
        if by.is_finite() {
            engine::shift_float(cell, by);
        } else {
            self.count_invalid();
        }
    }

    /// Counts a record into the aggregated series of a family that is full.
    #[cold]
    pub(crate) fn count_folded(&self) {
        self.settings.folded.count();
    }

    /// Counts a value that was corrected or set aside.
    #[cold]
    pub(crate) fn count_invalid(&self) {
        self.settings.invalid.count();
    }
}
