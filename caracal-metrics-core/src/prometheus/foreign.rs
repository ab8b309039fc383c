//! What a `prometheus::Registry` gathers, as text.
//!
//! Families are read through the `prometheus` crate's own text encoder and not through the accessors
//! of `prometheus::proto`: those change their types with that crate's `protobuf` feature, which any
//! other crate in the build may turn on.

use prometheus::proto::{MetricFamily, MetricType};
use prometheus::{Encoder, TextEncoder};

use crate::exposition::ForeignFamily;
use crate::names::NamedFamily;

/// Each family by itself, so that one that can't be written costs no other: `None` stands for it.
pub(crate) fn foreign_families(families: Vec<MetricFamily>) -> Vec<Option<ForeignFamily>> {
    families.into_iter().map(foreign_family).collect()
}

/// The type of a family, as `# TYPE` has it.
fn kind(family: &MetricFamily) -> Option<&'static str> {
    match family.get_field_type() {
        MetricType::COUNTER => Some("counter"),
        MetricType::GAUGE => Some("gauge"),
        MetricType::HISTOGRAM => Some("histogram"),
        MetricType::SUMMARY => Some("summary"),
        MetricType::UNTYPED => None,
    }
}

/// Names and types of families.
pub(crate) fn named_families(families: &[MetricFamily]) -> Vec<NamedFamily> {
    families
        .iter()
        .map(|family| NamedFamily { name: family.name().to_owned(), kind: kind(family) })
        .collect()
}

fn foreign_family(family: MetricFamily) -> Option<ForeignFamily> {
    // The text encoder of `prometheus` 0.14 panics on a type that is not known.
    let kind = kind(&family)?;
    let (name, help) = (family.name().to_owned(), family.help().to_owned());
    let mut text = Vec::new();
    TextEncoder::new().encode(&[family], &mut text).ok()?;
    Some(ForeignFamily { name, help, kind, is_untyped: false, text: String::from_utf8(text).ok()? })
}

/// The labels of a family's first series.
pub(crate) fn family_labels(family: MetricFamily) -> Vec<(String, String)> {
    foreign_family(family).map(|family| family.labels_of_first()).unwrap_or_default()
}
