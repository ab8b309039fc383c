//! Counters of a registry about one of its families.

use std::fmt;
use std::sync::OnceLock;

use crate::engine::{self, Cell};

/// A counter of the registry itself. Its series is created with the first count.
#[derive(Default)]
pub(crate) struct Tally {
    cell: OnceLock<Cell>,
    /// `None` for a family that the registry does not count.
    series: Option<Box<dyn Fn() -> Cell + Send + Sync>>,
}

impl Tally {
    /// Creates a counter. `series` creates its cell.
    pub(crate) fn new(series: impl Fn() -> Cell + Send + Sync + 'static) -> Self {
        Self { cell: OnceLock::new(), series: Some(Box::new(series)) }
    }

    /// Shows the counter with the value 0.
    pub(crate) fn show(&self) {
        self.cell();
    }

    #[cold]
    pub(crate) fn count(&self) {
        if let Some(cell) = self.cell() {
            engine::add(cell, 1);
        }
    }

    /// Returns the count.
    pub(crate) fn read(&self) -> u64 {
        self.cell.get().map_or(0, |cell| engine::reader().counter(&[*cell]))
    }

    fn cell(&self) -> Option<Cell> {
        let series = self.series.as_ref()?;
        Some(*self.cell.get_or_init(series))
    }
}

impl fmt::Debug for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tally").field("cell", &self.cell).finish_non_exhaustive()
    }
}
