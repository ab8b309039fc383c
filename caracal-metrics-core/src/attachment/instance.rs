//! An attached thing, and the handles to its series.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;

use super::instances::{Instances, Observed};
use super::sampling::{Callback, Gauges, Reading, Sampled, Target};
use crate::engine::{self, Cell};
use crate::instance_kind::InstanceKind;
use crate::kinds::Series;
use crate::panics::contain;
use crate::series::{FamilyStore, OwnedSeries};
use crate::workers::Task;

/// Keeps the series of one observed thing in the output.
///
/// All clones share the series. When the last clone is dropped, the series leave the output and the name is
/// free, immediately. Neither a scrape that is reading the instance nor the handle of a series delays this,
/// even if the callback holds the handle. What such a handle records afterwards is in no output.
///
/// Bind it to a name: `let _ =` drops it immediately, and the series never appear. See
/// [`GaugeGuard`](crate::GaugeGuard) for the lint that finds this.
#[derive(Clone, Debug)]
#[must_use = "the series leave the output when the instance is dropped"]
pub struct Instance(pub(super) Arc<Owner>);

impl Instance {
    /// Returns the name in the metrics: the name that it was attached with, cut if it was too long.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.0.attached.name.as_deref()
    }

    /// Takes the series out of the output and frees the name before the last clone is dropped.
    ///
    /// ```
    /// # extern crate caracal_metrics_core as caracal_metrics;
    /// # use caracal_metrics::adapter::InstanceKind;
    /// # use caracal_metrics::{Counter, Family, MetricsRegistry, labels};
    /// # labels! { struct Queue<'a> { queue: &'a str } }
    /// # static JOBS: Family<Counter, Queue<'_>> = Family::counter("jobs_total", "Jobs.");
    /// const QUEUE: InstanceKind = InstanceKind::new("queue");
    ///
    /// let metrics = MetricsRegistry::new();
    /// let mut builder = metrics.attach(QUEUE, Some("mail"))?;
    /// let jobs = builder.series(&JOBS, Queue { queue: "mail" })?;
    /// let instance = builder.build();
    ///
    /// instance.detach();
    /// jobs.inc();
    /// assert_eq!(metrics.sample("jobs_total", &[("queue", "mail")]), None);
    /// assert!(metrics.attach(QUEUE, Some("mail")).is_ok());
    /// # Ok::<(), caracal_metrics::AttachError>(())
    /// ```
    pub fn detach(&self) {
        self.0.attached.end();
    }
}

/// The part that all clones of an [`Instance`] share. It owns the series and the name. Everything else,
/// including scrapes and the handles of series, keeps only [`Attached`] alive.
pub(super) struct Owner {
    pub(super) attached: Arc<Attached>,
}

impl fmt::Debug for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.attached.fmt(f)
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.attached.end();
    }
}

/// The part of an instance that does not keep it attached.
pub(crate) struct Attached {
    pub(super) instances: Arc<Instances>,
    pub(super) id: u64,
    pub(super) kind: InstanceKind,
    pub(super) name: Option<String>,
    /// The series of the instance, in the order in which the adapter asked for them.
    pub(super) series: OnceLock<Vec<(Arc<FamilyStore>, Cell)>>,
    /// The series of the registry that the instance adds to.
    pub(super) shared: OnceLock<Vec<Series>>,
    /// The callback that a scrape runs. It is dropped with the owner, because it may hold handles of the
    /// instance's own series, which keep `Attached` alive.
    pub(super) callback: Mutex<Option<Arc<Callback>>>,
    /// Runs the callback on a different thread than the one that writes the page.
    pub(super) task: OnceLock<Arc<Task>>,
    /// The values that callbacks have read since the last page, in order.
    pub(super) readings: Mutex<Vec<Reading>>,
    /// Gauges that were not read yet. They are shown once they have a value.
    pub(super) unread: Mutex<Vec<(Arc<FamilyStore>, OwnedSeries)>>,
    pub(super) detached: AtomicBool,
}

