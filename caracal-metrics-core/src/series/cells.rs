//! Recording into the cells of counters and gauges, and what sets a record aside.

use super::store::FamilyStore;
use crate::engine::{self, Cell};

impl FamilyStore {
    /// Adds to a counter what is missing to a total.
    pub(crate) fn raise_cell(&self, cell: Cell, total: u64) {
        let _raising = self.raising.lock();
        let current = engine::reader().counter(&[cell]);
        if total > current {
            engine::add(cell, total - current);
        }
    }

    /// Adds to a counter of floating-point numbers. A step that is not finite or would make the sum
    /// smaller is set aside.
    #[inline]
    pub(crate) fn add_float_cell(&self, cell: Cell, n: f64) {
        if n >= 0.0 && n.is_finite() {
            engine::add_float(cell, n);
        } else {
            self.count_invalid();
        }
    }

    /// Sets a gauge of floating-point numbers. NaN is a value of such a gauge; an infinity is set
    /// aside.
    #[inline]
    pub(crate) fn set_float_cell(&self, cell: Cell, value: f64) {
        if value.is_infinite() {
            self.count_invalid();
        } else {
            engine::set_float(cell, value);
        }
    }

    /// Adds to a gauge of floating-point numbers. What is not finite is set aside, since no later
    /// step could undo it.
    #[inline]
    pub(crate) fn shift_float_cell(&self, cell: Cell, by: f64) {
        if by.is_finite() {
            engine::shift_float(cell, by);
        } else {
            self.count_invalid();
        }
    }

    /// Counts a record into the aggregated series of a family that is full.
    #[cold]
    pub(crate) fn count_folded(&self) {
        self.settings.folded.count();
    }

    /// Counts a value that was corrected or set aside.
    #[cold]
    pub(crate) fn count_invalid(&self) {
        self.settings.invalid.count();
    }
}
