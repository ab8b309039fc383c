//! The native buckets of a histogram of a snapshot.

use super::storage::Native;
use crate::series::halved;

/// The native buckets of a histogram. They form an exponential grid. Only buckets with observations are
/// present.
///
/// At schema `s`, the bucket with the index `i` contains the numbers above 2^((i − 1) / 2^s) and up to 2^(i /
/// 2^s). The counts are not cumulative.
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

    /// Returns the resolution, in the numbering of Prometheus: from −4 to 8. It is lower than the resolution
    /// of the family if the series would otherwise have too many buckets.
    #[must_use]
    pub fn schema(self) -> i32 {
        self.native.schema
    }

    /// Returns the index of the bucket at a lower resolution that contains the numbers of the bucket `index`.
    ///
    /// To add up the buckets of several series, use the lowest of their resolutions.
    ///
    /// # Panics
    /// Panics if the schema is higher than that of these buckets.
    #[must_use]
    pub fn index_at(self, schema: i32, index: i32) -> i32 {
        let halvings = u32::try_from(self.schema() - schema);
        halved(index, halvings.expect("buckets can be merged, and not be divided"))
    }

    /// Returns the count of the zero bucket. It contains the observations whose absolute value is at most
    /// 2^−128.
    #[must_use]
    pub fn zero(self) -> u64 {
        self.native.zero
    }

    /// Returns the index and the count of each bucket of positive numbers, sorted by index. No bucket is
    /// empty.
    #[must_use]
    pub fn positive(self) -> &'a [(i32, u64)] {
        &self.buckets[self.native.negative.end..self.native.positive_end]
    }

    /// Returns the index and the count of each bucket of negative numbers, sorted by index. The index is that
    /// of the absolute value. No bucket is empty.
    #[must_use]
    pub fn negative(self) -> &'a [(i32, u64)] {
        &self.buckets[self.native.negative.clone()]
    }
}
