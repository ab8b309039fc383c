//! What gauges of guards read on one page.

use std::collections::HashMap;
use std::sync::Arc;

use super::store::FamilyStore;
use crate::engine::{self, Cell};

/// The gauges that count guards, read before anything else of a page.
///
/// What a guard counts is recorded before it ends. Since the guards are read first, a page with
/// none of them has every count of those that were begun before it.
#[derive(Debug, Default)]
pub(crate) struct InFlight(HashMap<u32, u64>);

impl InFlight {
    /// Reads the gauges of these families. A page does this before it collects, samples or reads
    /// anything else.
    pub(crate) fn of(families: &[Arc<FamilyStore>]) -> Self {
        let reader = engine::reader();
        // From the last name to the first. A guard that is moved from one gauge to another (a request
        // in flight becomes an open stream) ends before it begins, so a reader that begins with the
        // second gauge never sees it in both. The second one's name has to be the later one.
        let cells =
            families.iter().rev().filter(|store| store.tracks()).flat_map(|store| store.cells());
        Self(cells.map(|cell| (cell.to_raw(), reader.in_flight(cell))).collect())
    }

    /// How many guards these cells count. One that was made since had none.
    pub(super) fn count(&self, cells: &[Cell]) -> i64 {
        let guards = cells.iter().filter_map(|cell| self.0.get(&cell.to_raw()));
        guards.map(|guards| guards.cast_signed()).sum()
    }
}
