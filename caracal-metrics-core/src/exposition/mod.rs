//! Writes the page.

mod accept;
mod clashes;
mod foreign;
mod foreign_families;
mod foreign_metrics;
mod format;
mod header;
#[cfg(feature = "protobuf")]
mod label_pairs;
mod labels;
mod line_start;
mod others;
mod out;
mod page;
#[cfg(feature = "protobuf")]
mod protobuf;
mod sample;
#[cfg(feature = "protobuf")]
mod single;
mod text;
mod values;

pub(crate) use foreign::ForeignFamily;
pub(crate) use foreign_families::ForeignFamilies;
pub use format::{Format, Negotiated};
pub(crate) use labels::parse_labels;
pub(crate) use others::OtherFamilies;
pub(crate) use out::Out;
pub(crate) use page::{Filter, write_page};
pub(crate) use sample::lookup;
#[cfg(feature = "testing")]
pub(crate) use sample::sample_value;
pub(crate) use values::snapshot;
