//! One series of a snapshot.

use std::fmt;
use std::time::Duration;

use super::native::NativeSnapshot;
use super::storage::{Bucketed, Example, Family, Number, Stored, Sum};
use crate::text::seconds;

/// A series: its labels and its value.
#[derive(Clone, Copy)]
pub struct SeriesSnapshot<'a> {
    family: &'a Family,
    place: usize,
}

impl fmt::Debug for SeriesSnapshot<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let labels: Vec<_> = self.labels().collect();
        f.debug_struct("SeriesSnapshot")
            .field("labels", &labels)
            .field("value", &self.value())
            .finish()
    }
}

impl<'a> SeriesSnapshot<'a> {
    pub(super) fn at(family: &'a Family, place: usize) -> Self {
        Self { family, place }
    }

    /// Returns the names and values of the labels in the order of the page, including constant ones.
    #[must_use]
    pub fn labels(&self) -> impl ExactSizeIterator<Item = (&'a str, &'a str)> + Clone + use<'a> {
        let family = self.family;
        let labels = &family.labels[family.labels_of(self.place)];
        labels.iter().map(|label| (family.names[label.name].as_str(), family.text_of(*label)))
    }

    /// Returns the value of the label with this name.
    #[must_use]
    pub fn label(&self, name: &str) -> Option<&'a str> {
        self.labels().find(|(label, _)| *label == name).map(|(_, value)| value)
    }

    /// Returns the value.
    #[must_use]
    pub fn value(&self) -> SeriesValue<'a> {
        match self.family.series[self.place].value {
            Stored::Number(Number::Counter(value)) => SeriesValue::Counter(value),
            Stored::Number(Number::FloatCounter(value)) => SeriesValue::FloatCounter(value),
            Stored::Number(Number::Gauge(value)) => SeriesValue::Gauge(value),
            Stored::Number(Number::FloatGauge(value)) => SeriesValue::FloatGauge(value),
            Stored::Number(Number::Untyped(value)) => SeriesValue::Untyped(value),
            Stored::Histogram(place) => {
                SeriesValue::Histogram(HistogramSnapshot { family: self.family, place })
            }
            Stored::Summary(place) => {
                SeriesValue::Summary(SummarySnapshot { family: self.family, place })
            }
        }
    }
}

/// The value of a series.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum SeriesValue<'a> {
    /// A sum of integers that only grows.
    Counter(u64),
    /// A sum of floating-point numbers that only grows. All foreign counters are of this type.
    FloatCounter(f64),
    /// An integer that goes up and down.
    Gauge(i64),
    /// A floating-point number that goes up and down. All foreign gauges are of this type.
    FloatGauge(f64),
    /// Observations in buckets.
    Histogram(HistogramSnapshot<'a>),
    /// Observations with quantiles.
    Summary(SummarySnapshot<'a>),
    /// A number of unknown type.
    Untyped(f64),
}

impl SeriesValue<'_> {
    /// Returns the value as a number. For a histogram or a summary, this is the number of observations.
    #[must_use]
    pub fn as_f64(self) -> f64 {
        match self {
            Self::Counter(value) => value as f64,
            Self::Gauge(value) => value as f64,
            Self::FloatCounter(value) | Self::FloatGauge(value) | Self::Untyped(value) => value,
            Self::Histogram(histogram) => histogram.count() as f64,
            Self::Summary(summary) => summary.count() as f64,
        }
    }
}

/// The value of a histogram. Durations are in seconds.
#[derive(Clone, Copy)]
pub struct HistogramSnapshot<'a> {
    family: &'a Family,
    place: usize,
}

