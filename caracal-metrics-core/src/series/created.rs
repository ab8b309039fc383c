//! When series came to be. Protocol Buffers always says so, text where the registry was asked to.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use foldhash::HashMap;
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

/// Nanoseconds since 1970, by cell.
#[derive(Debug, Default)]
struct Created(Mutex<HashMap<u32, u64>>);

impl NoteCreated for Created {
    fn note(&self, cell: Cell) {
        // A clock that is before 1970 knows nothing better.
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let nanos = u64::try_from(now.as_nanos()).unwrap_or(u64::MAX);
        self.0.lock().insert(cell.to_raw(), nanos);
    }

    fn of(&self, cells: &[Cell]) -> Option<Duration> {
        let created = self.0.lock();
        let nanos = cells.iter().filter_map(|cell| created.get(&cell.to_raw()).copied()).min();
        nanos.map(Duration::from_nanos)
    }

    fn forget(&self, cell: Cell) {
        self.0.lock().remove(&cell.to_raw());
    }
}
