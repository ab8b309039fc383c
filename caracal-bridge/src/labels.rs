//! From labels of the facade to those of a series.

use std::borrow::Cow;

use caracal_metrics_core::FamilyError;
use caracal_metrics_core::adapter::RuntimeMetric;
use metrics::Key;

use crate::instrument::Instrument;
use crate::names::sanitized_label;

/// What Prometheus puts before the name of a label that a target has and the server needs for itself.
const EXPORTED: &str = "exported_";

/// The handle of the series of these labels. One that has a name which the page needs itself, that of a
/// constant label or `le`, has `exported_` before its name.
pub(crate) fn series<I: Instrument>(
    metric: &RuntimeMetric<I>,
    key: &Key,
) -> Result<I, FamilyError> {
    let mut labels: Vec<(Cow<'_, str>, &str)> = Vec::with_capacity(key.labels().len());
    let given = key.labels().as_slice();
    for (place, label) in given.iter().enumerate() {
        // Of two labels of one name, the last one counts.
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
