//! How a family of a snapshot keeps many series: texts and numbers of all series in a few vectors.

use std::ops::Range;
use std::time::Duration;

/// The value of a counter, a gauge, or a series of no type.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Number {
    Counter(u64),
    FloatCounter(f64),
    Gauge(i64),
    FloatGauge(f64),
    Untyped(f64),
}

/// What a histogram's or a summary's observations add up to.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Sum {
    Nanos(u128),
    Float(f64),
}

/// A histogram, or a summary.
#[derive(Clone, Debug)]
pub(crate) struct Bucketed {
    /// Where its bounds are: of a summary its quantiles.
    pub(super) bounds: Range<usize>,
    /// Where its cumulative counts begin, one for each bound; of a summary its values.
    pub(super) steps: usize,
    pub(super) count: u64,
    pub(super) sum: Sum,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Stored {
    Number(Number),
    /// A place in [`Family::bucketed`].
    Histogram(usize),
    /// A place in [`Family::bucketed`].
    Summary(usize),
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Label {
    /// A place in [`Family::names`].
    pub(super) name: usize,
    /// Where the value is in [`Family::text`].
    pub(super) start: usize,
    pub(super) len: usize,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Series {
    /// Where its labels end in [`Family::labels`]. They begin where those of the series before end.
    pub(super) labels_end: usize,
    pub(super) value: Stored,
}

/// An exemplar of one bucket.
#[derive(Clone, Debug)]
pub(super) struct Example {
    /// A place in [`Family::bucketed`].
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
    /// Cumulative counts of histograms, without those of `+Inf`.
    pub(super) counts: Vec<u64>,
    /// Values of the quantiles of summaries.
    pub(super) quantiles: Vec<f64>,
    pub(super) bucketed: Vec<Bucketed>,
    /// Sorted by histogram and bucket.
    pub(super) examples: Vec<Example>,
}

impl Family {
    /// Makes room for so many series with so many bounds each.
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

    /// Adds a histogram with the labels that were added last. `counts` are cumulative, the one of `+Inf`
    /// excluded.
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
        self.bucketed.push(Bucketed { bounds, steps, count, sum });
        self.push(Stored::Histogram(place));
    }

    /// Adds a summary with the labels that were added last.
    pub(crate) fn push_summary(&mut self, quantiles: &[(f64, f64)], count: u64, sum: f64) {
        let bounds: Vec<_> = quantiles.iter().map(|(quantile, _)| *quantile).collect();
        let (bounds, steps) = (self.share_bounds(&bounds), self.quantiles.len());
        self.quantiles.extend(quantiles.iter().map(|(_, value)| *value));
        let place = self.bucketed.len();
        self.bucketed.push(Bucketed { bounds, steps, count, sum: Sum::Float(sum) });
        self.push(Stored::Summary(place));
    }

    /// Adds an exemplar to a bucket of the histogram that was added last.
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
                // Neighbours have most of their values in common.
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

    /// Adds the labels of the next series: those of the last one, but for the value of the label at this place.
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

    /// Where these bounds are: where the last ones are, if they are the same.
    fn share_bounds(&mut self, bounds: &[f64]) -> Range<usize> {
        let start = self.bounds.len().saturating_sub(bounds.len());
        if self.bounds[start..] == *bounds {
            return start..self.bounds.len();
        }
        let start = self.bounds.len();
        self.bounds.extend_from_slice(bounds);
        start..self.bounds.len()
    }

    /// Where the labels of a series are; nowhere for a series that is not there.
    pub(super) fn labels_of(&self, series: usize) -> Range<usize> {
        let end = |place: usize| self.series.get(place).map(|series| series.labels_end);
        let start = series.checked_sub(1).and_then(end).unwrap_or(0);
        start..end(series).unwrap_or(start)
    }

    pub(super) fn text_of(&self, label: Label) -> &str {
        &self.text[label.start..label.start + label.len]
    }
}
