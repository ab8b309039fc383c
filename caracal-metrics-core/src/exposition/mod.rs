//! Writing the page.

mod accept;
mod clashes;
mod foreign;
mod format;
mod header;
#[cfg(feature = "protobuf")]
mod label_pairs;
mod labels;
mod line_start;
mod out;
mod page;
#[cfg(feature = "protobuf")]
mod protobuf;
mod sample;
mod text;

pub(crate) use foreign::ForeignFamily;
pub use format::{Format, Negotiated};
pub(crate) use out::Out;
pub(crate) use page::{Filter, write_page};
pub(crate) use sample::lookup;
