//! Writing the page.

mod accept;
mod collector;
mod foreign;
mod format;
mod header;
mod labels;
mod page;
mod sample;
mod text;

pub(crate) use collector::CaracalCollector;
pub(crate) use foreign::foreign_families;
pub use format::Format;
pub(crate) use labels::escape_label_value;
pub(crate) use page::write_page;
pub(crate) use sample::lookup;
