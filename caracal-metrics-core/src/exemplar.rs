//! Exemplars: for a bucket, one request that fell into it.

use std::sync::Arc;

use crate::error::InvalidExemplar;
use crate::text::is_label_name;

/// What OpenMetrics 1.0 lets the names and values of an exemplar's labels have together.
const MOST_CHARACTERS: usize = 128;

/// Labels that lead from a bucket of a histogram to one of the events in it, such as the id of a
/// trace.
///
/// The page shows at most one for each bucket, the latest, and only in OpenMetrics and protobuf:
/// text 0.0.4 has none.
///
/// ```
/// use std::time::Duration;
/// use caracal_metrics_core::{Exemplar, Format, MetricsRegistry};
///
/// let metrics = MetricsRegistry::new();
/// let trace = Exemplar::new(&[("trace_id", "4bf92f3577b34da6a3ce929d0e0e4736")])?;
/// metrics.record_gateway_request_with_exemplar("GET", 200, "jwt", Duration::from_millis(67), &trace);
///
/// let mut page = Vec::new();
/// metrics.encode(Format::OpenMetrics, &mut page);
/// let page = String::from_utf8(page).unwrap();
/// assert!(page.contains(r#"le="0.075"} 1 # {trace_id="4bf92f3577b34da6a3ce929d0e0e4736"} 0.067 "#));
/// # Ok::<(), caracal_metrics_core::InvalidExemplar>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exemplar {
    pub(crate) labels: Arc<[(Box<str>, Box<str>)]>,
}

impl Exemplar {
    /// An exemplar with these labels.
    ///
    /// # Errors
    ///
    /// When a name is no label name or stands twice, or names and values together are longer than
    /// the 128 characters that OpenMetrics allows.
    pub fn new(labels: &[(&str, &str)]) -> Result<Self, InvalidExemplar> {
        let mut characters = 0;
        for (index, (name, value)) in labels.iter().enumerate() {
            if !is_label_name(name) {
                return Err(InvalidExemplar::LabelName { name: (*name).to_owned() });
            }
            if labels[..index].iter().any(|(other, _)| other == name) {
                return Err(InvalidExemplar::DuplicateLabelName { name: (*name).to_owned() });
            }
            characters += name.len() + value.chars().count();
        }
        if characters > MOST_CHARACTERS {
            return Err(InvalidExemplar::TooLong { characters });
        }
        let owned = labels.iter().map(|(name, value)| ((*name).into(), (*value).into()));
        Ok(Self { labels: owned.collect() })
    }
}
