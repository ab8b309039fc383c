//! The families that a `prometheus::Registry` gathers, as text.
//!
//! Families are read through the text encoder of the `prometheus` crate, and not through the accessors of
//! `prometheus::proto`. The types of those change with the `protobuf` feature of that crate, which any other
//! crate in the build can turn on.

use prometheus::proto::{MetricFamily, MetricType};
use prometheus::{Encoder, TextEncoder};

use crate::exposition::ForeignFamily;
use crate::names::NamedFamily;

/// Converts each family separately, so that one that can't be written does not affect the others. It becomes
/// `None`.
pub(crate) fn foreign_families(families: Vec<MetricFamily>) -> Vec<Option<ForeignFamily>> {
    families.into_iter().map(foreign_family).collect()
}

/// Returns the type of a family, as in `# TYPE`.
fn kind(family: &MetricFamily) -> Option<&'static str> {
    match family.get_field_type() {
        MetricType::COUNTER => Some("counter"),
        MetricType::GAUGE => Some("gauge"),
        MetricType::HISTOGRAM => Some("histogram"),
        MetricType::SUMMARY => Some("summary"),
        MetricType::UNTYPED => None,
    }
}

/// Returns the names and types of families.
pub(crate) fn named_families(families: &[MetricFamily]) -> Vec<NamedFamily> {
    families
        .iter()
        .map(|family| NamedFamily { name: family.name().to_owned(), kind: kind(family) })
        .collect()
}

fn foreign_family(family: MetricFamily) -> Option<ForeignFamily> {
    // The text encoder of `prometheus` 0.14 panics for an unknown type.
    let kind = kind(&family)?;
    let (name, help) = (family.name().to_owned(), family.help().to_owned());
    let mut text = Vec::new();
    TextEncoder::new().encode(&[family], &mut text).ok()?;
    Some(ForeignFamily { name, help, kind, is_untyped: false, text: String::from_utf8(text).ok()? })
}

/// Returns the labels of the first series of a family.
pub(crate) fn family_labels(family: MetricFamily) -> Vec<(String, String)> {
    foreign_family(family).map(|family| family.labels_of_first()).unwrap_or_default()
}
