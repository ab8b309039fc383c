//! Native buckets: the buckets of a histogram form an exponential grid, and only those with observations exist.
//!
//! A family with native buckets has classic ones as well, and both are sums of the same words. The bounds of
//! both together divide the numbers into intervals. An observation is counted in the word of its interval, once
//! (see [`partition`]). The classic buckets, the native buckets and the count on a page therefore always agree.
//! Words are in [`chunks`] of 16 neighbouring intervals, which are created when one of them gets an
//! observation.

#![expect(
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    reason = "a bucket is an integer with a sign, of at most 19 bits"
)]

mod buckets;
mod chunks;
mod counts;
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
pub(crate) use counts::NativeCounts;
pub(crate) use grid::halved;
pub(crate) use handle::NativeSeries;
pub(crate) use recent::SeriesNumber;

/// Counts the observations of a family with native buckets.
///
/// This is a trait so that only code that uses native buckets reaches it. The linker leaves it out of other
/// programs.
pub(crate) trait NativeBuckets: fmt::Debug + Send + Sync {
    /// Counts a duration. `pages` are those of the calling thread.
    fn observe(&self, store: &FamilyStore, cell: Cell, pages: OwnPages, duration: Duration);

    /// Counts a duration in words that this thread did not use recently, and keeps them for the series.
    fn observe_anew(
        &self,
        store: &FamilyStore,
        cell: Cell,
        series: SeriesNumber,
        duration: Duration,
    );

    /// Counts a number `times` times. A number that is not finite is ignored, and counted as invalid.
    fn observe_floats(&self, store: &FamilyStore, cell: Cell, value: f64, times: u64);

    /// Returns what a handle needs to count durations of a series.
    fn of_series(&self, store: &Arc<FamilyStore>, cell: Cell) -> NativeSeries;

    /// Counts a duration, and returns the index of the classic bucket.
    fn count_nanos(&self, store: &FamilyStore, cell: Cell, nanos: u64) -> usize;

    /// Counts a finite number `times` times, and returns the index of the classic bucket.
    fn count_floats(&self, store: &FamilyStore, cell: Cell, value: f64, times: u64) -> usize;

    /// Adds the observations of these cells to the classic buckets. Those already contain what was counted
    /// without native buckets. Stores the native buckets in `counts`. Returns whether all observations are in
    /// native buckets.
    fn read(
        &self,
        cells: &[Cell],
        reader: &Reader<'_>,
        buckets: &mut [u64],
        counts: Option<&mut NativeCounts>,
    ) -> bool;

    /// Appends the fields of these native buckets to the message of a histogram.
    #[cfg(feature = "protobuf")]
    fn write(&self, counts: &NativeCounts, out: &mut Vec<u8>);

    /// Releases the chunks of a cell that is about to be released. Nothing is counted in it any more.
    fn forget(&self, cell: Cell);
}

/// Creates the native buckets of a family with these classic ones. The last argument is whether the registry
/// requests exemplars.
pub(crate) type MakeNative = fn(Resolution, &Bounds, bool) -> Box<dyn NativeBuckets>;

/// The native buckets of a family: their resolution, and the code that creates them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WithNative {
    pub(crate) resolution: Resolution,
    pub(crate) make: MakeNative,
}
