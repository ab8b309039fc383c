//! Which bucket an observation falls into.

use crate::description::Bounds;
use crate::engine::{NARROW_BUCKETS, RUN_WORDS, Sum, Width};
use crate::family_spec::FamilyKind;

/// The bounds of a histogram, as they are searched.
#[derive(Debug)]
pub(crate) struct BucketSearch {
    /// In nanoseconds, ascending, and [`u64::MAX`] where there are no more. Most histograms have so
    /// few.
    narrow: [u64; NARROW_BUCKETS],
    /// How many runs a cell has.
    runs: usize,
    bounds: Bounds,
}

impl BucketSearch {
    pub(crate) fn of(bounds: &Bounds) -> Self {
        let nanos = match bounds {
            Bounds::Nanos(bounds) => &**bounds,
            _ => &[],
        };
        let Width::Histogram { runs, .. } = Width::histogram(bounds.len(), Sum::Nanos) else {
            unreachable!("the width of a histogram is one")
        };
        Self {
            narrow: std::array::from_fn(|place| nanos.get(place).copied().unwrap_or(u64::MAX)),
            runs,
            bounds: bounds.clone(),
        }
    }

    /// The width of a family's cells.
    pub(crate) fn width(&self, kind: FamilyKind) -> Width {
        match kind {
            FamilyKind::Counter => Width::Word,
            FamilyKind::FloatCounter | FamilyKind::FloatGauge => Width::Float,
            FamilyKind::Gauge => Width::Gauge,
            FamilyKind::DurationHistogram => Width::histogram(self.bounds.len(), Sum::Nanos),
            FamilyKind::Histogram => Width::histogram(self.bounds.len(), Sum::Float),
        }
    }

    /// How many runs a cell has.
    #[inline]
    pub(crate) fn runs(&self) -> usize {
        self.runs
    }

    /// How many bounds of a histogram of one run are less than this.
    #[inline]
    pub(crate) fn narrow(&self, nanos: u64) -> usize {
        const _: () = assert!(RUN_WORDS == 16, "four steps find one of 16 places");
        // A binary search without a loop or a branch that could be predicted wrongly.
        let mut bucket = 0;
        for step in [8, 4, 2, 1] {
            bucket += step * usize::from(self.narrow[bucket + step - 1] < nanos);
        }
        bucket
    }

    /// How many bounds are less than this duration.
    pub(crate) fn of_nanos(&self, nanos: u64) -> usize {
        match &self.bounds {
            Bounds::Nanos(bounds) => bounds.partition_point(|bound| *bound < nanos),
            _ => 0,
        }
    }

    /// How many bounds are less than this number.
    pub(crate) fn of_float(&self, value: f64) -> usize {
        match &self.bounds {
            Bounds::Floats(bounds) => bounds.partition_point(|bound| *bound < value),
            _ => 0,
        }
    }
}
