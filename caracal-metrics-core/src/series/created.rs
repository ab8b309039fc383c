//! When series came to be, for registries that were asked to say so.

use std::collections::HashMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use parking_lot::Mutex;

use crate::engine::Cell;

/// Since 1970, by cell.
#[derive(Debug, Default)]
pub(super) struct Created(Mutex<HashMap<u32, Duration>>);

impl Created {
    pub(super) fn note(&self, cell: Cell) {
        // A clock that stands before 1970 knows nothing better.
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        self.0.lock().insert(cell.to_raw(), now);
    }

    /// The earliest of these cells.
    pub(super) fn of(&self, cells: &[Cell]) -> Option<Duration> {
        let created = self.0.lock();
        cells.iter().filter_map(|cell| created.get(&cell.to_raw()).copied()).min()
    }

    /// The cell is given back.
    pub(super) fn forget(&self, cell: Cell) {
        self.0.lock().remove(&cell.to_raw());
    }
}
