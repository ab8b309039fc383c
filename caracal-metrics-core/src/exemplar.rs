//! Exemplars: an example of a request for each bucket.

use std::io::Write as _;
use std::sync::Arc;

use crate::error::InvalidExemplar;
use crate::text::is_label_name;

/// The maximum length of all names and values of the labels of an exemplar together, in OpenMetrics 1.0.
const MOST_CHARACTERS: usize = 128;

/// The label with the id of a trace. Prometheus and Grafana expect this name.
const TRACE_ID: &str = "trace_id";

/// The number of hexadecimal digits of the id of a trace.
const DIGITS: usize = 32;

/// Labels that lead from a bucket of a histogram to one of the events in it, such as the id of a
/// trace.
///
/// A page shows at most one exemplar per bucket, and only in OpenMetrics and protobuf. The text format 0.0.4
/// has no exemplars. A bucket keeps its exemplar until a page has shown it. After that, the next exemplar
/// replaces it. Until then, every page shows the old one. If a bucket gets thousands of exemplars between two
/// pages, it keeps the first one, and the others cost almost nothing. A bucket has one exemplar for all threads
/// together. If another thread or a page is using the same bucket, a thread drops its exemplar instead of
/// waiting.
///
/// ```
/// # extern crate caracal_metrics_core as caracal_metrics;
/// use std::time::Duration;
/// use caracal_metrics::{Exemplar, Format, MetricsRegistry};
///
/// let metrics = MetricsRegistry::new();
/// let trace = Exemplar::trace(0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736);
/// metrics.record_gateway_request_with_exemplar("GET", 200, "jwt", Duration::from_millis(67), &trace);
///
/// let mut page = Vec::new();
/// metrics.encode(Format::OpenMetrics, &mut page);
/// let page = String::from_utf8(page).unwrap();
/// assert!(page.contains(r#"le="0.075"} 1 # {trace_id="4bf92f3577b34da6a3ce929d0e0e4736"} 0.067 "#));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exemplar(Labels);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Labels {
    /// The high and the low half. A `u128` would increase the alignment, and therefore the size, of every type
    /// that contains it.
    Trace([u64; 2]),
    /// All other labels. A lone trace id is never stored here, so that equal exemplars compare as equal.
    Other(Arc<[(Box<str>, Box<str>)]>),
}

impl Exemplar {
    /// Returns an exemplar with the label `trace_id`. Its value is the id in 32 lower-case hexadecimal digits.
    /// Neither creating it nor recording with it allocates.
    ///
    /// Only use traces that your tracing backend keeps (the sampled ones). A link to any other trace leads
    /// nowhere.
    #[must_use]
    pub const fn trace(id: u128) -> Self {
        Self(Labels::Trace([(id >> 64) as u64, id as u64]))
    }

    /// Returns the id of the trace, if that is the only label of the exemplar.
    ///
    /// ```
    /// # extern crate caracal_metrics_core as caracal_metrics;
    /// use caracal_metrics::Exemplar;
    ///
    /// assert_eq!(Exemplar::trace(0x2a).trace_id(), Some(0x2a));
    /// assert_eq!(Exemplar::new(&[("order", "4711")])?.trace_id(), None);
    /// # Ok::<(), caracal_metrics::InvalidExemplar>(())
    /// ```
    #[must_use]
    pub fn trace_id(&self) -> Option<u128> {
        match self.0 {
            Labels::Trace([high, low]) => Some(u128::from(high) << 64 | u128::from(low)),
            Labels::Other(_) => None,
        }
    }

    /// Returns an exemplar with these labels.
    ///
    /// ```
    /// # extern crate caracal_metrics_core as caracal_metrics;
    /// use caracal_metrics::Exemplar;
    ///
    /// let trace = Exemplar::new(&[("trace_id", "4bf92f3577b34da6a3ce929d0e0e4736")])?;
    /// assert_eq!(trace, Exemplar::trace(0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736));
    /// let order = Exemplar::new(&[("order", "4711"), ("tenant", "acme")])?;
    /// # assert_ne!(trace, order);
    /// # Ok::<(), caracal_metrics::InvalidExemplar>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Returns an error if a name is not a valid label name or is given twice, or if the names and values
    /// together are longer than the 128 characters that OpenMetrics allows.
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
        if let [(TRACE_ID, digits)] = labels
            && let Some(id) = trace_id(digits)
        {
            return Ok(Self::trace(id));
        }
        let owned = labels.iter().map(|(name, value)| ((*name).into(), (*value).into()));
        Ok(Self(Labels::Other(owned.collect())))
    }

    /// Returns the labels as a page shows them.
    pub(crate) fn written(&self) -> WrittenLabels {
        match &self.0 {
            Labels::Trace([high, low]) => {
                let mut digits = [b'0'; DIGITS];
                // The buffer has exactly as many bytes as there are digits.
                let _ = write!(&mut digits[..], "{high:016x}{low:016x}");
                WrittenLabels::Trace(digits)
            }
            Labels::Other(labels) => WrittenLabels::Other(Arc::clone(labels)),
        }
    }
}

/// Returns the id with these digits, if a page would write the id with the same digits.
fn trace_id(digits: &str) -> Option<u128> {
    let is_digit = |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    let is_id = digits.len() == DIGITS && digits.bytes().all(is_digit);
    is_id.then(|| u128::from_str_radix(digits, 16).ok()).flatten()
}

/// The labels of an exemplar, as text.
#[derive(Debug)]
pub(crate) enum WrittenLabels {
    Trace([u8; DIGITS]),
    Other(Arc<[(Box<str>, Box<str>)]>),
}

impl WrittenLabels {
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let (trace, other) = match self {
            Self::Trace(digits) => (str::from_utf8(digits).ok(), &[][..]),
            Self::Other(labels) => (None, &**labels),
        };
        let other = other.iter().map(|(name, value)| (&**name, &**value));
        trace.map(|digits| (TRACE_ID, digits)).into_iter().chain(other)
    }
}
