//! The native buckets on a page, and the expected ones.

use std::collections::BTreeMap;

use super::model::{self, BucketSpan};

/// Native buckets by their index, without empty ones.
pub(crate) type Buckets = BTreeMap<i32, u64>;

/// The native view of a histogram.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Native {
    pub(crate) schema: i32,
    pub(crate) zero: u64,
    pub(crate) positive: Buckets,
    pub(crate) negative: Buckets,
}

impl Native {
    /// Returns the native view of a histogram with native buckets.
    pub(crate) fn of(histogram: &model::Histogram) -> Self {
        assert_eq!(histogram.zero_threshold, Some(2_f64.powi(-128)));
        Self {
            schema: histogram.schema.expect("native buckets"),
            zero: histogram.zero_count,
            positive: buckets(&histogram.positive_span, &histogram.positive_delta),
            negative: buckets(&histogram.negative_span, &histogram.negative_delta),
        }
    }

    /// Returns the expected native view of these numbers.
    pub(crate) fn expected(schema: i32, values: impl IntoIterator<Item = f64>) -> Self {
        let mut native = Self { schema, ..Self::default() };
        for value in values {
            let index = (value.abs().log2() * 2_f64.powi(schema)).ceil() as i32;
            if value.abs() <= 2_f64.powi(-128) {
                native.zero += 1;
            } else if value > 0.0 {
                *native.positive.entry(index).or_default() += 1;
            } else {
                *native.negative.entry(index).or_default() += 1;
            }
        }
        native
    }

    pub(crate) fn count(&self) -> u64 {
        self.zero + self.positive.values().sum::<u64>() + self.negative.values().sum::<u64>()
    }
}

fn buckets(spans: &[BucketSpan], deltas: &[i64]) -> Buckets {
    let mut buckets = Buckets::new();
    let (mut index, mut count) = (0, 0);
    let mut deltas = deltas.iter();
    for (place, span) in spans.iter().enumerate() {
        assert!(place == 0 || span.offset > 0, "adjacent spans must be one span");
        assert!(span.length > 0);
        index += span.offset;
        for _ in 0..span.length {
            count += deltas.next().expect("a delta for each bucket");
            if count > 0 {
                buckets.insert(index, count.cast_unsigned());
            }
            index += 1;
        }
    }
    assert_eq!(deltas.next(), None, "a bucket for each delta");
    buckets
}

/// Asserts that both views agree: the count on a page is that of its classic and of its native buckets.
pub(crate) fn assert_agree(histogram: &model::Histogram) {
    assert_eq!(histogram.bucket.last().unwrap().cumulative_count, histogram.sample_count);
    assert_eq!(Native::of(histogram).count(), histogram.sample_count);
}
