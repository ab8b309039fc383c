//! Records by label set.

use std::ptr;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use super::key::Labels;
use super::observing::ordinary_nanos;
use super::recent::{self, Found, Lookup};
use super::resolve::Resolved;
use super::store::{FamilyStore, Full, OwnedSeries};
use crate::engine::{self, Cell};
use crate::exemplar::Exemplar;
use crate::labels::{LabelSet, MAX_LABELS, open_labels};

/// Calls `take` with the closed and the open values of a label set. Only the argument is compiled for each type
/// of label sets.
#[inline(always)]
#[expect(clippy::inline_always, reason = "the number of open labels is a constant in the caller")]
pub(super) fn with<S: LabelSet, T>(set: &S, take: impl FnOnce(u32, &[&str]) -> T) -> T {
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

/// Returns whether a thread keeps a counter and the histogram of its durations together. They are found by the
/// open values of the counter, which must be those of the histogram, unless the histogram has none.
#[inline(always)]
#[expect(clippy::inline_always, reason = "it depends on constants of the caller")]
fn keeps_pairs<S: LabelSet, T: LabelSet>(counter: &S, histogram: &T) -> bool {
    match const { (open_labels(S::SPECS), open_labels(T::SPECS)) } {
        (1 | 2, 0) => true,
        (1, 1) => ptr::eq(counter.open::<1>()[0], histogram.open::<1>()[0]),
        (2, 2) => {
            let (own, others) = (counter.open::<2>(), histogram.open::<2>());
            ptr::eq(own[0], others[0]) && ptr::eq(own[1], others[1])
        }
        _ => false,
    }
}

impl FamilyStore {
    /// Returns whether the series of a label set exists.
    pub(crate) fn has_set<S: LabelSet>(&self, labels: &S) -> bool {
        with(labels, |closed, open| self.has(Labels { closed, open }))
    }

    /// Returns the cell of a label set, and creates it if it is new.
    pub(crate) fn resolve_set<S: LabelSet>(&self, labels: &S) -> Resolved {
        with(labels, |closed, open| self.resolve(Labels { closed, open }))
    }

    /// Creates a series that an instance will own. The output does not show it yet.
    pub(crate) fn reserve_set<S: LabelSet>(&self, labels: &S) -> Result<OwnedSeries, Full> {
        with(labels, |closed, open| self.reserve_carried(Labels { closed, open }))
    }

    /// Returns the label set in the form in which this thread keeps it.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "most of it depends on constants of the caller")]
    fn lookup<S: LabelSet>(&self, labels: &S) -> Option<Lookup> {
        match const { open_labels(S::SPECS) } {
            1 => {
                let [value] = labels.open::<1>();
                Lookup::of_one(self.set(labels.closed()), value)
            }
            2 => {
                let [first, second] = labels.open::<2>();
                Lookup::of_two(self.set(labels.closed()), first, second)
            }
            _ => None,
        }
    }

    /// Returns the cell of a label set for one record. A fold is counted.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "most of it depends on constants of the caller")]
    pub(crate) fn cell_of_set<S: LabelSet>(&self, labels: &S) -> Cell {
        let known = match const { open_labels(S::SPECS) } {
            0 => self.dense_cell(labels.closed()),
            _ => self.lookup(labels).and_then(Lookup::recall).map(|found| found.cell),
        };
        match known {
            Some(cell) => cell,
            None => with(labels, |closed, open| self.cell_of(closed, open)),
        }
    }

    /// Counts `n`, if the label set is found immediately. Returns whether it was.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "most of it depends on constants of the caller")]
    pub(crate) fn add_known<S: LabelSet>(&self, labels: &S, n: u64) -> bool {
        if const { open_labels(S::SPECS) } == 0 {
            return self.dense_cell(labels.closed()).map(|cell| engine::add(cell, n)).is_some();
        }
        let found = self.lookup(labels).and_then(Lookup::recall);
        found.and_then(|found| found.word).map(|word| word.add(n)).is_some()
    }

    /// Counts `n`.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "most of it depends on constants of the caller")]
    pub(crate) fn add<S: LabelSet>(&self, labels: &S, n: u64) {
        if !self.add_known(labels, n) {
            with(labels, |closed, open| self.add_anew(closed, open, n));
        }
    }

    /// This is not generic, so that it is compiled once and not for each crate that records.
    #[inline(never)]
    fn add_anew(&self, closed: u32, open: &[&str], n: u64) {
        if engine::some_are_shared()
            && let Some(cell) = self.kept_shared(closed, open)
        {
            return engine::add(cell, n);
        }
        match self.find(closed, open) {
            Some(known) => {
                engine::add(known.cell, n);
                self.keep_if_due(closed, open, known);
            }
            None => engine::add(self.unknown_cell(closed, open), n),
        }
    }

    /// Counts a duration.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "most of it depends on constants of the caller")]
    pub(crate) fn observe<S: LabelSet>(&self, labels: &S, duration: Duration) {
        if const { open_labels(S::SPECS) } == 0 {
            if let Some(cell) = self.dense_cell(labels.closed()) {
                return self.observe_cell(cell, duration);
            }
        } else if let Some(found) = self.lookup(labels).and_then(Lookup::recall) {
            if let Some(durations) = found.durations
                && let Some(nanos) = ordinary_nanos(duration)
            {
                return durations.own.observe(
                    durations.cell,
                    self.buckets.narrow_ordinary(nanos),
                    nanos,
                );
            }
            return self.observe_kept(found.cell, found.pages, duration);
        }
        with(labels, |closed, open| self.observe_anew(closed, open, duration));
    }

    #[inline(never)]
    fn observe_anew(&self, closed: u32, open: &[&str], duration: Duration) {
        match self.find(closed, open) {
            Some(known) => {
                self.observe_cell(known.cell, duration);
                self.keep_if_due(closed, open, known);
            }
            None => self.observe_cell(self.unknown_cell(closed, open), duration),
        }
    }

    /// Counts one, and its duration in a histogram.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "most of it depends on constants of the caller")]
    pub(crate) fn add_and_observe<S: LabelSet, T: LabelSet>(
        &self,
        labels: &S,
        histogram: &Self,
        of_duration: &T,
        duration: Duration,
    ) {
        if !keeps_pairs(labels, of_duration) {
            self.add(labels, 1);
            return histogram.observe(of_duration, duration);
        }
        if let Some(Found { word: Some(word), durations, pages, .. }) =
            self.lookup(labels).and_then(Lookup::recall)
        {
            if let Some(durations) = durations
                && durations.set == histogram.set(of_duration.closed())
                && let Some(nanos) = ordinary_nanos(duration)
            {
                word.add(1);
                let bucket = histogram.buckets.narrow_ordinary(nanos);
                return durations.own.observe(durations.cell, bucket, nanos);
            }
            if let Some(durations) = durations
                && durations.set == recent::native(histogram.set(of_duration.closed()))
            {
                word.add(1);
                return histogram.observe_kept(durations.cell, pages, duration);
            }
            // Otherwise, the counter was kept alone, or with words that are no longer valid.
            if durations.is_some_and(|it| histogram.may_keep(it.set)) || !histogram.is_plain() {
                word.add(1);
                return histogram.observe(of_duration, duration);
            }
        }
        let of_duration = of_duration.closed();
        with(labels, |closed, open| {
            self.add_and_observe_anew(closed, open, histogram, of_duration, duration);
        });
    }

    /// The open values of the duration are the same or none.
    #[inline(never)]
    fn add_and_observe_anew(
        &self,
        closed: u32,
        open: &[&str],
        histogram: &Self,
        of_duration: u32,
        duration: Duration,
    ) {
        let known = self.find(closed, open);
        let of_duration_cell = if histogram.is_dense() {
            histogram.dense_cell(of_duration)
        } else {
            histogram.find(of_duration, open).map(|known| known.cell)
        };
        let (Some(known), Some(of_duration_cell)) = (known, of_duration_cell) else {
            return self.add_and_observe_unknown(closed, open, histogram, of_duration, duration);
        };
        engine::add(known.cell, 1);
        histogram.observe_cell(of_duration_cell, duration);
        if recent::is_due(known.tag) {
            self.keep(closed, open, known.cell, Some((histogram, of_duration, of_duration_cell)));
        }
    }

    #[cold]
    fn add_and_observe_unknown(
        &self,
        closed: u32,
        open: &[&str],
        histogram: &Self,
        of_duration: u32,
        duration: Duration,
    ) {
        engine::add(self.cell_of(closed, open), 1);
        let open = if histogram.is_dense() { &[] } else { open };
        histogram.observe_cell(histogram.cell_of(of_duration, open), duration);
    }

    #[inline(never)]
    fn cell_of(&self, closed: u32, open: &[&str]) -> Cell {
        match self.find(closed, open) {
            Some(known) => {
                self.keep_if_due(closed, open, known);
                known.cell
            }
            None => self.unknown_cell(closed, open),
        }
    }

    /// Returns the cell of a label set that was not found, for one record. A fold is counted.
    #[cold]
    fn unknown_cell(&self, closed: u32, open: &[&str]) -> Cell {
        let Resolved { cell, folded } = self.resolve_unknown(Labels { closed, open });
        if folded {
            self.count_folded();
        }
        cell
    }

    /// Returns the number of a set of closed labels.
    #[inline]
    pub(super) fn set(&self, closed: u32) -> u64 {
        self.first_set.load(Relaxed) + u64::from(closed)
    }

    /// Counts a duration, and keeps an exemplar of it.
    #[inline]
    pub(crate) fn observe_with_exemplar<S: LabelSet>(
        &self,
        labels: &S,
        duration: Duration,
        exemplar: &Exemplar,
    ) {
        self.observe_cell_with_exemplar(self.cell_of_set(labels), duration, exemplar);
    }
}