impl<'a> HistogramSnapshot<'a> {
    fn inner(self) -> &'a Bucketed {
        &self.family.bucketed[self.place]
    }

    /// Returns the number of observations.
    #[must_use]
    pub fn count(self) -> u64 {
        self.inner().count
    }

    /// Returns the sum of the observations.
    #[must_use]
    pub fn sum(self) -> f64 {
        match self.inner().sum {
            Sum::Nanos(nanos) => seconds(nanos),
            Sum::Float(sum) => sum,
        }
    }

    /// Returns the sum of the durations of one of Caracal's histograms, in nanoseconds. It is exact, whereas
    /// [`sum`](Self::sum) is rounded for large numbers.
    #[must_use]
    pub fn sum_nanos(self) -> Option<u128> {
        match self.inner().sum {
            Sum::Nanos(nanos) => Some(nanos),
            Sum::Float(_) => None,
        }
    }

    /// Returns the upper bounds of the buckets, in ascending order, without `+Inf`.
    #[must_use]
    pub fn bounds(self) -> &'a [f64] {
        &self.family.bounds[self.inner().bounds.clone()]
    }

    /// Returns the number of observations up to and including each of the [`bounds`](Self::bounds).
    #[must_use]
    pub fn cumulative_counts(self) -> &'a [u64] {
        let start = self.inner().steps;
        &self.family.counts[start..start + self.inner().bounds.len()]
    }

    /// Returns the bounds up to `+Inf`. Each has the number of observations up to and including it.
    pub fn buckets(self) -> impl Iterator<Item = (f64, u64)> + Clone + use<'a> {
        let counts = self.cumulative_counts().iter().copied();
        let last = (f64::INFINITY, self.count());
        self.bounds().iter().copied().zip(counts).chain([last])
    }

    /// Returns the native buckets. Returns `None` if the family has no
    /// [native histograms](crate::MetricsRegistryBuilder::native_histograms), or if not all observations of
    /// this series are in native buckets.
    #[must_use]
    pub fn native(self) -> Option<NativeSnapshot<'a>> {
        Some(NativeSnapshot::of(&self.family.native, self.inner().native.as_ref()?))
    }

    /// Returns the exemplars, sorted by bucket.
    pub fn exemplars(self) -> impl Iterator<Item = ExemplarSnapshot<'a>> + use<'a> {
        let examples = &self.family.examples;
        let start = examples.partition_point(|example| example.histogram < self.place);
        let own = examples[start..].iter().take_while(move |e| e.histogram == self.place);
        own.map(|example| ExemplarSnapshot { example })
    }
}

impl PartialEq for HistogramSnapshot<'_> {
    /// Compares the numbers. Exemplars are not compared.
    fn eq(&self, other: &Self) -> bool {
        self.count() == other.count()
            && self.sum() == other.sum()
            && self.bounds() == other.bounds()
            && self.cumulative_counts() == other.cumulative_counts()
    }
}

impl fmt::Debug for HistogramSnapshot<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HistogramSnapshot")
            .field("count", &self.count())
            .field("sum", &self.sum())
            .field("bounds", &self.bounds())
            .field("cumulative_counts", &self.cumulative_counts())
            .finish_non_exhaustive()
    }
}

/// The value of a summary.
#[derive(Clone, Copy)]
pub struct SummarySnapshot<'a> {
    family: &'a Family,
    place: usize,
}

impl<'a> SummarySnapshot<'a> {
    fn inner(self) -> &'a Bucketed {
        &self.family.bucketed[self.place]
    }

    /// Returns the number of observations.
    #[must_use]
    pub fn count(self) -> u64 {
        self.inner().count
    }

    /// Returns the sum of the observations.
    #[must_use]
    pub fn sum(self) -> f64 {
        match self.inner().sum {
            Sum::Nanos(nanos) => seconds(nanos),
            Sum::Float(sum) => sum,
        }
    }

    /// Returns the quantiles, each from 0 to 1, and their values.
    pub fn quantiles(self) -> impl Iterator<Item = (f64, f64)> + Clone + use<'a> {
        let bounds = &self.family.bounds[self.inner().bounds.clone()];
        let values = &self.family.quantiles[self.inner().steps..];
        bounds.iter().copied().zip(values.iter().copied())
    }
}

impl PartialEq for SummarySnapshot<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.count() == other.count()
            && self.sum() == other.sum()
            && self.quantiles().eq(other.quantiles())
    }
}

impl fmt::Debug for SummarySnapshot<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quantiles: Vec<_> = self.quantiles().collect();
        f.debug_struct("SummarySnapshot")
            .field("count", &self.count())
            .field("sum", &self.sum())
            .field("quantiles", &quantiles)
            .finish()
    }
}

/// The exemplar of one bucket.
#[derive(Clone, Copy)]
pub struct ExemplarSnapshot<'a> {
    example: &'a Example,
}

impl<'a> ExemplarSnapshot<'a> {
    /// Returns the index of its bucket. The bucket `+Inf` is the last one.
    #[must_use]
    pub fn bucket(self) -> usize {
        self.example.bucket
    }

    /// Returns the names and values of its labels, such as `trace_id`.
    #[must_use]
    pub fn labels(self) -> impl ExactSizeIterator<Item = (&'a str, &'a str)> + use<'a> {
        self.example.labels.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Returns the observed value. Durations are in seconds.
    #[must_use]
    pub fn value(self) -> f64 {
        self.example.value
    }

    /// Returns the time at which it was recorded, since 1970.
    #[must_use]
    pub fn since_epoch(self) -> Duration {
        self.example.since_epoch
    }
}

impl fmt::Debug for ExemplarSnapshot<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExemplarSnapshot")
            .field("bucket", &self.bucket())
            .field("labels", &self.example.labels)
            .field("value", &self.value())
            .field("since_epoch", &self.since_epoch())
            .finish()
    }
}
