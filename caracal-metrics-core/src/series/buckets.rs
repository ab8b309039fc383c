//! Which bucket an observation falls into.

use crate::description::Bounds;
use crate::engine::{HISTOGRAM_BUCKETS, Width};
use crate::family::FamilyKind;

/// The bounds of a histogram, as they are searched.
#[derive(Debug)]
pub(crate) struct BucketSearch {
    /// In nanoseconds, ascending, and [`u64::MAX`] where there are no more.
    nanos: [u64; HISTOGRAM_BUCKETS],
}

impl BucketSearch {
    pub(crate) fn of(bounds: &Bounds) -> Self {
        let nanos = match bounds {
            Bounds::Nanos(bounds) => &**bounds,
            _ => &[],
        };
        Self {
            nanos: std::array::from_fn(|place| nanos.get(place).copied().unwrap_or(u64::MAX)),
        }
    }

    pub(crate) fn width(&self, kind: FamilyKind) -> Width {
        if kind.is_histogram() { Width::Histogram } else { Width::Word }
    }

    /// How many bounds are less than this.
    #[inline]
    pub(crate) fn of_nanos(&self, nanos: u64) -> usize {
        const _: () = assert!(HISTOGRAM_BUCKETS == 15, "four steps find one of 16 places");
        // A binary search without a loop or a branch that could be predicted wrongly.
        let mut bucket = 0;
        for step in [8, 4, 2, 1] {
            bucket += step * usize::from(self.nanos[bucket + step - 1] < nanos);
        }
        bucket
    }
}
