//! The exemplars of a histogram's buckets.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use parking_lot::{Mutex, RwLock};

use crate::engine::{Cell, HISTOGRAM_BUCKETS};
use crate::exemplar::Exemplar;

/// The exemplar of one bucket.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    pub(crate) labels: Arc<[(Box<str>, Box<str>)]>,
    pub(crate) nanos: u64,
    at: SystemTime,
}

impl Kept {
    /// When it was recorded; 0 with a clock that is before 1970.
    pub(crate) fn since_epoch(&self) -> Duration {
        self.at.duration_since(UNIX_EPOCH).unwrap_or_default()
    }
}

type Buckets<T> = [T; HISTOGRAM_BUCKETS];

/// The exemplars of all histograms. Beside the engine, so that recording without one does not even
/// read whether there are any.
#[derive(Debug, Default)]
pub(crate) struct Exemplars {
    by_cell: RwLock<HashMap<u32, Buckets<Mutex<Option<Kept>>>>>,
}

impl Exemplars {
    /// Puts it in place of the bucket's last one. It never waits: where another thread is at the
    /// same bucket, or makes room for a new histogram, that one's exemplar is as good as ours.
    pub(crate) fn keep(&self, cell: Cell, bucket: usize, nanos: u64, exemplar: &Exemplar) {
        let kept = Kept { labels: Arc::clone(&exemplar.labels), nanos, at: SystemTime::now() };
        let Some(by_cell) = self.by_cell.try_read() else { return };
        if let Some(buckets) = by_cell.get(&cell.to_raw()) {
            if let Some(mut slot) = buckets[bucket].try_lock() {
                *slot = Some(kept);
            }
            return;
        }
        drop(by_cell);
        if let Some(mut by_cell) = self.by_cell.try_write() {
            *by_cell.entry(cell.to_raw()).or_default()[bucket].get_mut() = Some(kept);
        }
    }

    /// Those of the histogram that these cells make up, the latest of each bucket.
    pub(crate) fn of(&self, cells: &[Cell]) -> Option<Buckets<Option<Kept>>> {
        let by_cell = self.by_cell.read();
        let mut latest: Option<Buckets<Option<Kept>>> = None;
        for buckets in cells.iter().filter_map(|cell| by_cell.get(&cell.to_raw())) {
            let latest = latest.get_or_insert_default();
            for (latest, slot) in latest.iter_mut().zip(buckets) {
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
