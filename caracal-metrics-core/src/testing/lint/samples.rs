//! The rules of promlint for names that are reserved for histograms and summaries.

use super::{Report, Rule};
use crate::snapshot::FamilyType;

pub(super) fn check(report: &mut Report<'_>) {
    let (name, kind) = (report.family.name().to_owned(), report.family.kind());
    if kind == FamilyType::Untyped {
        return;
    }
    let is_histogram = kind == FamilyType::Histogram;
    let is_either = is_histogram || kind == FamilyType::Summary;
    let rename = |suffix: &str| format!("rename it without {suffix:?}");
    if !is_histogram && name.ends_with("_bucket") {
        let text = "non-histogram metrics should not have \"_bucket\" suffix";
        report.add(Rule::Reserved, text, rename("_bucket"));
    }
    for suffix in ["_count", "_sum"] {
        if !is_either && name.ends_with(suffix) {
            let text =
                format!("non-histogram and non-summary metrics should not have {suffix:?} suffix");
            report.add(Rule::Reserved, text, rename(suffix));
        }
    }
    for (label, of, word) in [
        ("le", FamilyType::Histogram, "non-histogram"),
        ("quantile", FamilyType::Summary, "non-summary"),
    ] {
        if kind != of && report.family.series().any(|series| series.label(label).is_some()) {
            let text = format!("{word} metrics should not have {label:?} label");
            report.add(Rule::Reserved, text, format!("give the label {label} another name"));
        }
    }
}
