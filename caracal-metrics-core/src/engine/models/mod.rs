//! Models of the engine, which run under every interleaving that loom finds. `cargo xtask loom` runs them with
//! `--cfg caracal_loom`. A page then has one run, and only one thread at a time has pages.

mod counters;
mod histograms;
mod in_flight;
mod sums;

use loom::sync::Arc;

use super::pages::Pages;
use super::store::Store;
use super::{Cell, Width};
use crate::sync::explore;

/// Returns a store with one cell.
fn store_with(width: Width) -> (Arc<Store>, Cell) {
    let store = Store::new();
    let cell = store.allocate(width);
    (Arc::new(store), cell)
}

/// Does the same as a thread of the process: it takes pages if there are any left, records, and gives them up
/// when it ends.
fn record(store: &Store, times: u64, record: impl Fn(Option<&'static Pages>)) {
    let pages = store.enter();
    for _ in 0..times {
        record(pages);
    }
    if let Some(pages) = pages {
        store.leave(pages);
    }
}
