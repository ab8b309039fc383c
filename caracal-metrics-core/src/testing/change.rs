//! The change of a series between two snapshots.

use std::fmt;

use crate::snapshot::{HistogramSnapshot, SeriesValue, SummarySnapshot};
use crate::text::seconds;

/// The change of a series between two snapshots.
///
/// If a counter, a histogram or a summary fell, its change is the whole new value: the thing that it counts for
/// was attached again, so it started at zero.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Change {
    /// The increase of a counter.
    Counter(u64),
    /// The increase of a counter of floating-point numbers.
    FloatCounter(f64),
    /// The increase of a gauge. Negative if it fell.
    Gauge(i64),
    /// The increase of a gauge of floating-point numbers. Negative if it fell.
    FloatGauge(f64),
    /// The new observations of a histogram or a summary.
    Observations(HistogramChange),
    /// The increase of a number of unknown type. Negative if it fell.
    Untyped(f64),
}

/// The new observations of a histogram or a summary.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HistogramChange {
    count: u64,
    sum: f64,
    buckets: Vec<(f64, u64)>,
}

impl HistogramChange {
    /// Returns the number of observations.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Returns the sum of the observations. Durations are in seconds.
    #[must_use]
    pub fn sum(&self) -> f64 {
        self.sum
    }

    /// Returns the number of observations up to and including this bound, as the bucket with this `le` counts
    /// them, or `None` if the histogram has no such bound.
    #[must_use]
    pub fn bucket(&self, le: f64) -> Option<u64> {
        self.buckets.iter().find(|(bound, _)| *bound == le).map(|(_, count)| *count)
    }

    /// Returns the bounds of the buckets up to `+Inf`. Each has the number of observations up to and including
    /// it. Empty for a summary.
    #[must_use]
    pub fn buckets(&self) -> &[(f64, u64)] {
        &self.buckets
    }
}

impl fmt::Display for HistogramChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} observations, sum {}", self.count, self.sum)
    }
}

impl Change {
    /// Returns the change from one value to the other. Without a value before, the series was not there.
    pub(super) fn between(before: Option<SeriesValue<'_>>, after: SeriesValue<'_>) -> Self {
        match (after, before) {
            (SeriesValue::Counter(after), before) => {
                let before = match before {
                    Some(SeriesValue::Counter(before)) if before <= after => before,
                    _ => 0,
                };
                Self::Counter(after - before)
            }
            (SeriesValue::FloatCounter(after), before) => {
                let before = match before {
                    Some(SeriesValue::FloatCounter(before)) if before <= after => before,
                    _ => 0.0,
                };
                Self::FloatCounter(after - before)
            }
            (SeriesValue::Gauge(after), Some(SeriesValue::Gauge(before))) => {
                Self::Gauge(after.saturating_sub(before))
            }
            (SeriesValue::Gauge(after), _) => Self::Gauge(after),
            (SeriesValue::FloatGauge(after), Some(SeriesValue::FloatGauge(before))) => {
                Self::FloatGauge(moved(before, after))
            }
            (SeriesValue::FloatGauge(after), _) => Self::FloatGauge(after),
            (SeriesValue::Untyped(after), Some(SeriesValue::Untyped(before))) => {
                Self::Untyped(moved(before, after))
            }
            (SeriesValue::Untyped(after), _) => Self::Untyped(after),
            (SeriesValue::Histogram(after), before) => {
                let before = match before {
                    Some(SeriesValue::Histogram(before)) if before.count() <= after.count() => {
                        Some(before)
                    }
                    _ => None,
                };
                Self::Observations(histogram(before, after))
            }
            (SeriesValue::Summary(after), before) => {
                let before = match before {
                    Some(SeriesValue::Summary(before)) if before.count() <= after.count() => {
                        Some(before)
                    }
                    _ => None,
                };
                Self::Observations(summary(before, after))
            }
        }
    }

    pub(super) fn is_none(&self) -> bool {
        match self {
            Self::Counter(n) => *n == 0,
            Self::Gauge(n) => *n == 0,
            Self::FloatCounter(n) | Self::FloatGauge(n) | Self::Untyped(n) => *n == 0.0,
            Self::Observations(observed) => observed.count == 0,
        }
    }

    /// Returns the change as a number. For a histogram or a summary, this is the number of observations.
    #[must_use]
    pub fn as_f64(&self) -> f64 {
        match self {
            Self::Counter(n) => *n as f64,
            Self::Gauge(n) => *n as f64,
            Self::FloatCounter(n) | Self::FloatGauge(n) | Self::Untyped(n) => *n,
            Self::Observations(observed) => observed.count as f64,
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Counter(n) => n.fmt(f),
            Self::Gauge(n) => n.fmt(f),
            Self::FloatCounter(n) | Self::FloatGauge(n) | Self::Untyped(n) => n.fmt(f),
            Self::Observations(observed) => observed.fmt(f),
        }
    }
}

/// A gauge that is NaN before and after has not moved.
fn moved(before: f64, after: f64) -> f64 {
    let is_same = before == after || (before.is_nan() && after.is_nan());
    if is_same { 0.0 } else { after - before }
}

fn histogram(
    before: Option<HistogramSnapshot<'_>>,
    after: HistogramSnapshot<'_>,
) -> HistogramChange {
    let sum_before = before.map_or(0.0, HistogramSnapshot::sum);
    // The nanoseconds are exact, so their difference is the exact sum of the observations.
    let sum = match (after.sum_nanos(), before.map_or(Some(0), HistogramSnapshot::sum_nanos)) {
        (Some(after), Some(before)) => seconds(after.saturating_sub(before)),
        _ => after.sum() - sum_before,
    };
    let before_of = |bound: f64| {
        let mut buckets = before.into_iter().flat_map(HistogramSnapshot::buckets);
        buckets.find(|(other, _)| *other == bound).map_or(0, |(_, count)| count)
    };
    let buckets =
        after.buckets().map(|(bound, count)| (bound, count.saturating_sub(before_of(bound))));
    let count = after.count() - before.map_or(0, HistogramSnapshot::count);
    HistogramChange { count, sum, buckets: buckets.collect() }
}

fn summary(before: Option<SummarySnapshot<'_>>, after: SummarySnapshot<'_>) -> HistogramChange {
    let count = after.count() - before.map_or(0, SummarySnapshot::count);
    let sum = after.sum() - before.map_or(0.0, SummarySnapshot::sum);
    HistogramChange { count, sum, buckets: Vec::new() }
}
