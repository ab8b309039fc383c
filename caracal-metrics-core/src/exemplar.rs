//! Exemplars: for a bucket, one request that fell into it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use parking_lot::{Mutex, RwLock};

use crate::engine::{Cell, HISTOGRAM_BUCKETS, LONGEST_NANOS};
use crate::error::InvalidExemplar;
use crate::exposition::{is_label_name, join_labels};
use crate::series::nanos;

/// What OpenMetrics 1.0 lets the names and values of an exemplar's labels have together.
const MOST_CHARACTERS: usize = 128;

/// Labels that lead from a bucket of a histogram to one of the events in it, such as the id of a
/// trace.
///
/// The page shows at most one for each bucket, the latest, and only in OpenMetrics and protobuf:
/// text 0.0.4 has none.
///
/// ```
/// use std::time::Duration;
/// use caracal_metrics_core::{Exemplar, Format, MetricsRegistry};
///
/// let metrics = MetricsRegistry::new();
/// let trace = Exemplar::new(&[("trace_id", "4bf92f3577b34da6a3ce929d0e0e4736")])?;
/// metrics.record_gateway_request_with_exemplar("GET", 200, "jwt", Duration::from_millis(67), &trace);
///
/// let mut page = Vec::new();
/// metrics.encode(Format::OpenMetrics, &mut page);
/// let page = String::from_utf8(page).unwrap();
/// assert!(page.contains(r#"le="0.075"} 1 # {trace_id="4bf92f3577b34da6a3ce929d0e0e4736"} 0.067 "#));
/// # Ok::<(), caracal_metrics_core::InvalidExemplar>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exemplar {
    /// `name="value",…`, as the page has them.
    labels: Arc<str>,
}

impl Exemplar {
    /// An exemplar with these labels.
    ///
    /// # Errors
    ///
    /// When a name is no label name or stands twice, or names and values together are longer than
    /// the 128 characters that OpenMetrics allows.
    pub fn new(labels: &[(&str, &str)]) -> Result<Self, InvalidExemplar> {
        let mut characters = 0;
        for (index, (name, value)) in labels.iter().enumerate() {
            if !is_label_name(name) {
                return Err(InvalidExemplar::LabelName { name: (*name).to_owned() });
            }
            if labels[..index].iter().any(|(other, _)| other == name) {
                return Err(InvalidExemplar::DuplicateLabelName { name: (*name).to_owned() });
            }
            characters += name.len() + value.chars().count();
        }
        if characters > MOST_CHARACTERS {
            return Err(InvalidExemplar::TooLong { characters });
        }
        Ok(Self { labels: join_labels(labels.iter().copied()).into() })
    }
}

/// The exemplar of one bucket.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    pub(crate) labels: Arc<str>,
    pub(crate) nanos: u64,
    at: SystemTime,
}

impl Kept {
    /// When it was recorded; 0 with a clock that stands before 1970.
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
    /// same bucket, or makes room for a new histogram, that one's exemplar stands as well as ours.
    pub(crate) fn keep(&self, cell: Cell, bucket: usize, duration: Duration, exemplar: &Exemplar) {
        let nanos = nanos(duration).min(LONGEST_NANOS);
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
