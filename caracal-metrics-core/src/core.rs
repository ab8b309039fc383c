//! What all handles of one registry share.

mod recording;

use std::collections::HashSet;
use std::sync::Arc;

use parking_lot::{Mutex, ReentrantMutex};

use crate::adapter::Instances;
use crate::catalogue::{CATALOGUE, Metric, MetricKind, Origin};
use crate::engine::Cell;
use crate::exemplar::Exemplars;
use crate::exposition::join_labels;
use crate::labels::LabelValues;
use crate::series::{FamilyStore, Labels, NO_LABELS, Rows};

pub(crate) use recording::{Series, Tracked};

#[derive(Debug)]
pub(crate) struct Core {
    exemplars: Exemplars,
    /// In the order of [`Metric`].
    families: [FamilyStore; Metric::COUNT],
    /// Places in `families`, sorted by name.
    by_name: Box<[usize]>,
    const_labels: Box<[(String, String)]>,
    /// How many labels the attached `prometheus::Registry` adds to what it gathers.
    registry_labels: usize,
    /// The constant labels and, after them, those of the registry.
    const_label_text: String,
    limit: usize,
    pub(crate) instances: Mutex<Instances>,
    /// The names of families that were registered with [`MetricsRegistry::register`]. Some may have
    /// been unregistered since.
    ///
    /// [`MetricsRegistry::register`]: crate::MetricsRegistry::register
    pub(crate) registered: Mutex<HashSet<String>>,
    /// Series that are in no output any more, but for a page that is being written.
    retired: Mutex<Vec<(Metric, Cell)>>,
    /// One scrape at a time, so that what instances report at scrape and what is written belong
    /// together. Reentrant, since an instance may run the user's code (a cache's listeners), and
    /// that may read the metrics.
    scraping: ReentrantMutex<()>,
}

impl Core {
    pub(crate) fn new(
        const_labels: Vec<(String, String)>,
        registry_labels: &[(String, String)],
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
                const_labels.iter().chain(registry_labels).map(|(n, v)| (n.as_str(), v.as_str())),
            ),
            registry_labels: registry_labels.len(),
            const_labels: const_labels.into(),
            limit,
            instances: Mutex::default(),
            registered: Mutex::default(),
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

    /// How many of the labels at the end of a row are those of the registry.
    pub(crate) fn registry_labels(&self) -> usize {
        self.registry_labels
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
        Instances::sample(self, |_| true);
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
}

impl Drop for Core {
    fn drop(&mut self) {
        self.release_retired();
    }
}
