//! Counts durations through a handle of one series.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::fast::Table;
use super::recent::SeriesNumber;
use crate::engine::{Cell, OwnPages};
use crate::series::observing::ordinary_nanos;
use crate::series::store::FamilyStore;

/// The native buckets of one series, for a handle.
///
/// The code is called through a pointer, so programs without native buckets do not contain it.
#[derive(Clone)]
pub(crate) struct NativeSeries {
    pub(super) number: SeriesNumber,
    pub(super) table: Arc<Table>,
    /// The number of runs of the cell.
    pub(super) runs: usize,
    pub(super) cell: Cell,
    pub(super) store: Arc<FamilyStore>,
    pub(super) observe: fn(&Self, OwnPages, Duration),
}

impl fmt::Debug for NativeSeries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NativeSeries").field("family", &self.store.name()).finish_non_exhaustive()
    }
}

impl NativeSeries {
    /// Counts a duration. `pages` are those of the calling thread.
    #[inline]
    pub(crate) fn observe(&self, pages: OwnPages, duration: Duration) {
        (self.observe)(self, pages, duration);
    }
}

pub(super) fn observe(series: &NativeSeries, pages: OwnPages, duration: Duration) {
    if let Some(nanos) = ordinary_nanos(duration)
        && let Some(interval) = series.table.of_duration(nanos)
        && let Some(own) = series.number.positive(interval.chunk()).recall(pages)
    {
        own.observe(|| (series.cell, series.runs), interval.place(), nanos);
    } else {
        observe_anew(series, duration);
    }
}

#[inline(never)]
fn observe_anew(series: &NativeSeries, duration: Duration) {
    if let Some(native) = &series.store.native {
        native.observe_anew(&series.store, series.cell, series.number, duration);
    }
}
