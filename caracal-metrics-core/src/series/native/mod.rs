//! Native buckets: histograms whose buckets are an exponential grid, of which only those are there that
//! something fell into.
//!
//! A family with native buckets has its classic ones as well, and both are sums of the same words. The bounds
//! of both together divide the numbers into intervals, and an observation is counted into the word of its
//! interval, once (see [`partition`]). So a page's classic buckets, its native buckets and its count always
//! agree. Words come in [`chunks`] of 16 neighbouring intervals, once one of these observes something.

#![expect(
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    reason = "a bucket is an integer with a sign, of at most 19 bits"
)]

mod buckets;
mod chunks;
mod fast;
mod fractions;
mod grid;
mod handle;
#[cfg(all(test, caracal_loom))]
mod models;
mod partition;
mod reach;
mod recent;
#[cfg(feature = "protobuf")]
mod wire;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::store::FamilyStore;
use crate::description::Bounds;
use crate::engine::{Cell, OwnPages, Reader};
use crate::resolution::Resolution;

pub(crate) use buckets::native_buckets;
pub(crate) use handle::NativeSeries;
pub(crate) use recent::SeriesNumber;

/// Counts the observations of a family with native buckets.
///
/// A trait: the code is reached only from what asks for native buckets, so the linker leaves it out of a
/// program that does not.
pub(crate) trait NativeBuckets: fmt::Debug + Send + Sync {
    /// Counts a duration on the thread of these pages.
    fn observe(&self, store: &FamilyStore, cell: Cell, pages: OwnPages, duration: Duration);

    /// Counts a duration into words that this thread did not use lately, and keeps these for the series.
    fn observe_anew(
        &self,
        store: &FamilyStore,
        cell: Cell,
        series: SeriesNumber,
        duration: Duration,
    );

    /// Counts a number so many times. One that is not finite is set aside.
    fn observe_floats(&self, store: &FamilyStore, cell: Cell, value: f64, times: u64);

    /// What a handle counts durations of a series with.
    fn of_series(&self, store: &Arc<FamilyStore>, cell: Cell) -> NativeSeries;

    /// Counts a duration, and says in which of the classic buckets.
    fn count_nanos(&self, store: &FamilyStore, cell: Cell, nanos: u64) -> usize;

    /// Counts a finite number so many times, and says in which of the classic buckets.
    fn count_floats(&self, store: &FamilyStore, cell: Cell, value: f64, times: u64) -> usize;

    /// Adds what these cells observed to the classic buckets, which have what was counted without native
    /// ones. Appends to `wire` the fields that the message of the histogram has for its native buckets:
    /// none where not all observations have one.
    fn read(
        &self,
        cells: &[Cell],
        reader: &Reader<'_>,
        buckets: &mut [u64],
        wire: Option<&mut Vec<u8>>,
    );

    /// The cell is given back. Nothing is counted into it any more.
    fn forget(&self, cell: Cell);
}

/// Makes the native buckets of a family with these classic ones. The last argument is whether the registry
/// asks for exemplars.
pub(crate) type MakeNative = fn(Resolution, &Bounds, bool) -> Box<dyn NativeBuckets>;

/// That a family has native buckets.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WithNative {
    pub(crate) resolution: Resolution,
    pub(crate) make: MakeNative,
}