impl fmt::Debug for Attached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attached")
            .field("kind", &self.kind)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl Attached {
    /// Detaches, and drops the callback unless a scrape is running it.
    fn end(&self) {
        self.detach();
        let callback = self.callback.lock().take();
        drop(callback);
    }

    /// Takes the series out of the output and frees the name. Handles may still record.
    fn detach(&self) {
        if !self.detached.swap(true, SeqCst) {
            for (store, _) in std::mem::take(&mut *self.unread.lock()) {
                store.give_up();
            }
            self.disown();
            self.instances.detach(self.id);
        }
    }

    /// Shows the series, unless the thing is already gone.
    pub(super) fn show(&self, series: Vec<(Arc<FamilyStore>, OwnedSeries)>) {
        for (store, series) in series {
            store.own(self.id, series);
        }
        // A scrape may have found that the thing is gone before its series were shown.
        if self.detached.load(SeqCst) {
            self.disown();
        }
    }

    fn disown(&self) {
        for (store, _) in self.series.get().into_iter().flatten() {
            store.disown(self.id);
        }
    }

    /// Runs the callback on a thread on which it may be dropped. Panics if the callback does.
    pub(super) fn sample_isolated(&self) {
        let callback = self.callback.lock().clone();
        if let Some(callback) = callback
            && self.sample(&*callback) == Sampled::Gone
        {
            self.end();
        }
    }

    /// Runs the callback. The values that it reads are kept for the next page.
    fn sample(&self, callback: &Callback) -> Sampled {
        callback(&Gauges::new(&self.readings, self.instances.collection_timeout() / 2))
    }

    fn settle(&self) {
        // The values are added under the lock, so that those of an earlier run can't follow those of a later
        // one.
        let mut readings = self.readings.lock();
        if readings.is_empty() {
            return;
        }
        for reading in readings.drain(..) {
            match reading {
                Reading::Gauge(place, value) => {
                    if let Some((_, cell)) = self.own(place) {
                        engine::set(*cell, i64::try_from(value).unwrap_or(i64::MAX));
                    }
                }
                Reading::FloatGauge(place, value) => {
                    if let Some((store, cell)) = self.own(place) {
                        store.set_float_cell(*cell, value);
                    }
                }
                Reading::Counter(target, n) => {
                    let shared = || self.shared.get();
                    let cell = match target {
                        Target::Own(place) => self.own(place).map(|(_, cell)| *cell),
                        Target::Shared(place) => {
                            shared().and_then(|s| s.get(place)).map(|s| s.cell)
                        }
                    };
                    if let Some(cell) = cell {
                        engine::add(cell, n);
                    }
                }
                Reading::FloatCounter(place, n) => {
                    if let Some((store, cell)) = self.own(place) {
                        store.add_float_cell(*cell, n);
                    }
                }
            }
        }
        let unread = std::mem::take(&mut *self.unread.lock());
        drop(readings);
        self.show(unread);
    }

    fn own(&self, place: usize) -> Option<&(Arc<FamilyStore>, Cell)> {
        self.series.get()?.get(place)
    }
}

impl Observed for Attached {
    fn task(&self) -> Option<&Arc<Task>> {
        self.task.get()
    }

    fn run_callbacks(&self, all: &Instances, these: &[Arc<dyn Observed>]) {
        all.run_callbacks(these);
    }

    /// Gauges whose callback failed keep their last values.
    fn bring_up_to_date(&self) {
        if self.task.get().is_none() {
            // The callback is locked. If the owner is dropped in the meantime, the owner drops the callback,
            // and not the thread that writes the page.
            let callback = self.callback.lock();
            match callback.as_deref().map(|callback| contain(|| self.sample(callback))) {
                Some(Some(Sampled::Gone)) => self.detach(),
                Some(None) => self.instances.state().count_collection_error(),
                Some(Some(Sampled::Live)) | None => {}
            }
        }
        self.settle();
    }
}

impl Drop for Attached {
    fn drop(&mut self) {
        // What was added to counters of the registry is not lost with the instance.
        self.settle();
        self.instances.retire(self.series.take().unwrap_or_default());
    }
}
