//! Recording into a cell.

use std::time::Duration;

use super::exemplars::Observed;
use super::store::FamilyStore;
use crate::description::nanos;
use crate::engine::{self, Cell, LONGEST_NANOS};
use crate::exemplar::Exemplar;

/// A duration in nanoseconds, unless it is too long for a sum.
#[inline]
pub(super) fn ordinary_nanos(duration: Duration) -> Option<u64> {
    const SECOND: u64 = 1_000_000_000;
    let is_ordinary = duration.as_secs() < LONGEST_NANOS / SECOND;
    is_ordinary.then(|| duration.as_secs() * SECOND + u64::from(duration.subsec_nanos()))
}

impl FamilyStore {
    /// Counts a duration into a cell. Of one of more than a year, a year is added to the sum.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "a call costs as much as it does")]
    pub(crate) fn observe_cell(&self, cell: Cell, duration: Duration) {
        if let Some(nanos) = ordinary_nanos(duration)
            && self.buckets.runs() == 1
        {
            engine::observe(cell, self.buckets.narrow(nanos), nanos);
        } else {
            self.observe_unusual(cell, nanos(duration));
        }
    }

    #[inline(never)]
    fn observe_unusual(&self, cell: Cell, nanos: u64) {
        engine::observe_wide(cell, self.buckets.runs(), self.buckets.of_nanos(nanos), nanos);
        if nanos > LONGEST_NANOS {
            self.count_invalid();
        }
    }

    /// Counts a floating-point number into a cell. One that is not finite is set aside.
    #[inline]
    pub(crate) fn observe_float_cell(&self, cell: Cell, value: f64) {
        if value.is_finite() {
            let bucket = self.buckets.of_float(value);
            engine::observe_float(cell, self.buckets.runs(), bucket, value);
        } else {
            self.count_invalid();
        }
    }

    /// Keeps an example of a duration that was counted.
    pub(crate) fn keep_duration(&self, cell: Cell, duration: Duration, exemplar: &Exemplar) {
        let nanos = nanos(duration);
        // In the bucket that counted it.
        let bucket = self.buckets.of_nanos(nanos);
        let observed = Observed::Nanos(nanos.min(LONGEST_NANOS));
        self.exemplars.keep(cell, bucket, observed, exemplar);
    }

    /// Keeps an example of a floating-point number that was counted.
    pub(crate) fn keep_float(&self, cell: Cell, value: f64, exemplar: &Exemplar) {
        if value.is_finite() {
            let bucket = self.buckets.of_float(value);
            self.exemplars.keep(cell, bucket, Observed::Float(value), exemplar);
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
