//! The exemplars of a histogram's buckets.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use parking_lot::{Mutex, RwLock};

use crate::engine::Cell;
use crate::exemplar::Exemplar;

/// What was observed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Observed {
    Nanos(u64),
    Float(f64),
}

/// The exemplar of one bucket.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    labels: Arc<[(Box<str>, Box<str>)]>,
    pub(crate) observed: Observed,
    at: SystemTime,
}

impl Kept {
    pub(crate) fn labels(&self) -> impl Iterator<Item = (&str, &str)> {
        self.labels.iter().map(|(name, value)| (&**name, &**value))
    }

    /// When it was recorded; 0 with a clock that is before 1970.
    pub(crate) fn since_epoch(&self) -> Duration {
        self.at.duration_since(UNIX_EPOCH).unwrap_or_default()
    }
}

/// One for each bucket of a histogram.
type Slots = Box<[Mutex<Option<Kept>>]>;

/// The exemplars of a family. They are apart from the engine, so that recording without one does not
/// even read whether there are any.
#[derive(Debug)]
pub(crate) struct Exemplars {
    buckets: usize,
    by_cell: RwLock<HashMap<u32, Slots>>,
}

impl Exemplars {
    /// For histograms with so many buckets, the one up to `+Inf` included.
    pub(super) fn new(buckets: usize) -> Self {
        Self { buckets, by_cell: RwLock::default() }
    }

    /// Puts it in place of the bucket's last one. It never waits: where another thread is at the
    /// same bucket, or makes room for a new histogram, that one's exemplar is as good as ours.
    pub(super) fn keep(&self, cell: Cell, bucket: usize, observed: Observed, exemplar: &Exemplar) {
        let kept = Kept { labels: Arc::clone(&exemplar.labels), observed, at: SystemTime::now() };
        let Some(by_cell) = self.by_cell.try_read() else { return };
        if let Some(buckets) = by_cell.get(&cell.to_raw()) {
            if let Some(mut slot) = buckets[bucket].try_lock() {
                *slot = Some(kept);
            }
            return;
        }
        drop(by_cell);
        if let Some(mut by_cell) = self.by_cell.try_write() {
            let none = || (0..self.buckets).map(|_| Mutex::default()).collect();
            *by_cell.entry(cell.to_raw()).or_insert_with(none)[bucket].get_mut() = Some(kept);
        }
    }

    /// Those of the histogram that these cells make up, the latest of each bucket.
    pub(crate) fn of(&self, cells: &[Cell]) -> Option<Vec<Option<Kept>>> {
        let by_cell = self.by_cell.read();
        let mut latest: Option<Vec<Option<Kept>>> = None;
        for buckets in cells.iter().filter_map(|cell| by_cell.get(&cell.to_raw())) {
            let latest = latest.get_or_insert_with(|| vec![None; self.buckets]);
            for (latest, slot) in latest.iter_mut().zip(&**buckets) {
                if let Some(kept) = &*slot.lock()
                    && latest.as_ref().is_none_or(|latest| latest.at < kept.at)
                {
                    *latest = Some(kept.clone());
                }
            }
        }
        latest
    }

    /// The cell is given to another series.
    pub(crate) fn forget(&self, cell: Cell) {
        self.by_cell.write().remove(&cell.to_raw());
    }
}
