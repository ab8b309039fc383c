//! What all handles of one registry share.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Mutex, ReentrantMutex};

use crate::adapter::Instances;
use crate::catalogue::{CATALOGUE, Metric, MetricKind, Origin};
use crate::engine::{self, Cell};
use crate::exemplar::{Exemplar, Exemplars};
use crate::exposition::join_labels;
use crate::labels::LabelValues;
use crate::series::{FamilyStore, Labels, NO_LABELS, Rows};

#[derive(Debug)]
pub(crate) struct Core {
    exemplars: Exemplars,
    /// In the order of [`Metric`].
    families: [FamilyStore; Metric::COUNT],
    /// Places in `families`, sorted by name.
    by_name: Box<[usize]>,
    const_labels: Box<[(String, String)]>,
    const_label_text: String,
    limit: usize,
    pub(crate) instances: Mutex<Instances>,
    /// Series that are in no output any more, but for a page that is being written.
    retired: Mutex<Vec<(Metric, Cell)>>,
    /// One scrape at a time, so that what instances report at scrape and what is written belong
    /// together. Reentrant, since an instance may run the user's code (a cache's listeners), and
    /// that may read the metrics.
    scraping: ReentrantMutex<()>,
}

/// One series to record into.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Series {
    metric: Metric,
    cell: Cell,
    /// The family was full: this is the aggregated series, and each record is counted as folded.
    folded: bool,
}

/// One of what a gauge counts.
///
/// It does not keep the registry, which would be two locked instructions for a request. The gauge's
/// cell outlives the registry until all that it counts is gone: see [`engine::release_when_zero`].
#[derive(Debug)]
pub(crate) struct Tracked(Cell);

impl Drop for Tracked {
    #[inline]
    fn drop(&mut self) {
        engine::shift(self.0, -1);
    }
}

impl Core {
    pub(crate) fn new(
        const_labels: Vec<(String, String)>,
        limit: usize,
        aggregate: &[String],
        created: bool,
    ) -> Self {
        let families =
            Metric::ALL.map(|metric| FamilyStore::new(metric, limit, aggregate, created));
        let mut by_name: Box<[usize]> = (0..families.len()).collect();
        by_name.sort_by_key(|place| families[*place].family.name);
        let core = Self {
            exemplars: Exemplars::default(),
            families,
            by_name,
            const_label_text: join_labels(
                const_labels.iter().map(|(n, v)| (n.as_str(), v.as_str())),
            ),
            const_labels: const_labels.into(),
            limit,
            instances: Mutex::default(),
            retired: Mutex::default(),
            scraping: ReentrantMutex::default(),
        };
        core.expose_known_series();
        core
    }

    /// Series whose labels are known beforehand stand at 0 from the start, so that their first
    /// event shows in `rate()`.
    fn expose_known_series(&self) {
        for store in &self.families {
            if store.family.labels.is_empty() && store.family.origin != Origin::Adapter {
                store.expose(NO_LABELS);
            }
            if store.family.origin == Origin::Classic {
                match store.family.labels {
                    [label] if matches!(label.values, LabelValues::Optional) => {
                        store.expose(Labels { closed: 0, open: [""] });
                    }
                    [label] if matches!(label.values, LabelValues::Closed(_)) => {
                        for closed in 0..store.family.closed_sets() {
                            store.expose(Labels { closed, open: [] });
                        }
                    }
                    _ => {}
                }
            }
        }
        for (index, family) in (0..).zip(CATALOGUE) {
            let labels = Labels { closed: index, open: [] };
            let has = |wanted: fn(LabelValues) -> bool| {
                family.labels.iter().any(|label| wanted(label.values))
            };
            if family.origin == Origin::Classic && has(|v| matches!(v, LabelValues::Open)) {
                self.store(Metric::SeriesLimited).expose(labels);
            }
            let corrected = family.kind == MetricKind::Histogram
                || has(|v| matches!(v, LabelValues::StatusCode | LabelValues::Optional));
            if family.origin == Origin::Classic && corrected {
                self.store(Metric::InvalidValues).expose(labels);
            }
        }
    }

    pub(crate) fn exemplars(&self) -> &Exemplars {
        &self.exemplars
    }

    pub(crate) fn limit(&self) -> usize {
        self.limit
    }

    pub(crate) fn const_labels(&self) -> &[(String, String)] {
        &self.const_labels
    }

    #[inline]
    pub(crate) fn store(&self, metric: Metric) -> &FamilyStore {
        &self.families[metric as usize]
    }

    pub(crate) fn families_by_name(&self) -> impl Iterator<Item = &FamilyStore> {
        self.by_name.iter().map(|place| &self.families[*place])
    }

    /// A family's rows, or `None` while the output does not show it.
    pub(crate) fn exposed_rows(&self, store: &FamilyStore) -> Option<Arc<Rows>> {
        let rows = store.rows(&self.const_label_text);
        (store.family.origin != Origin::Adapter || !rows.is_empty()).then_some(rows)
    }

    /// Runs `read` with everything that is read at scrape brought up to date.
    pub(crate) fn scrape<R>(&self, read: impl FnOnce() -> R) -> R {
        let _scraping = self.scraping.lock();
        self.release_retired();
        Instances::sample_all(self);
        read()
    }

    /// Takes the series of an instance back once no page is being written that may still show them:
    /// their cells are given to others.
    pub(crate) fn retire(&self, series: Vec<(Metric, Cell)>) {
        self.retired.lock().extend(series);
        if let Some(_scraping) = self.scraping.try_lock() {
            self.release_retired();
        }
    }

    fn release_retired(&self) {
        for (metric, cell) in std::mem::take(&mut *self.retired.lock()) {
            self.exemplars.forget(cell);
            self.store(metric).release(cell);
        }
    }

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
        let (cell, folded) = self.store(metric).resolve(labels);
        Series { metric, cell, folded }
    }

    /// The series of this label set, if it is there.
    pub(crate) fn known_series<const OPEN: usize>(
        &self,
        metric: Metric,
        labels: Labels<'_, OPEN>,
    ) -> Option<Series> {
        let cell = self.store(metric).find(labels)?;
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

    /// Counts one more in a [tracked](FamilyStore::tracks) gauge until it is dropped.
    #[inline]
    pub(crate) fn track(&self, metric: Metric) -> Tracked {
        debug_assert!(self.store(metric).tracks());
        let cell = match self.store(metric).recall(NO_LABELS) {
            Some(cell) => cell,
            None => self.series(metric, NO_LABELS).cell,
        };
        engine::shift(cell, 1);
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

impl Drop for Core {
    fn drop(&mut self) {
        self.release_retired();
    }
}
