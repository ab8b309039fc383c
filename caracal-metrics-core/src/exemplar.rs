//! Exemplars: for a bucket, one request that fell into it.

use std::io::Write as _;
use std::sync::Arc;

use crate::error::InvalidExemplar;
use crate::text::is_label_name;

/// What OpenMetrics 1.0 lets the names and values of an exemplar's labels have together.
const MOST_CHARACTERS: usize = 128;

/// The label of a trace's id, which Prometheus and Grafana know by this name.
const TRACE_ID: &str = "trace_id";

/// Hexadecimal digits of a trace's id.
const DIGITS: usize = 32;

/// Labels that lead from a bucket of a histogram to one of the events in it, such as the id of a
/// trace.
///
/// The page shows at most one for each bucket, and only in OpenMetrics and protobuf: text 0.0.4 has
/// none. A bucket keeps the exemplar that it got until a page has shown it. Then the next one takes
/// its place, and until there is a next one, every page shows the old one. So a bucket that gets
/// thousands of exemplars between two pages keeps the first of them, and the others cost next to
/// nothing. All threads together keep one: a thread whose exemplar comes while another thread or a
/// page is at the same bucket drops it, and never waits.
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
    /// High and low half: the alignment of a `u128` would make everything larger that holds one.
    Trace([u64; 2]),
    /// All other labels. Those of a trace are never here, so that equal exemplars are equal.
    Other(Arc<[(Box<str>, Box<str>)]>),
}

impl Exemplar {
    /// An exemplar with the label `trace_id`, whose value is the id in 32 lower-case hexadecimal
    /// digits. Making one and recording with it never allocates.
    ///
    /// Give the traces only that your tracing backend keeps (the sampled ones): a link to another one
    /// leads nowhere.
    #[must_use]
    pub const fn trace(id: u128) -> Self {
        Self(Labels::Trace([(id >> 64) as u64, id as u64]))
    }

    /// The id of the trace, if the exemplar has nothing but the label of one.
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

    /// An exemplar with these labels.
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
    /// Returns an error if a name is not a label name or is given twice, or names and values together are
    /// longer than the 128 characters that OpenMetrics allows.
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

    /// The labels as a page shows them.
    pub(crate) fn written(&self) -> WrittenLabels {
        match &self.0 {
            Labels::Trace([high, low]) => {
                let mut digits = [b'0'; DIGITS];
                // As many digits as there is room for.
                let _ = write!(&mut digits[..], "{high:016x}{low:016x}");
                WrittenLabels::Trace(digits)
            }
            Labels::Other(labels) => WrittenLabels::Other(Arc::clone(labels)),
        }
    }
}

/// The id that is written with these digits, if a page would write it with them again.
fn trace_id(digits: &str) -> Option<u128> {
    let is_digit = |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    let is_id = digits.len() == DIGITS && digits.bytes().all(is_digit);
    is_id.then(|| u128::from_str_radix(digits, 16).ok()).flatten()
}

/// The labels of an exemplar, written.
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
