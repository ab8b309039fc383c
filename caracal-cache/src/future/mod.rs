//! Metrics for `moka::future` caches.

mod block_on;
mod cache;
mod entry_selector;
mod load;

pub use cache::ObservedCache;
pub use entry_selector::{OwnedKeyEntrySelector, RefKeyEntrySelector};
