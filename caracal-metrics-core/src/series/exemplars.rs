//! The exemplars of histograms' buckets.

use std::sync::OnceLock;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::blocks::Blocks;
use crate::engine::{Cell, RUN_WORDS};
use crate::exemplar::{Exemplar, WrittenLabels};
use crate::sync::{AtomicBool, Mutex};

/// What was observed.
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

    /// When it was recorded; 0 with a clock that is before 1970.
    pub(crate) fn since_epoch(&self) -> Duration {
        self.at.duration_since(UNIX_EPOCH).unwrap_or_default()
    }
}

/// What one bucket keeps.
#[derive(Debug)]
pub(super) struct Slot<T> {
    /// No page has shown it yet. It is written under the lock alone, and read by recorders without
    /// it. So what they read may be old: then they drop an exemplar or replace one that no page has
    /// shown, and a later one does better.
    is_unseen: AtomicBool,
    kept: Mutex<Option<T>>,
}

impl<T> Default for Slot<T> {
    fn default() -> Self {
        Self { is_unseen: AtomicBool::new(false), kept: Mutex::default() }
    }
}

impl<T> Slot<T> {
    /// Whether a page has shown what it keeps, if it keeps something.
    ///
    /// Relaxed, since nothing is read because of it: what is kept is read under the lock alone.
    #[inline]
    fn takes_one(&self) -> bool {
        !self.is_unseen.load(Relaxed)
    }

    /// Puts this in place of what a page has shown, and does nothing where a page has yet to show
    /// what it keeps. It never waits: where another thread is at the slot, that one's exemplar is as
    /// good as ours.
    #[inline]
    pub(super) fn put(&self, new: impl FnOnce() -> T) {
        if self.takes_one() {
            self.replace(new);
        }
    }

    /// Not inlined: of a bucket that many requests fall into, few exemplars are kept.
    #[inline(never)]
    fn replace(&self, new: impl FnOnce() -> T) {
        if let Some(mut kept) = self.kept.try_lock() {
            *kept = Some(new());
            self.is_unseen.store(true, Relaxed);
        }
    }

    /// Calls `show` with what it keeps, if that is something, for a page that shows it.
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

/// What is kept of one bucket.
#[derive(Debug)]
struct Example {
    exemplar: Exemplar,
    observed: Observed,
    at: SystemTime,
}

type Run = [Slot<Example>; RUN_WORDS];

/// By the words of the engine, which are one for each bucket, in the whole process. They are apart
/// from the engine, so that recording without an exemplar does not even read whether there are any.
/// A run of the engine's has a run here from its first exemplar on, and keeps it for the next
/// histogram.
static RUNS: Blocks<OnceLock<Box<Run>>> = Blocks::none();

/// The slot of a bucket, where its run has been made.
#[inline]
fn slot(cell: Cell, bucket: usize) -> Option<&'static Slot<Example>> {
    let word = cell.to_raw() as usize + bucket;
    let run = RUNS.from(word / RUN_WORDS).first()?.get()?;
    Some(&run[word % RUN_WORDS])
}

/// Makes the run of a bucket's slot.
#[cold]
fn make_slot(cell: Cell, bucket: usize) -> Option<&'static Slot<Example>> {
    let run = (cell.to_raw() as usize + bucket) / RUN_WORDS;
    RUNS.make(run, |runs| (0..runs).map(|_| OnceLock::new()).collect());
    RUNS.from(run).first()?.get_or_init(Box::default);
    slot(cell, bucket)
}

/// Whether [`keep`] would keep an exemplar of this bucket.
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
    /// For histograms with so many buckets, the one up to `+Inf` included.
    pub(super) fn new(buckets: usize) -> Self {
        Self { buckets }
    }

    /// Those of the histogram that these cells make up, the latest of each bucket. They are on a
    /// page from now on, and may be replaced.
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

    /// The cell is given to another series.
    pub(crate) fn forget(&self, cell: Cell) {
        (0..self.buckets).filter_map(|bucket| slot(cell, bucket)).for_each(Slot::clear);
    }
}
