//! Metrics for `moka::sync` caches.

mod cache;
mod entry_selector;
mod load;

pub use cache::{ObservedCache, ObservedSegmentedCache};
pub use entry_selector::{OwnedKeyEntrySelector, RefKeyEntrySelector};
