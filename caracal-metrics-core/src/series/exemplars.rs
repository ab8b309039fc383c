//! The exemplars of the buckets of histograms.

use std::sync::OnceLock;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::blocks::Blocks;
use crate::engine::{Cell, RUN_WORDS};
use crate::exemplar::{Exemplar, WrittenLabels};
use crate::sync::{AtomicBool, Mutex};

/// The observed value.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Observed {
    Nanos(u64),
    Float(f64),
}

/// The exemplar of one bucket, for a page.
#[derive(Debug)]
pub(crate) struct Kept {
    labels: WrittenLabels,
    pub(crate) observed: Observed,
    at: SystemTime,
}

impl Kept {
    pub(crate) fn labels(&self) -> impl Iterator<Item = (&str, &str)> {
        self.labels.iter()
    }

    /// Returns the time at which it was recorded. 0 if the clock is before 1970.
    pub(crate) fn since_epoch(&self) -> Duration {
        self.at.duration_since(UNIX_EPOCH).unwrap_or_default()
    }
}

/// The exemplar that one bucket keeps.
#[derive(Debug)]
pub(super) struct Slot<T> {
    /// Whether no page has shown it yet. It is only written under the lock, but recorders read it without the
    /// lock, so they may see an old value. They then drop an exemplar, or replace one that no page has shown. A
    /// later exemplar corrects this.
    is_unseen: AtomicBool,
    kept: Mutex<Option<T>>,
}

impl<T> Default for Slot<T> {
    fn default() -> Self {
        Self { is_unseen: AtomicBool::new(false), kept: Mutex::default() }
    }
}

impl<T> Slot<T> {
    /// Returns whether it has no exemplar that still has to be shown on a page.
    ///
    /// Relaxed is enough, because no other data is read as a consequence: the exemplar is only read under the
    /// lock.
    #[inline]
    fn takes_one(&self) -> bool {
        !self.is_unseen.load(Relaxed)
    }

    /// Replaces an exemplar that a page has shown. Does nothing if a page has yet to show it. This never waits:
    /// if another thread is using the slot, that thread's exemplar is as good as ours.
    #[inline]
    pub(super) fn put(&self, new: impl FnOnce() -> T) {
        if self.takes_one() {
            self.replace(new);
        }
    }

    /// This is not inlined: even if many requests fall into a bucket, few exemplars are kept.
    #[inline(never)]
    fn replace(&self, new: impl FnOnce() -> T) {
        if let Some(mut kept) = self.kept.try_lock() {
            *kept = Some(new());
            self.is_unseen.store(true, Relaxed);
        }
    }

    /// Calls `show` with the exemplar, if there is one, for a page that shows it.
    pub(super) fn show(&self, show: impl FnOnce(&T)) {
        let kept = self.kept.lock();
        if let Some(kept) = &*kept {
            show(kept);
            self.is_unseen.store(false, Relaxed);
        }
    }

    fn clear(&self) {
        let mut kept = self.kept.lock();
        *kept = None;
        self.is_unseen.store(false, Relaxed);
    }
}

/// The stored exemplar of one bucket.
#[derive(Debug)]
struct Example {
    exemplar: Exemplar,
    observed: Observed,
    at: SystemTime,
}

type Run = [Slot<Example>; RUN_WORDS];

/// The exemplars of the process, by the words of the engine, which are one for each bucket. They are stored
/// separately from the engine, so that recording without an exemplar does not even check whether there are any.
/// Each run of the engine gets a run here with its first exemplar, and keeps it for the next histogram.
static RUNS: Blocks<OnceLock<Box<Run>>> = Blocks::none();

/// Returns the slot of a bucket, if its run was created.
#[inline]
fn slot(cell: Cell, bucket: usize) -> Option<&'static Slot<Example>> {
    let word = cell.to_raw() as usize + bucket;
    let run = RUNS.from(word / RUN_WORDS).first()?.get()?;
    Some(&run[word % RUN_WORDS])
}

/// Creates the run with the slot of a bucket.
#[cold]
fn make_slot(cell: Cell, bucket: usize) -> Option<&'static Slot<Example>> {
    let run = (cell.to_raw() as usize + bucket) / RUN_WORDS;
    RUNS.make(run, |runs| (0..runs).map(|_| OnceLock::new()).collect());
    RUNS.from(run).first()?.get_or_init(Box::default);
    slot(cell, bucket)
}

/// Returns whether [`keep`] would keep an exemplar of this bucket.
pub(super) fn takes_one(cell: Cell, bucket: usize) -> bool {
    slot(cell, bucket).is_none_or(Slot::takes_one)
}

/// Keeps the exemplar of a bucket, unless the bucket has one that no page has shown yet.
#[inline]
pub(super) fn keep(cell: Cell, bucket: usize, observed: Observed, exemplar: &Exemplar) {
    if let Some(slot) = slot(cell, bucket).or_else(|| make_slot(cell, bucket)) {
        slot.put(|| Example { exemplar: exemplar.clone(), observed, at: SystemTime::now() });
    }
}

/// The exemplars of a family.
#[derive(Debug)]
pub(crate) struct Exemplars {
    buckets: usize,
}

impl Exemplars {
    /// For histograms with this number of buckets, including the bucket `+Inf`.
    pub(super) fn new(buckets: usize) -> Self {
        Self { buckets }
    }

    /// Returns the latest exemplar of each bucket of the histogram that consists of these cells. From now on,
    /// they count as shown on a page, and can be replaced.
    pub(crate) fn of(&self, cells: &[Cell]) -> Option<Vec<Option<Kept>>> {
        let mut latest: Option<Vec<Option<Kept>>> = None;
        for cell in cells {
            for bucket in 0..self.buckets {
                let Some(slot) = slot(*cell, bucket) else { continue };
                slot.show(|example| {
                    let latest = latest.get_or_insert_with(|| {
                        std::iter::repeat_with(|| None).take(self.buckets).collect()
                    });
                    let latest = &mut latest[bucket];
                    if latest.as_ref().is_none_or(|latest| latest.at < example.at) {
                        let Example { exemplar, observed, at } = example;
                        let labels = exemplar.written();
                        *latest = Some(Kept { labels, observed: *observed, at: *at });
                    }
                });
            }
        }
        latest
    }

    /// Forgets the exemplars of a cell that is reused for another series.
    pub(crate) fn forget(&self, cell: Cell) {
        (0..self.buckets).filter_map(|bucket| slot(cell, bucket)).for_each(Slot::clear);
    }
}
