//! What a scrape asks of a cache.

/// A kind of moka cache. Public, as [`ObservableCache`](crate::ObservableCache) names it, but out of
/// reach in this module: nobody else's cache is one.
pub trait Kind: Clone + Send + Sync + 'static {
    /// Whether its listener may be asynchronous, and its maintenance have to wait for it.
    const MAY_RUN_FUTURES: bool;

    /// Does one round of maintenance, to its end. Runs listeners and predicates.
    fn run_pending_tasks(&self);
    fn entry_count(&self) -> u64;
    fn weighted_size(&self) -> u64;
}
