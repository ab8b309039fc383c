//! The native buckets of a histogram of a snapshot.

use super::storage::Native;
use crate::series::halved;

/// Native buckets: the exponential grid of which those buckets are there that something fell into.
///
/// The bucket with index `i` of schema `s` has the numbers over 2^((i − 1) / 2^s) and up to 2^(i / 2^s). The
/// counts are those of single buckets, not cumulative.
///
/// ```
/// # extern crate caracal_metrics_core as caracal_metrics;
/// use std::time::Duration;
///
/// use caracal_metrics::snapshot::SeriesValue;
/// use caracal_metrics::{DurationHistogram, Family, MetricsRegistry, Resolution};
///
/// static TOOK: Family<DurationHistogram> = Family::duration_histogram("took_seconds", "Took.")
///     .buckets(&[Duration::from_secs(1)])
///     .native_histograms(Resolution::schema(0));
///
/// let metrics = MetricsRegistry::new();
/// let took = metrics.family(&TOOK)?;
/// took.observe(Duration::from_secs(3));
///
/// let snapshot = metrics.snapshot();
/// let series = snapshot.family("took_seconds").unwrap().get(&[]).unwrap();
/// let SeriesValue::Histogram(histogram) = series.value() else { unreachable!() };
/// let native = histogram.native().unwrap();
/// assert_eq!(native.schema(), 0);
/// // Over 2 and up to 4 seconds.
/// assert_eq!(native.positive(), [(2, 1)]);
/// # Ok::<(), caracal_metrics::FamilyError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct NativeSnapshot<'a> {
    buckets: &'a [(i32, u64)],
    native: &'a Native,
}

impl<'a> NativeSnapshot<'a> {
    pub(super) fn of(buckets: &'a [(i32, u64)], native: &'a Native) -> Self {
        Self { buckets, native }
    }

    /// The resolution, as Prometheus numbers it: from −4 to 8. It is lower than what the family was given
    /// if the series would otherwise have more buckets than it may.
    #[must_use]
    pub fn schema(self) -> i32 {
        self.native.schema
    }

    /// The index of the bucket that has the numbers of this one, and others, at a lower resolution.
    ///
    /// You add up the buckets of several series at the lowest of their resolutions.
    ///
    /// # Panics
    /// If the schema is higher than that of these buckets.
    #[must_use]
    pub fn index_at(self, schema: i32, index: i32) -> i32 {
        let halvings = u32::try_from(self.schema() - schema);
        halved(index, halvings.expect("buckets can be merged, and not be divided"))
    }

    /// How many observations are so close to zero (2^−128 at most) that they are in no other bucket.
    #[must_use]
    pub fn zero(self) -> u64 {
        self.native.zero
    }

    /// Index and count of each bucket of positive numbers, ascending by index. None is empty.
    #[must_use]
    pub fn positive(self) -> &'a [(i32, u64)] {
        &self.buckets[self.native.negative.end..self.native.positive_end]
    }

    /// The same of negative numbers, by the index of the absolute value.
    #[must_use]
    pub fn negative(self) -> &'a [(i32, u64)] {
        &self.buckets[self.native.negative.clone()]
    }
}
