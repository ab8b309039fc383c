//! Converts labels of the facade to those of a series.

use std::borrow::Cow;

use caracal_metrics_core::FamilyError;
use caracal_metrics_core::adapter::RuntimeMetric;
use metrics::Key;

use crate::instrument::Instrument;
use crate::names::sanitized_label;

/// The prefix that Prometheus adds to a label of a target if the server needs the name for itself.
const EXPORTED: &str = "exported_";

/// Returns the handle of the series with these labels. If a label has a name that the page needs
/// itself (the name of a constant label, or `le`), its name gets the prefix `exported_`.
pub(crate) fn series<I: Instrument>(
    metric: &RuntimeMetric<I>,
    key: &Key,
) -> Result<I, FamilyError> {
    let mut labels: Vec<(Cow<'_, str>, &str)> = Vec::with_capacity(key.labels().len());
    let given = key.labels().as_slice();
    for (place, label) in given.iter().enumerate() {
        // If two labels have the same name, the last one is used.
        if !given[place + 1..].iter().any(|later| later.key() == label.key()) {
            labels.push((sanitized_label(label.key()), label.value()));
        }
    }
    for _ in 0..labels.len() {
        match of(metric, &labels) {
            Err(
                FamilyError::ConstLabel { label, .. }
                | FamilyError::ReservedLabelName { label, .. },
            ) => {
                let reserved = labels.iter_mut().filter(|(name, _)| *name == label);
                reserved.for_each(|(name, _)| *name = format!("{EXPORTED}{label}").into());
            }
            other => return other,
        }
    }
    of(metric, &labels)
}

fn of<I: Instrument>(
    metric: &RuntimeMetric<I>,
    labels: &[(Cow<'_, str>, &str)],
) -> Result<I, FamilyError> {
    let labels: Vec<_> = labels.iter().map(|(name, value)| (&**name, *value)).collect();
    metric.with(&labels)
}
