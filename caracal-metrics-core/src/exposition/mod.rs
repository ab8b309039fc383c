//! Writing the page.

mod accept;
mod clashes;
mod collector;
mod foreign;
mod format;
mod gathering;
mod header;
mod isolated;
mod labels;
mod others;
mod page;
#[cfg(feature = "protobuf")]
mod protobuf;
mod sample;
mod text;

<<<<<<< HEAD
pub(crate) use collector::CaracalCollector;
pub use format::Format;
pub(crate) use gathering::Gathering;
=======
pub(crate) use collector::{CaracalCollector, gather};
pub(crate) use foreign::foreign_families;
pub use format::{Format, Negotiated};
>>>>>>> expo
pub(crate) use isolated::IsolatedCollector;
pub(crate) use labels::{is_label_name, join_labels, write_label};
pub(crate) use others::Others;
pub(crate) use page::{Filter, write_page};
pub(crate) use sample::lookup;
pub(crate) use text::le;
