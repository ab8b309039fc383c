//! Writes one family into a document: its description, its totals, and its largest series.

use caracal_metrics_core::snapshot::{
    FamilySnapshot, HistogramSnapshot, SeriesSnapshot, SeriesValue,
};

use super::groups::Groups;
use super::json::Json;
use super::largest::from_largest;
use super::native;

/// The maximum number of series of a family. They are those with the largest values.
const SERIES: usize = 20;
/// The number of series that are written with their buckets.
const WITH_BUCKETS: usize = 8;
/// The maximum length of a help text, in characters. Longer texts are cut off.
const HELP: usize = 600;

/// Which parts of a family are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Detail {
    /// Includes the largest series, and the sums by label value.
    Whole,
    /// Only what a list of families shows.
    Totals,
}

pub(super) fn write_family(family: &FamilySnapshot, detail: Detail, json: &mut Json) {
    json.object(|json| {
        let mut series: Vec<_> = family.series().collect();
        json.key("name").string(family.name());
        json.key("type").string(family.kind().as_str());
        let help: String = family.help().chars().take(HELP).collect();
        json.key("help").string(&help);
        if let Some(unit) = family.unit() {
            json.key("unit").string(unit);
        }
        if family.is_foreign() {
            json.key("foreign").integer(1);
        }
        json.key("count").integer(series.len() as u64);
        write_total(&series, json);
        if detail == Detail::Totals {
            return;
        }
        Groups::of(&series).write(json.key("labels"));
        from_largest(&mut series, 0, SERIES);
        json.key("series").array(|json| {
            for (place, series) in series.iter().enumerate() {
                write_series(*series, place < WITH_BUCKETS, json);
            }
        });
    });
}

/// Writes the totals of a family. A family without series has none.
fn write_total(series: &[SeriesSnapshot<'_>], json: &mut Json) {
    let Some(first) = series.first() else { return };
    let SeriesValue::Histogram(first) = first.value() else {
        let sum: f64 = series.iter().map(|series| series.value().as_f64()).sum();
        json.key("total").float(sum);
        return;
    };
    let histograms = series.iter().filter_map(|series| match series.value() {
        SeriesValue::Histogram(histogram) => Some(histogram),
        _ => None,
    });
    let mut counts = vec![0; first.bounds().len()];
    let (mut count, mut sum, mut alike) = (0, 0.0, true);
    for histogram in histograms.clone() {
        count += histogram.count();
        sum += histogram.sum();
        alike &= histogram.bounds() == first.bounds();
        for (total, own) in counts.iter_mut().zip(histogram.cumulative_counts()) {
            *total += own;
        }
    }
    json.key("total").integer(count);
    json.key("sum").float(sum);
    // In the user's registry, the histograms of a family may have different bounds.
    if alike {
        json.key("bounds").array(|json| first.bounds().iter().for_each(|bound| json.float(*bound)));
        json.key("buckets").array(|json| counts.iter().for_each(|count| json.integer(*count)));
    }
    if let Some(native) = native::total(histograms) {
        native.write(json.key("native"));
    }
}

/// Writes a series as `[{"label": "value"}, value]`, and a histogram or a summary as `[{…}, count, sum,
/// buckets, native]`.
pub(super) fn write_series(series: SeriesSnapshot<'_>, with_buckets: bool, json: &mut Json) {
    json.array(|json| {
        json.object(|json| series.labels().for_each(|(name, value)| json.key(name).string(value)));
        match series.value() {
            SeriesValue::Counter(value) => json.integer(value),
            SeriesValue::Gauge(value) => json.integer(value),
            SeriesValue::Histogram(histogram) => write_histogram(histogram, with_buckets, json),
            SeriesValue::Summary(summary) => {
                json.integer(summary.count());
                json.float(summary.sum());
            }
            other => json.float(other.as_f64()),
        }
    });
}

fn write_histogram(histogram: HistogramSnapshot<'_>, with_buckets: bool, json: &mut Json) {
    json.integer(histogram.count());
    json.float(histogram.sum());
    if with_buckets {
        let counts = histogram.cumulative_counts();
        json.array(|json| counts.iter().for_each(|count| json.integer(*count)));
        if let Some(native) = native::total([histogram].into_iter()) {
            native.write(json);
        }
    }
}
