//! When series came to be, for registries that were asked to say so.

use std::collections::HashMap;
use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use parking_lot::Mutex;

use crate::engine::Cell;

/// Notes when series began.
///
/// A trait: the code is reached only from the builder's method that asks for it, so the linker leaves it
/// out of a program that shows no such lines.
pub(crate) trait NoteCreated: fmt::Debug + Send + Sync {
    fn note(&self, cell: Cell);

    /// The earliest of these cells, since 1970.
    fn of(&self, cells: &[Cell]) -> Option<Duration>;

    /// The cell is given back.
    fn forget(&self, cell: Cell);
}

pub(crate) type MakeCreated = fn() -> Box<dyn NoteCreated>;

/// What notes when the series of a family began.
pub(crate) fn note_created() -> Box<dyn NoteCreated> {
    Box::<Created>::default()
}

/// Since 1970, by cell.
#[derive(Debug, Default)]
struct Created(Mutex<HashMap<u32, Duration>>);

impl NoteCreated for Created {
    fn note(&self, cell: Cell) {
        // A clock that stands before 1970 knows nothing better.
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        self.0.lock().insert(cell.to_raw(), now);
    }

    fn of(&self, cells: &[Cell]) -> Option<Duration> {
        let created = self.0.lock();
        cells.iter().filter_map(|cell| created.get(&cell.to_raw()).copied()).min()
    }

    fn forget(&self, cell: Cell) {
        self.0.lock().remove(&cell.to_raw());
    }
}
