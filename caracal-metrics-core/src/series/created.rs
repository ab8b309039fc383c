//! When series came to be. Protocol Buffers always says so, text where the registry was asked to.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use foldhash::HashMap;
use parking_lot::Mutex;

use crate::engine::Cell;

/// Nanoseconds since 1970, by cell.
#[derive(Debug, Default)]
pub(super) struct Created(Mutex<HashMap<u32, u64>>);

impl Created {
    pub(super) fn note(&self, cell: Cell) {
        // A clock that is before 1970 knows nothing better.
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let nanos = u64::try_from(now.as_nanos()).unwrap_or(u64::MAX);
        self.0.lock().insert(cell.to_raw(), nanos);
    }

    /// The earliest of these cells.
    pub(super) fn of(&self, cells: &[Cell]) -> Option<Duration> {
        let created = self.0.lock();
        let nanos = cells.iter().filter_map(|cell| created.get(&cell.to_raw()).copied()).min();
        nanos.map(Duration::from_nanos)
    }

    /// The cell is given back.
    pub(super) fn forget(&self, cell: Cell) {
        self.0.lock().remove(&cell.to_raw());
    }
}
