//! Records into the cells of counters and gauges, and ignores invalid values.

use super::store::FamilyStore;
use crate::engine::{self, Cell};

impl FamilyStore {
    /// Raises a counter to a total, by adding the difference.
    pub(crate) fn raise_cell(&self, cell: Cell, total: u64) {
        let _raising = self.raising.lock();
        let current = engine::reader().counter(&[cell]);
        if total > current {
            engine::add(cell, total - current);
        }
    }

    /// Adds to a counter of floating-point numbers. A number that is negative or not finite is ignored.
    #[inline]
    pub(crate) fn add_float_cell(&self, cell: Cell, n: f64) {
        if n >= 0.0 && n.is_finite() {
            engine::add_float(cell, n);
        } else {
            self.count_invalid();
        }
    }

    /// Sets a gauge of floating-point numbers. NaN is a valid value. Infinite values are ignored.
    #[inline]
    pub(crate) fn set_float_cell(&self, cell: Cell, value: f64) {
        if value.is_infinite() {
            self.count_invalid();
        } else {
            engine::set_float(cell, value);
        }
    }

    /// Adds to a gauge of floating-point numbers. Values that are not finite are ignored, because no later
    /// addition could undo them.
    #[inline]
    pub(crate) fn shift_float_cell(&self, cell: Cell, by: f64) {
        if by.is_finite() {
            engine::shift_float(cell, by);
        } else {
            self.count_invalid();
        }
    }

    /// Counts a record into the aggregated series of a full family.
    #[cold]
    pub(crate) fn count_folded(&self) {
        self.settings.folded.count();
    }

    /// Counts a value that was corrected or ignored.
    #[cold]
    pub(crate) fn count_invalid(&self) {
        self.settings.invalid.count();
    }
}
