//! Everything that touches the `prometheus` crate: our families in a registry of its kind, and its
//! families on our page.

mod attaching;
mod collector;
mod collectors;
mod foreign;
mod gathering;
mod isolated;
mod others;
mod probes;
#[cfg(feature = "process")]
mod process;

pub(crate) use attaching::{check_names, check_settings, gather, owner_of_label, reserve};
pub(crate) use collector::CaracalCollector;
pub(crate) use collectors::{check_collector, described};
pub(crate) use isolated::IsolatedCollector;
pub(crate) use others::Others;
pub(crate) use probes::Gathered;
#[cfg(feature = "process")]
pub(crate) use probes::is_registered;
#[cfg(feature = "process")]
pub(crate) use process::register as register_process;
