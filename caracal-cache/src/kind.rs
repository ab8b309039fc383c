//! What a scrape needs from a cache.

/// A kind of moka cache. It is public because [`ObservableCache`](crate::ObservableCache) names it.
/// Its module is private, so other crates cannot implement it.
pub trait Kind: Clone + Send + Sync + 'static {
    /// Whether the cache may have an asynchronous listener, for which its maintenance has to wait.
    const MAY_RUN_FUTURES: bool;

    /// Runs the maintenance once, to its end. Runs listeners and predicates.
    fn run_pending_tasks(&self);
    fn entry_count(&self) -> u64;
    fn weighted_size(&self) -> u64;
}
