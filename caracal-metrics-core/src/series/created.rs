//! The time at which series began. Protocol Buffers always has it, and text has it if the registry is
//! configured to.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use foldhash::HashMap;
use parking_lot::Mutex;

use crate::engine::Cell;

/// Notes when series began.
///
/// This is a trait so that only the method of the builder reaches the code. The linker leaves it out of a
/// program that shows no such times.
pub(crate) trait NoteCreated: fmt::Debug + Send + Sync {
    fn note(&self, cell: Cell);

    /// Returns the earliest time of these cells, since 1970.
    fn of(&self, cells: &[Cell]) -> Option<Duration>;

    /// Forgets a cell that is released.
    fn forget(&self, cell: Cell);
}

pub(crate) type MakeCreated = fn() -> Box<dyn NoteCreated>;

/// Creates the notes for a family.
pub(crate) fn note_created() -> Box<dyn NoteCreated> {
    Box::<Created>::default()
}

/// Nanoseconds since 1970, by cell.
#[derive(Debug, Default)]
struct Created(Mutex<HashMap<u32, u64>>);

impl NoteCreated for Created {
    fn note(&self, cell: Cell) {
        // If the clock is before 1970, there is no better value.
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
