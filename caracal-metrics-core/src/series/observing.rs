//! Counts observations in the cells of histograms, and keeps their exemplars.

use std::sync::Arc;
use std::time::Duration;

use super::exemplars::{self, Observed};
use super::native::NativeSeries;
use super::store::FamilyStore;
use crate::description::nanos;
use crate::engine::{self, Cell, LONGEST_NANOS, OwnPages};
use crate::exemplar::Exemplar;

/// Returns a duration in nanoseconds, or `None` if it is too long for a sum.
#[inline]
pub(super) fn ordinary_nanos(duration: Duration) -> Option<u64> {
    const SECOND: u64 = 1_000_000_000;
    let is_ordinary = duration.as_secs() < LONGEST_NANOS / SECOND;
    is_ordinary.then(|| duration.as_secs() * SECOND + u64::from(duration.subsec_nanos()))
}

impl FamilyStore {
    /// Counts a duration in a cell. For a duration of more than a year, one year is added to the sum.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "a call would cost as much as the body")]
    pub(crate) fn observe_cell(&self, cell: Cell, duration: Duration) {
        if let Some(nanos) = ordinary_nanos(duration)
            && self.is_plain()
        {
            engine::observe_ordinary(cell, self.buckets.narrow_ordinary(nanos), nanos);
        } else {
            self.observe_other(cell, duration);
        }
    }

    /// Counts a duration in a cell. `pages` are those of the calling thread, if it keeps them for the cell.
    #[inline]
    pub(super) fn observe_kept(&self, cell: Cell, pages: Option<OwnPages>, duration: Duration) {
        match (pages, &self.native) {
            (Some(pages), Some(native)) => native.observe(self, cell, pages, duration),
            _ => self.observe_known(cell, duration),
        }
    }

    /// Counts a duration in a cell whose words the calling thread does not keep.
    #[inline(never)]
    pub(crate) fn observe_known(&self, cell: Cell, duration: Duration) {
        match &self.native {
            Some(native) => native.observe(self, cell, engine::own_pages(), duration),
            None => self.observe_classic(cell, duration),
        }
    }

    // This is not `observe_cell`, which is inlined into its callers: records of native histograms would cost
    // six to nine more instructions.
    #[inline(never)]
    fn observe_classic(&self, cell: Cell, duration: Duration) {
        if let Some(nanos) = ordinary_nanos(duration)
            && self.is_plain()
        {
            engine::observe_ordinary(cell, self.buckets.narrow_ordinary(nanos), nanos);
        } else {
            self.observe_in_full(cell, nanos(duration));
        }
    }

    /// Counts a duration in this thread's words of a cell with one run, if its pages contain them and the
    /// duration is not too long. Returns whether it was counted. No exemplar is requested.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "a call costs as much as it does")]
    pub(crate) fn observe_own(&self, pages: OwnPages, cell: Cell, duration: Duration) -> bool {
        // This comes first, because a cell without own words is one that is not plain.
        let Some(own) = pages.histogram(cell) else { return false };
        let observe = |nanos| own.observe(cell, self.buckets.narrow_ordinary(nanos), nanos);
        ordinary_nanos(duration).map(observe).is_some()
    }

    /// Counts a duration in a cell, and keeps the exemplar.
    #[inline]
    pub(crate) fn observe_cell_with_exemplar(
        &self,
        cell: Cell,
        duration: Duration,
        exemplar: &Exemplar,
    ) {
        let nanos = nanos(duration);
        if nanos < self.usual_nanos {
            exemplars::keep(cell, self.count_usual(cell, nanos), Observed::Nanos(nanos), exemplar);
        } else {
            self.observe_unusual_with_exemplar(cell, nanos, exemplar);
        }
    }

    #[inline(never)]
    fn observe_unusual_with_exemplar(&self, cell: Cell, nanos: u64, exemplar: &Exemplar) {
        let bucket = self.count_unusual(cell, nanos);
        exemplars::keep(cell, bucket, Observed::Nanos(nanos.min(LONGEST_NANOS)), exemplar);
    }

    /// Returns what a handle needs to count durations of a series, if the family has native buckets.
    pub(crate) fn native_series(self: &Arc<Self>, cell: Cell) -> Option<NativeSeries> {
        self.native.as_ref().map(|native| native.of_series(self, cell))
    }

    /// Counts a duration of any length in a family that may not be [plain](Self::is_plain).
    #[inline(never)]
    fn observe_other(&self, cell: Cell, duration: Duration) {
        // This comes first, so that the code that follows can use the registers.
        let pages = engine::own_pages();
        match &self.native {
            Some(native) => native.observe(self, cell, pages, duration),
            None => self.observe_in_full(cell, nanos(duration)),
        }
    }

