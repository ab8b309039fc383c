//! Counters that tokio maintains.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use caracal_metrics_core::adapter::{Gauges, SampledCounter};

/// A counter of tokio, and how much of it has been added to ours.
pub(crate) struct Total {
    counter: SampledCounter,
    added: AtomicU64,
}

impl Total {
    pub(crate) fn new(counter: SampledCounter) -> Self {
        Self { counter, added: AtomicU64::new(0) }
    }

    /// Adds the increase of tokio's counter since the last scrape.
    pub(crate) fn set(&self, total: u64, scrape: &Gauges<'_>) {
        let added = self.added.fetch_max(total, Relaxed);
        scrape.add(self.counter, total.saturating_sub(added));
    }
}
