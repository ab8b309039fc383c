//! The rules of OpenMetrics that a family can break.

use super::{Report, Rule};
use crate::names::base_name;
use crate::snapshot::{FamilyType, SeriesValue};

/// The suffixes that OpenMetrics reserves for samples.
const RESERVED: [&str; 3] = ["_created", "_gcount", "_gsum"];

pub(super) fn check(report: &mut Report<'_>) {
    let family = report.family;
    let name = base_name(family.name(), family.kind().as_str());
    if let Some(unit) = family.unit()
        && !name.strip_suffix(unit).is_some_and(|rest| rest.ends_with('_'))
    {
        let text = format!("the unit is {unit:?}, but the name does not end in it");
        report.add(Rule::UnitSuffix, text, format!("rename it to {name}_{unit}"));
    }
    if let Some(suffix) = RESERVED.iter().find(|suffix| name.ends_with(**suffix)) {
        let text = format!("OpenMetrics reserves the suffix {suffix:?}");
        report.add(Rule::ReservedSuffix, text, format!("rename it without {suffix:?}"));
    }
    let labels = family.series().flat_map(|series| series.labels().map(|(name, _)| name));
    if let Some(label) = labels.clone().find(|label| label.starts_with("__")) {
        let text = format!("the label {label:?} starts with two underscores");
        let remedy = "rename the label: Prometheus drops labels with such names";
        report.add(Rule::ReservedLabel, text, remedy);
    }
    if family.series().any(|series| is_negative(series.value())) {
        let text = match family.kind() {
            FamilyType::Counter => "a counter is negative or NaN",
            _ => "a sum or a quantile of a summary is negative",
        };
        report.add(Rule::NegativeTotal, text, "make it a gauge");
    }
    if family.series().any(|series| are_unsorted(series.value())) {
        let text = match family.kind() {
            FamilyType::Summary => "the quantiles are not sorted or not between 0 and 1",
            _ => "the bounds are not sorted, or the counts decrease from bucket to bucket",
        };
        report.add(Rule::Buckets, text, "collect them in ascending order");
    }
}

fn is_negative(value: SeriesValue<'_>) -> bool {
    match value {
        SeriesValue::FloatCounter(value) => value < 0.0 || value.is_nan(),
        SeriesValue::Summary(summary) => {
            summary.sum() < 0.0 || summary.quantiles().any(|(_, value)| value < 0.0)
        }
        _ => false,
    }
}

fn are_unsorted(value: SeriesValue<'_>) -> bool {
    match value {
        SeriesValue::Histogram(histogram) => {
            let bounds = histogram.buckets().map(|(bound, _)| bound);
            let counts = histogram.buckets().map(|(_, count)| count);
            !bounds.is_sorted_by(|a, b| a < b) || !counts.is_sorted()
        }
        SeriesValue::Summary(summary) => {
            let quantiles = summary.quantiles().map(|(quantile, _)| quantile);
            let are_in_range = quantiles.clone().all(|quantile| (0.0..=1.0).contains(&quantile));
            !are_in_range || !quantiles.is_sorted_by(|a, b| a < b)
        }
        _ => false,
    }
}
