//! Recording by label set and into a cell.

use std::time::Duration;

use super::cut::Value;
use super::exemplars::{self, Observed};
use super::key::{Key, Labels, with_open};
use super::store::{FamilyStore, Full, OwnedSeries};
use crate::description::nanos;
use crate::engine::{self, Cell, LONGEST_NANOS};
use crate::exemplar::Exemplar;
use crate::labels::{LabelSet, open_labels};

/// Calls a generic method with a label set whose number of open labels is a constant.
macro_rules! with_labels {
    ($labels:expr, $set:ty, |$name:ident| $call:expr) => {
        with_labels!(@arms $labels, $set, $name, $call, 0 1 2 3 4 5 6 7 8)
    };
    (@arms $labels:expr, $set:ty, $name:ident, $call:expr, $($count:literal)+) => {
        match const { open_labels(<$set as LabelSet>::SPECS) } {
            $( $count => {
                let $name =
                    Labels { closed: $labels.closed(), open: $labels.open::<$count>() };
                $call
            } )+
            _ => unreachable!("a family has at most 8 labels"),
        }
    };
}

impl FamilyStore {
    /// The cell of a label set that is there already, if it is found at once.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "constants of the caller decide most of it")]
    pub(crate) fn recall_set<S: LabelSet>(&self, labels: &S) -> Option<Cell> {
        with_labels!(labels, S, |labels| self.recall(labels))
    }

    /// Whether the series of a label set is there.
    pub(crate) fn has_set<S: LabelSet>(&self, labels: &S) -> bool {
        with_labels!(labels, S, |labels| self.has(labels))
    }

    /// The cell of a label set, made if it is new, and whether it is the aggregated one.
    pub(crate) fn resolve_set<S: LabelSet>(&self, labels: &S) -> (Cell, bool) {
        with_labels!(labels, S, |labels| self.resolve(labels))
    }

    /// Makes a series for an instance to own, which the output does not show yet.
    pub(crate) fn reserve_set<S: LabelSet>(&self, labels: &S) -> Result<OwnedSeries, Full> {
        with_labels!(labels, S, |labels| {
            let open = self.values(labels.open);
            if open.iter().any(Value::is_cut) {
                self.count_invalid();
            }
            let open = open.each_ref().map(|value| &**value);
            self.reserve(Key::new(labels.closed, &open))
        })
    }

    /// The cell of a label set, for one record: a fold is counted.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "constants of the caller decide most of it")]
    pub(crate) fn cell_of_set<S: LabelSet>(&self, labels: &S) -> Cell {
        match self.recall_set(labels) {
            Some(cell) => cell,
            None => with_labels!(labels, S, |labels| self.cell_of(labels.closed, &labels.open)),
        }
    }

    /// Counts `n`.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "constants of the caller decide most of it")]
    pub(crate) fn add<S: LabelSet>(&self, labels: &S, n: u64) {
        match self.recall_set(labels) {
            Some(cell) => engine::add(cell, n),
            None => with_labels!(labels, S, |labels| self.add_anew(labels.closed, &labels.open, n)),
        }
    }

    /// Not generic, so that it is compiled once and not with each crate that records. Cold, so that
    /// a record whose cell is recalled has the registers.
    #[cold]
    fn add_anew(&self, closed: u32, open: &[&str], n: u64) {
        engine::add(self.cell_of(closed, open), n);
    }

    /// Counts a duration.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "constants of the caller decide most of it")]
    pub(crate) fn observe<S: LabelSet>(&self, labels: &S, duration: Duration) {
        match self.recall_set(labels) {
            Some(cell) => self.observe_cell(cell, duration),
            None => with_labels!(labels, S, |labels| self.observe_anew(
                labels.closed,
                &labels.open,
                duration
            )),
        }
    }

    #[cold]
    fn observe_anew(&self, closed: u32, open: &[&str], duration: Duration) {
        self.observe_cell(self.cell_of(closed, open), duration);
    }

    #[cold]
    fn cell_of(&self, closed: u32, open: &[&str]) -> Cell {
        let (cell, folded) = with_open!(closed, open, |labels| self.resolve(labels));
        if folded {
            self.count_folded();
        }
        cell
    }

    /// Counts a duration, and keeps an example of it.
    #[inline]
    pub(crate) fn observe_with_exemplar<S: LabelSet>(
        &self,
        labels: &S,
        duration: Duration,
        exemplar: &Exemplar,
    ) {
        let cell = self.cell_of_set(labels);
        self.observe_cell(cell, duration);
        self.keep_duration(cell, duration, exemplar);
    }

    /// Counts a duration into a cell. Of one of more than a year, a year is added to the sum.
    #[inline]
    pub(crate) fn observe_cell(&self, cell: Cell, duration: Duration) {
        let nanos = nanos(duration);
        if self.buckets.runs() == 1 {
            engine::observe(cell, self.buckets.narrow(nanos), nanos);
        } else {
            self.observe_wide(cell, nanos);
        }
        if nanos > LONGEST_NANOS {
            self.count_invalid();
        }
    }

    #[inline(never)]
    fn observe_wide(&self, cell: Cell, nanos: u64) {
        engine::observe_wide(cell, self.buckets.runs(), self.buckets.of_nanos(nanos), nanos);
    }

    /// Counts a floating-point number into a cell. One that is not finite is set aside.
    #[inline]
    pub(crate) fn observe_float_cell(&self, cell: Cell, value: f64) {
        if value.is_finite() {
            let bucket = self.buckets.of_float(value);
            engine::observe_float(cell, self.buckets.runs(), bucket, value);
        } else {
            self.count_invalid();
        }
    }

    /// Keeps an example of a duration that was counted.
    #[inline]
    pub(crate) fn keep_duration(&self, cell: Cell, duration: Duration, exemplar: &Exemplar) {
        let nanos = nanos(duration);
        // In the bucket that counted it.
        let narrow = self.buckets.runs() == 1;
        let bucket = if narrow { self.buckets.narrow(nanos) } else { self.buckets.of_nanos(nanos) };
        let observed = Observed::Nanos(nanos.min(LONGEST_NANOS));
        exemplars::keep(cell, bucket, observed, exemplar);
    }

    /// Keeps an example of a floating-point number that was counted.
    pub(crate) fn keep_float(&self, cell: Cell, value: f64, exemplar: &Exemplar) {
        if value.is_finite() {
            let bucket = self.buckets.of_float(value);
            exemplars::keep(cell, bucket, Observed::Float(value), exemplar);
        }
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
