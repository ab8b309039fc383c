//! All code that uses the `prometheus` crate: our families in a `prometheus::Registry`, and its families on our
//! page.

mod attached;
mod attaching;
mod collector;
mod collectors;
mod foreign;
mod gathering;
mod isolated;
mod others;
mod probes;
mod process;

#[cfg(feature = "process")]
pub(crate) use attached::Fresh;
pub(crate) use attached::{Attach, Attached, attach_to_fresh};
pub(crate) use attaching::owner_of_label;
