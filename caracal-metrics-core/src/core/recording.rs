//! Recording, by label set and by handle.

use std::time::Duration;

use super::Core;
use crate::catalogue::Metric;
use crate::engine::{self, Cell};
use crate::exemplar::Exemplar;
use crate::series::{Labels, NO_LABELS};

/// One series to record into.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Series {
    metric: Metric,
    cell: Cell,
    /// The family was full: this is the aggregated series, and each record is counted as folded.
    folded: bool,
}

/// One of what a gauge counts. What was recorded before it was dropped is on every page on which
/// the gauge is zero.
///
/// It does not keep the registry, which would cost two locked instructions a request. The gauge's
/// cell outlives the registry until the last guard is dropped: see [`engine::release_when_zero`].
#[derive(Debug)]
pub(crate) struct Tracked(Cell);

impl Drop for Tracked {
    #[inline]
    fn drop(&mut self) {
        engine::end(self.0);
    }
}

impl Core {
    /// Counts one, by label set.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "constants of the caller decide most of it")]
    pub(crate) fn count<const OPEN: usize>(&self, metric: Metric, labels: Labels<'_, OPEN>) {
        match self.store(metric).recall(labels) {
            Some(cell) => engine::add(cell, 1),
            None => self.count_anew(metric, labels.closed, &labels.open),
        }
    }

    /// Not generic, so that it is compiled once and not with each crate that records.
    #[inline(never)]
    fn count_anew(&self, metric: Metric, closed: u32, open: &[&str]) {
        self.increment(self.series_of(metric, closed, open));
    }

    /// Counts a duration, by label set.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "constants of the caller decide most of it")]
    pub(crate) fn time<const OPEN: usize>(
        &self,
        metric: Metric,
        labels: Labels<'_, OPEN>,
        duration: Duration,
    ) {
        match self.store(metric).recall(labels) {
            Some(cell) => self.observe_cell(metric, cell, duration),
            None => self.time_anew(metric, labels.closed, &labels.open, duration),
        }
    }

    #[inline(never)]
    fn time_anew(&self, metric: Metric, closed: u32, open: &[&str], duration: Duration) {
        self.observe(self.series_of(metric, closed, open), duration);
    }

    /// The series of a label set whose number of open labels is known at run time only.
    fn series_of(&self, metric: Metric, closed: u32, open: &[&str]) -> Series {
        match *open {
            [] => self.series(metric, Labels { closed, open: [] }),
            [value] => self.series(metric, Labels { closed, open: [value] }),
            // The catalogue asserts that no family has more.
            [first, second, ..] => self.series(metric, Labels { closed, open: [first, second] }),
        }
    }

    /// The series of this label set, made if it is new.
    pub(crate) fn series<const OPEN: usize>(
        &self,
        metric: Metric,
        labels: Labels<'_, OPEN>,
    ) -> Series {
        let on_cut = || self.count_invalid(metric);
        let (cell, folded) = self.store(metric).resolve(labels, on_cut);
        Series { metric, cell, folded }
    }

    /// The series of this label set, if it is there.
    pub(crate) fn known_series<const OPEN: usize>(
        &self,
        metric: Metric,
        labels: Labels<'_, OPEN>,
    ) -> Option<Series> {
        let cell = self.store(metric).find(labels, || self.count_invalid(metric))?;
        Some(Series { metric, cell, folded: false })
    }

    /// Counts one.
    #[inline]
    pub(crate) fn increment(&self, series: Series) {
        engine::add(series.cell, 1);
        self.count_folded(series);
    }

    /// Counts a duration.
    #[inline]
    pub(crate) fn observe(&self, series: Series, duration: Duration) {
        self.observe_cell(series.metric, series.cell, duration);
        self.count_folded(series);
    }

    /// Counts a duration that the exemplar is an example of.
    pub(crate) fn observe_with_exemplar(
        &self,
        series: Series,
        duration: Duration,
        exemplar: &Exemplar,
    ) {
        self.observe(series, duration);
        let bucket = self.store(series.metric).bucket(duration);
        self.exemplars.keep(series.cell, bucket, duration, exemplar);
    }

    /// Counts a duration into a cell of this histogram.
    #[inline]
    pub(crate) fn observe_cell(&self, metric: Metric, cell: Cell, duration: Duration) {
        if !self.store(metric).observe(cell, duration) {
            self.count_invalid(metric);
        }
    }

    /// Sets a gauge. A number beyond `i64` reads as its largest.
    pub(crate) fn set(&self, series: Series, value: u64) {
        engine::set(series.cell, i64::try_from(value).unwrap_or(i64::MAX));
        self.count_folded(series);
    }

    /// Counts one more in a [tracked](crate::series::FamilyStore::tracks) gauge until it is dropped.
    #[inline]
    pub(crate) fn track(&self, metric: Metric) -> Tracked {
        debug_assert!(self.store(metric).tracks());
        let known = self.store(metric).recall(NO_LABELS);
        let cell = known.unwrap_or_else(|| self.series(metric, NO_LABELS).cell);
        engine::begin(cell);
        Tracked(cell)
    }

    #[inline]
    fn count_folded(&self, series: Series) {
        if series.folded {
            self.count_about(Metric::SeriesLimited, series.metric);
        }
    }

    /// Counts a value that was corrected or set aside.
    #[cold]
    pub(crate) fn count_invalid(&self, metric: Metric) {
        self.count_about(Metric::InvalidValues, metric);
    }

    /// Counts a collector or a callback that failed during a scrape.
    #[cold]
    pub(crate) fn count_collection_error(&self) {
        self.count(Metric::CollectionErrors, NO_LABELS);
    }

    #[cold]
    fn count_about(&self, counter: Metric, metric: Metric) {
        let labels = Labels { closed: metric as u32, open: [] };
        engine::add(self.series(counter, labels).cell, 1);
    }
}
