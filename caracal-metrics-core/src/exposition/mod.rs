//! Writing the page.

mod accept;
mod clashes;
mod foreign;
mod format;
mod header;
mod labels;
mod page;
#[cfg(feature = "protobuf")]
mod protobuf;
mod sample;
mod text;

pub(crate) use foreign::ForeignFamily;
pub use format::{Format, Negotiated};
pub(crate) use page::{Filter, write_page};
pub(crate) use sample::lookup;
