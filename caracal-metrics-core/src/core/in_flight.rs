//! What the gauges of guards read on one page.

use super::Core;
use crate::engine::{self, Cell};
use crate::series::NO_LABELS;

/// The gauges that count guards, read before anything else of a page.
///
/// What a guard counts is recorded before it ends. Since the guards are read first, a page with
/// none of them has every count of those that were begun before it.
#[derive(Debug)]
pub(crate) struct InFlight(Vec<(Cell, u64)>);

impl Core {
    /// Reads the gauges that count guards. A page does this before it collects, samples or reads
    /// anything else.
    pub(crate) fn in_flight(&self) -> InFlight {
        let reader = engine::reader();
        let gauges = self.families.iter().filter(|store| store.tracks());
        let cells = gauges.filter_map(|store| store.recall(NO_LABELS));
        InFlight(cells.map(|cell| (cell, reader.in_flight(cell))).collect())
    }
}

impl InFlight {
    /// The value of the gauge with these cells. One that was made since it was read had no guards.
    pub(super) fn of(&self, cells: &[Cell]) -> i64 {
        let read = self.0.iter().filter(|(cell, _)| cells.contains(cell));
        read.map(|(_, guards)| guards.cast_signed()).sum()
    }
}
