//! The values of gauges of guards on one page.

use std::collections::HashMap;
use std::sync::Arc;

use super::store::FamilyStore;
use crate::engine::{self, Cell};

/// The gauges that count guards. A page reads them before everything else.
///
/// What a guard counts is recorded before the guard ends. Because the guards are read first, a page without any
/// guards contains the counts of all guards that were started before it.
#[derive(Debug, Default)]
pub(crate) struct InFlight(HashMap<u32, u64>);

impl InFlight {
    /// Reads the gauges of these families. A page does this before it collects, samples or reads anything else.
    pub(crate) fn of(families: &[Arc<FamilyStore>]) -> Self {
        let reader = engine::reader();
        // The gauges are read from the last name to the first. If a guard moves from one gauge to another (a
        // request in flight becomes an open stream), it ends in the first one before it begins in the second
        // one. A reader that starts with the second gauge therefore never sees it in both. The name of the
        // second gauge must be the later one.
        let cells =
            families.iter().rev().filter(|store| store.tracks()).flat_map(|store| store.cells());
        Self(cells.map(|cell| (cell.to_raw(), reader.in_flight(cell))).collect())
    }

    /// Returns the number of guards of these cells. A cell that was created later had no guards.
    pub(super) fn count(&self, cells: &[Cell]) -> i64 {
        let guards = cells.iter().filter_map(|cell| self.0.get(&cell.to_raw()));
        guards.map(|guards| guards.cast_signed()).sum()
    }
}
