//! The kinds of cache.

/// A kind of moka cache that [`CacheObserver::wrap`](crate::CacheObserver::wrap) takes:
/// `moka::future::Cache`, `moka::sync::Cache` and `moka::sync::SegmentedCache`, each with the
/// feature of its module.
pub trait ObservableCache: sealed::Kind {
    /// What it becomes.
    type Observed;

    #[doc(hidden)]
    fn observed(observation: sealed::Shared<Self>) -> Self::Observed;
}

pub(crate) mod sealed {
    use std::sync::Arc;

    use crate::observation::Observation;

    /// What a scrape asks of a cache.
    pub trait Kind: Clone + Send + Sync + 'static {
        /// Whether its listener may be asynchronous, and its maintenance have to wait for it.
        const MAY_RUN_FUTURES: bool;

        /// Does one round of maintenance, to its end. Runs listeners and predicates.
        fn run_pending_tasks(&self);
        fn entry_count(&self) -> u64;
        fn weighted_size(&self) -> u64;
    }

    #[derive(Debug)]
    pub struct Shared<C>(pub(crate) Arc<Observation<C>>);
}
