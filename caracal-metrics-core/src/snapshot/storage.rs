//! Compact storage for the series of a family: the texts and numbers of all series are in a few vectors.

use std::ops::Range;
use std::time::Duration;

use crate::series::NativeCounts;

/// The value of a counter, a gauge, or a series of unknown type.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Number {
    Counter(u64),
    FloatCounter(f64),
    Gauge(i64),
    FloatGauge(f64),
    Untyped(f64),
}

/// The sum of the observations of a histogram or a summary.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Sum {
    Nanos(u128),
    Float(f64),
}

/// A histogram or a summary.
#[derive(Clone, Debug)]
pub(crate) struct Bucketed {
    /// The range of its bounds, or of the quantiles of a summary.
    pub(super) bounds: Range<usize>,
    /// The index of the first of its cumulative counts, one for each bound, or of the values of a summary.
    pub(super) steps: usize,
    pub(super) count: u64,
    pub(super) sum: Sum,
    /// Its native buckets, if it has some.
    pub(super) native: Option<Native>,
}

/// The native buckets of a histogram.
#[derive(Clone, Debug)]
pub(super) struct Native {
    pub(super) schema: i32,
    pub(super) zero: u64,
    /// The range of the buckets of negative numbers in [`Family::native`]. The buckets of positive numbers
    /// start where they end.
    pub(super) negative: Range<usize>,
    pub(super) positive_end: usize,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Stored {
    Number(Number),
    /// An index into [`Family::bucketed`].
    Histogram(usize),
    /// An index into [`Family::bucketed`].
    Summary(usize),
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Label {
    /// An index into [`Family::names`].
    pub(super) name: usize,
    /// The start of the value in [`Family::text`].
    pub(super) start: usize,
    pub(super) len: usize,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Series {
    /// The end of its labels in [`Family::labels`]. They start at the end of the labels of the previous series.
    pub(super) labels_end: usize,
    pub(super) value: Stored,
}

/// The exemplar of one bucket.
#[derive(Clone, Debug)]
pub(super) struct Example {
    /// An index into [`Family::bucketed`].
    pub(super) histogram: usize,
    pub(super) bucket: usize,
    pub(super) labels: Vec<(String, String)>,
    pub(super) value: f64,
    pub(super) since_epoch: Duration,
}

/// All series of a family.
#[derive(Clone, Debug, Default)]
pub(crate) struct Family {
    pub(super) names: Vec<String>,
    pub(super) text: String,
    pub(super) labels: Vec<Label>,
    pub(super) series: Vec<Series>,
    pub(super) bounds: Vec<f64>,
    /// The cumulative counts of histograms, without those of `+Inf`.
    pub(super) counts: Vec<u64>,
    /// The index and the count of each native bucket.
    pub(super) native: Vec<(i32, u64)>,
    /// The values of the quantiles of summaries.
    pub(super) quantiles: Vec<f64>,
    pub(super) bucketed: Vec<Bucketed>,
    /// Sorted by histogram and bucket.
    pub(super) examples: Vec<Example>,
}

impl Family {
    /// Reserves space for this number of series with this number of bounds each.
    pub(crate) fn reserve(&mut self, series: usize, bounds: usize) {
        self.series.reserve(series);
        if bounds > 0 {
            self.bucketed.reserve(series);
            self.counts.reserve(series * bounds);
        }
    }

    /// Adds a series with the labels that were added last.
    #[inline]
    pub(crate) fn push_number(&mut self, value: Number) {
        self.push(Stored::Number(value));
    }

    /// Adds a histogram with the labels that were added last. `counts` are cumulative, without the count of
    /// `+Inf`.
    pub(crate) fn push_histogram(
        &mut self,
        bounds: &[f64],
        counts: impl Iterator<Item = u64>,
        count: u64,
        sum: Sum,
    ) {
        let (bounds, steps) = (self.share_bounds(bounds), self.counts.len());
        self.counts.extend(counts);
        let place = self.bucketed.len();
        self.bucketed.push(Bucketed { bounds, steps, count, sum, native: None });
        self.push(Stored::Histogram(place));
    }

    /// Adds native buckets to the histogram that was added last.
    pub(crate) fn push_native(&mut self, counts: &NativeCounts) {
        let Some(histogram) = self.bucketed.last_mut() else { return };
        let start = self.native.len();
        self.native.extend_from_slice(&counts.negative);
        let negative = start..self.native.len();
        self.native.extend_from_slice(&counts.positive);
        let (schema, zero, positive_end) = (counts.schema, counts.zero, self.native.len());
        histogram.native = Some(Native { schema, zero, negative, positive_end });
    }

    /// Adds a summary with the labels that were added last.
    pub(crate) fn push_summary(&mut self, quantiles: &[(f64, f64)], count: u64, sum: f64) {
        let bounds: Vec<_> = quantiles.iter().map(|(quantile, _)| *quantile).collect();
        let (bounds, steps) = (self.share_bounds(&bounds), self.quantiles.len());
        self.quantiles.extend(quantiles.iter().map(|(_, value)| *value));
        let place = self.bucketed.len();
        let sum = Sum::Float(sum);
        self.bucketed.push(Bucketed { bounds, steps, count, sum, native: None });
        self.push(Stored::Summary(place));
    }

    /// Adds an exemplar of a bucket of the histogram that was added last.
    pub(crate) fn push_exemplar(
        &mut self,
        bucket: usize,
        labels: Vec<(String, String)>,
        value: f64,
        since_epoch: Duration,
    ) {
        let histogram = self.bucketed.len().saturating_sub(1);
        self.examples.push(Example { histogram, bucket, labels, value, since_epoch });
    }

    #[inline]
    fn push(&mut self, value: Stored) {
        self.series.push(Series { labels_end: self.labels.len(), value });
    }

    /// Adds the labels of the next series.
    pub(crate) fn push_labels(
        &mut self,
        labels: impl Iterator<Item = (impl AsRef<str>, impl AsRef<str>)>,
    ) {
        let before = self.labels_of(self.series.len().wrapping_sub(1));
        for (place, (name, value)) in labels.enumerate() {
            let (name, value) = (name.as_ref(), value.as_ref());
            let last =
                self.labels.get(before.clone()).and_then(|labels| labels.get(place)).copied();
            let name = match last {
                Some(last) if self.names[last.name] == name => last.name,
                _ => self.name(name),
            };
            let label = match last {
                // Most values are the same as those of the previous series.
                Some(last) if self.text_of(last) == value => Label { name, ..last },
                _ => {
                    let start = self.text.len();
                    self.text.push_str(value);
                    Label { name, start, len: value.len() }
                }
            };
            self.labels.push(label);
        }
    }

    /// Adds the labels of the next series. They are those of the last series, except for the value of the label
    /// at this place.
    #[inline]
    pub(crate) fn push_labels_but(&mut self, place: usize, value: &str) {
        let before = self.labels_of(self.series.len().wrapping_sub(1));
        let (labels, start) = (self.labels.len(), self.text.len());
        self.labels.extend_from_within(before);
        self.text.push_str(value);
        if let Some(label) = self.labels.get_mut(labels + place) {
            *label = Label { start, len: value.len(), ..*label };
        }
    }

    fn name(&mut self, name: &str) -> usize {
        self.names.iter().position(|known| known == name).unwrap_or_else(|| {
            self.names.push(name.to_owned());
            self.names.len() - 1
        })
    }

    /// Returns the range of these bounds. If they are the same as the last ones, this is their range.
    fn share_bounds(&mut self, bounds: &[f64]) -> Range<usize> {
        let start = self.bounds.len().saturating_sub(bounds.len());
        if self.bounds[start..] == *bounds {
            return start..self.bounds.len();
        }
        let start = self.bounds.len();
        self.bounds.extend_from_slice(bounds);
        start..self.bounds.len()
    }

    /// Returns the range of the labels of a series, or an empty range if there is no such series.
    pub(super) fn labels_of(&self, series: usize) -> Range<usize> {
        let end = |place: usize| self.series.get(place).map(|series| series.labels_end);
        let start = series.checked_sub(1).and_then(end).unwrap_or(0);
        start..end(series).unwrap_or(start)
    }

    pub(super) fn text_of(&self, label: Label) -> &str {
        &self.text[label.start..label.start + label.len]
    }
}
