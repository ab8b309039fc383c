//! Assembles the metrics of foreign families from the lines of their samples.

use super::foreign::ForeignFamily;
use super::labels::parse_labels;

/// One series.
pub(super) struct ForeignMetric<'a> {
    /// In the order on the page, without `le` and `quantile`.
    pub(super) labels: Vec<(String, String)>,
    /// In milliseconds since 1970.
    #[cfg(feature = "protobuf")]
    pub(super) timestamp: Option<i64>,
    pub(super) value: ForeignValue<'a>,
}

pub(super) enum ForeignValue<'a> {
    Number(f64),
    Steps(Steps<'a>),
}

/// A histogram or a summary.
#[derive(Default)]
pub(super) struct Steps<'a> {
    /// Bounds with cumulative counts, or quantiles with values. Counts and values are in their written form.
    pub(super) pairs: Vec<(f64, &'a str)>,
    pub(super) sum: f64,
    pub(super) count: u64,
}

impl ForeignFamily {
    /// Calls `take` with one series after the other.
    pub(super) fn for_each_metric<'a>(&'a self, mut take: impl FnMut(ForeignMetric<'a>)) {
        // The lines of one histogram or summary. Its count is the last one.
        let mut parts = Steps::default();
        for sample in self.samples() {
            let Ok(value) = sample.value.parse::<f64>() else { continue };
            let suffix = match self.kind {
                "counter" | "gauge" => None,
                _ => sample.name.strip_prefix(self.name.as_str()),
            };
            let value = match suffix {
                None => ForeignValue::Number(value),
                Some("_sum") => {
                    parts.sum = value;
                    continue;
                }
                Some("_count") => {
                    let count = whole(sample.value);
                    ForeignValue::Steps(Steps { count, ..std::mem::take(&mut parts) })
                }
                Some(_) => {
                    let labels = parse_labels(sample.labels).unwrap_or_default();
                    // `prometheus` writes `le` and `quantile` last.
                    let step = labels.last().and_then(|(_, step)| step.parse().ok());
                    parts.pairs.extend(step.map(|step| (step, sample.value)));
                    continue;
                }
            };
            let labels = parse_labels(sample.labels).unwrap_or_default();
            take(ForeignMetric {
                labels,
                #[cfg(feature = "protobuf")]
                timestamp: sample.timestamp.and_then(|at| at.parse().ok()),
                value,
            });
        }
    }
}

/// Parses a count, which is written as an integer without an exponent. The largest count may have been rounded
/// up.
pub(super) fn whole(text: &str) -> u64 {
    text.parse().unwrap_or(u64::MAX)
}
