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
mod counts;
mod fast;
mod fractions;
mod grid;
#[cfg(all(test, caracal_loom))]
mod models;
mod partition;
mod reach;
mod recent;
#[cfg(feature = "protobuf")]
mod wire;

use std::fmt;
use std::time::Duration;

use super::store::FamilyStore;
use crate::description::Bounds;
use crate::engine::{Cell, Reader};
use crate::resolution::Resolution;

pub(crate) use buckets::native_buckets;
pub(crate) use counts::NativeCounts;
pub(crate) use grid::halved;

/// Counts the observations of a family with native buckets.
///
/// A trait: the code is reached only from what asks for native buckets, so the linker leaves it out of a
/// program that does not.
pub(crate) trait NativeBuckets: fmt::Debug + Send + Sync {
    /// Counts a duration.
    fn observe(&self, store: &FamilyStore, cell: Cell, duration: Duration);

    /// Counts a duration, and says in which of the classic buckets.
    fn count_nanos(&self, store: &FamilyStore, cell: Cell, nanos: u64) -> usize;

    /// Counts a finite number so many times, and says in which of the classic buckets.
    fn count_floats(&self, store: &FamilyStore, cell: Cell, value: f64, times: u64) -> usize;

    /// Adds what these cells observed to the classic buckets, which have what was counted without native
    /// ones. Fills `counts` with the native ones. Returns whether all observations are in a native bucket.
    fn read(
        &self,
        cells: &[Cell],
        reader: &Reader<'_>,
        buckets: &mut [u64],
        counts: Option<&mut NativeCounts>,
    ) -> bool;

    /// Appends the fields that the message of a histogram with these counts has for its native buckets.
    #[cfg(feature = "protobuf")]
    fn write(&self, counts: &NativeCounts, out: &mut Vec<u8>);

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