    /// Counts a duration of any length, and requests its exemplar.
    #[inline(never)]
    pub(super) fn observe_in_full(&self, cell: Cell, nanos: u64) {
        if nanos < self.usual_nanos {
            let bucket = self.count_usual(cell, nanos);
            self.ask_for_exemplar(cell, bucket, Observed::Nanos(nanos));
        } else {
            let bucket = self.count_unusual(cell, nanos);
            self.ask_for_exemplar(cell, bucket, Observed::Nanos(nanos.min(LONGEST_NANOS)));
        }
    }

    /// Counts a duration in the classic buckets, and returns the index of the bucket.
    #[inline]
    fn count_usual(&self, cell: Cell, nanos: u64) -> usize {
        if self.buckets.runs() == 1 {
            let bucket = self.buckets.narrow(nanos);
            engine::observe(cell, bucket, nanos);
            bucket
        } else {
            let bucket = self.buckets.of_nanos(nanos);
            engine::observe_wide(cell, self.buckets.runs(), bucket, nanos);
            bucket
        }
    }

    /// Counts a duration that is too long for a sum, or that belongs to a family with native buckets. Returns
    /// the index of the classic bucket.
    #[inline(never)]
    fn count_unusual(&self, cell: Cell, nanos: u64) -> usize {
        if nanos > LONGEST_NANOS {
            self.count_invalid();
        }
        match &self.native {
            Some(native) => native.count_nanos(self, cell, nanos),
            None => self.count_usual(cell, nanos),
        }
    }

    /// Counts a floating-point number in a cell. A number that is not finite is ignored.
    #[inline]
    pub(crate) fn observe_float_cell(&self, cell: Cell, value: f64) {
        self.observe_floats_cell(cell, value, 1);
    }

    /// Counts a floating-point number `times` times. A number that is not finite is ignored.
    #[inline]
    pub(crate) fn observe_floats_cell(&self, cell: Cell, value: f64, times: u64) {
        if value.abs() < self.usual_floats {
            let bucket = self.count_usual_floats(cell, value, times);
            if self.settings.exemplar_source.is_some() {
                self.ask_for_exemplar(cell, bucket, Observed::Float(value));
            }
        } else {
            self.observe_unusual_floats(cell, value, times);
        }
    }

    /// Counts a floating-point number of a family with native buckets, or one that is not finite.
    #[inline(never)]
    fn observe_unusual_floats(&self, cell: Cell, value: f64, times: u64) {
        match &self.native {
            Some(native) => native.observe_floats(self, cell, value, times),
            None => self.count_invalid(),
        }
    }

    /// Counts a floating-point number in a cell, and keeps the exemplar.
    pub(crate) fn observe_float_cell_with_exemplar(
        &self,
        cell: Cell,
        value: f64,
        exemplar: &Exemplar,
    ) {
        let bucket = if value.abs() < self.usual_floats {
            self.count_usual_floats(cell, value, 1)
        } else if let Some(bucket) = self.count_unusual_floats(cell, value, 1) {
            bucket
        } else {
            return;
        };
        exemplars::keep(cell, bucket, Observed::Float(value), exemplar);
    }

    /// Counts a floating-point number `times` times in the classic buckets, and returns the index of the
    /// bucket.
    #[inline]
    fn count_usual_floats(&self, cell: Cell, value: f64, times: u64) -> usize {
        let bucket = self.buckets.of_float(value);
        let sum = value * times as f64;
        engine::observe_float(cell, self.buckets.runs(), bucket, times, sum);
        bucket
    }

    /// Counts a floating-point number in a family with native buckets, and returns the index of the classic
    /// bucket. A number that is not finite is ignored.
    #[inline]
    fn count_unusual_floats(&self, cell: Cell, value: f64, times: u64) -> Option<usize> {
        match &self.native {
            Some(native) if value.is_finite() => {
                Some(native.count_floats(self, cell, value, times))
            }
            _ => {
                self.count_invalid();
                None
            }
        }
    }

    /// Keeps an exemplar from the registry's source, if it has a source and the bucket accepts one.
    #[inline(never)]
    pub(super) fn ask_for_exemplar(&self, cell: Cell, bucket: usize, observed: Observed) {
        let Some(source) = &self.settings.exemplar_source else { return };
        if exemplars::takes_one(cell, bucket) {
            match source.ask() {
                Ok(Some(exemplar)) => exemplars::keep(cell, bucket, observed, &exemplar),
                Ok(None) => {}
                Err(_) => self.count_invalid(),
            }
        }
    }
}
