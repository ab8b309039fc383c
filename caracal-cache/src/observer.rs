//! The observer of one cache.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use caracal_metrics_core::{AttachError, MetricsRegistry};
use moka::notification::RemovalCause;

use crate::listener;
use crate::observable::{ObservableCache, Shared};
use crate::observation::{Observation, Subject};

/// Observes a cache. Provides the listener for its builder, and wraps the cache after it is built.
///
/// ```
/// # mod caracal_metrics { pub use caracal_metrics_core::*; pub use caracal_cache as cache; }
/// # #[cfg(feature = "future")] {
/// use caracal_metrics::cache::CacheObserver;
/// use caracal_metrics::MetricsRegistry;
/// use moka::future::Cache;
///
/// # let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
/// # runtime.block_on(async {
/// let metrics = MetricsRegistry::new();
/// let observer = CacheObserver::named("sessions");
/// let cache = Cache::builder()
///     .max_capacity(10_000)
///     .eviction_listener(observer.listener(|key, _value, cause| println!("{key} went: {cause:?}")))
///     .build();
/// let cache = observer.wrap(cache, &metrics)?;
///
/// cache.insert("a1b2".to_owned(), 7).await;
/// cache.remove("a1b2").await;
/// let removals = metrics.sample(
///     "caracal_cache_removals_total",
///     &[("cache", "sessions"), ("cause", "explicit")],
/// );
/// assert_eq!(removals, Some(1.0));
/// # Ok::<(), caracal_metrics::AttachError>(())
/// # }).unwrap();
/// # }
/// ```
#[derive(Debug)]
#[must_use = "nothing is observed until `wrap`"]
pub struct CacheObserver {
    subject: Subject,
}

impl CacheObserver {
    /// Observes the policy cache. A registry can have only one. The cache feeds `caracal_policy_cache_*`.
    /// Removals by cause, loads and the weighted size are in `caracal_cache_*` with the label
    /// `cache="policy"`.
    pub fn policy() -> Self {
        Self::new(None)
    }

    /// Observes a cache under a name, which becomes the `cache` label of the families `caracal_cache_*`.
    pub fn named(name: impl Into<String>) -> Self {
        Self::new(Some(name.into()))
    }

    fn new(name: Option<String>) -> Self {
        let subject = Subject {
            name,
            lazy_size: false,
            removals: Arc::default(),
            awaits: AtomicBool::new(false),
        };
        Self { subject }
    }

    /// Reads the size and the removals as the cache has them, without running its pending tasks
    /// first: a scrape runs none of your listeners, predicates and drops, and starts no thread for
    /// this cache. Choose it for a cache whose listener is slow.
    ///
    /// The size is then moka's `entry_count`, which moka brings up to date when the cache is used, not
    /// more often than every 0.3 seconds or 64 operations. In a cache that nobody uses it may miss the
    /// last inserts and include entries that have expired. See [`wrap`](Self::wrap) for the size
    /// without this.
    pub fn lazy_size(mut self) -> Self {
        self.subject.lazy_size = true;
        self
    }

    /// The listener for the cache's builder: it counts removals by cause, and then runs a listener
    /// of your own (`|_, _, _| {}` if you have none).
    ///
    /// moka has one listener for each cache, fixed when the cache is built; a second call of
    /// `eviction_listener` on its builder replaces the first, ours included. What happens before
    /// [`wrap`](Self::wrap) is counted too. Make one listener from an observer, for the cache that
    /// will be wrapped.
    ///
    /// A listener of yours that panics is not called again, as with moka alone; the counting goes
    /// on. It may record metrics and read them. The page that it reads (`generate_metrics`,
    /// `sample`) has the sizes of caches as the last scrape left them, and Caracal's own families
    /// only.
    ///
    /// A scrape may call it, on a thread of the registry's: see
    /// [`collection_timeout`](caracal_metrics_core::MetricsRegistryBuilder::collection_timeout).
    pub fn listener<K, V, F>(
        &self,
        listener: F,
    ) -> impl Fn(Arc<K>, V, RemovalCause) + Send + Sync + 'static + use<K, V, F>
    where
        K: Send + Sync + 'static,
        V: Send + Sync + 'static,
        F: Fn(Arc<K>, V, RemovalCause) + Send + Sync + 'static,
    {
        listener::counting(Arc::clone(&self.subject.removals), listener)
    }

    /// [`listener`](Self::listener) for `async_eviction_listener` of `moka::future`.
    ///
    /// A scrape drives a future that it has started to its end. It does so inside the tokio runtime of
    /// the thread that scrapes, or else inside the one that the cache was wrapped in, with the feature
    /// `tokio`. Where there is no such runtime, or it was shut down, a scrape starts no asynchronous
    /// listener, and the size is as [lazy](Self::lazy_size) as if you had asked for that: on another
    /// executor, run `run_pending_tasks` from a task of your own. The same goes for a
    /// `moka::future::Cache` that was built without a listener of this observer, as its listener may
    /// be asynchronous. A synchronous [`listener`](Self::listener), such as `|_, _, _| {}`, says that
    /// it is not.
    ///
    /// ```
    /// # mod caracal_metrics { pub use caracal_cache as cache; }
    /// # use caracal_metrics::cache::CacheObserver;
    /// # use moka::future::Cache;
    /// # async fn forget(key: &str) {}
    /// # use std::sync::Arc;
    /// let observer = CacheObserver::named("sessions");
    /// let cache: Cache<String, u64> = Cache::builder()
    ///     .async_eviction_listener(observer.async_listener(
    ///         |key: Arc<String>, _value, _cause| async move { forget(&key).await },
    ///     ))
    ///     .build();
    /// ```
    #[cfg(feature = "future")]
    pub fn async_listener<K, V, F, Fut>(
        &self,
        listener: F,
    ) -> impl Fn(Arc<K>, V, RemovalCause) -> moka::notification::ListenerFuture
    + Send
    + Sync
    + 'static
    + use<K, V, F, Fut>
    where
        K: Send + Sync + 'static,
        V: Send + Sync + 'static,
        F: Fn(Arc<K>, V, RemovalCause) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        self.subject.awaits.store(true, std::sync::atomic::Ordering::Relaxed);
        listener::counting_async(Arc::clone(&self.subject.removals), listener)
    }

    /// Wraps a cache: what goes through the wrapper is counted, and scrapes read the cache's size.
    ///
    /// The cache may be new or have been in use. One that was built without
    /// [`listener`](Self::listener) tells nobody what it evicts: then
    /// `caracal_cache_evictions_total` and `caracal_cache_removals_total` have no series for it,
    /// rather than a 0 that nobody counted (`caracal_policy_cache_evictions_total` is in every page
    /// and stays 0), and the wrapper's `counts_evictions` says so.
    ///
    /// The series leave the output, and the name is free, when the last clone of the wrapper is
    /// dropped, also while a scrape reads the cache. What was counted for the policy cache stays.
    ///
    /// # What the size means
    ///
    /// The size is the number of entries that the cache holds, and each entry that went is among the
    /// removals: at each scrape, what was put in under a new key is there or was removed.
    ///
    /// A lookup does not find an entry from the moment at which it expires or is invalidated, but the
    /// cache holds it until its maintenance has removed it. So a scrape does the maintenance first,
    /// and entries that have expired are gone, also when nobody uses the cache. An entry with an
    /// expiry of its own, by `expire_after`, stays until moka's timer takes it out, about a second
    /// late.
    ///
    /// A scrape spends half of
    /// [`collection_timeout`](caracal_metrics_core::MetricsRegistryBuilder::collection_timeout) on it
    /// at most, besides a run of moka's that has begun. With a listener a run ends after about 0.1
    /// seconds, in which it removes some ten thousands of entries. What is left is in the size and
    /// goes with the next scrapes, or as the cache is used. With little to do, the maintenance takes
    /// microseconds.
    ///
    /// The maintenance runs your listeners, predicates and the drops of your values on a thread of the
    /// registry's own. When they take longer than `collection_timeout`, the page is served with the
    /// size and the removals of the scrape before, and
    /// `caracal_metrics_collection_errors_total` counts it. Hits, misses and loads are not affected.
    ///
    /// moka 0.12.16 loses sight of one entry after each 384 that it shows to the predicate of an
    /// `invalidate_entries_if`. Those entries stay in the cache, in its size, and in the answers to
    /// lookups. Invalidate again to remove them.
    ///
    /// # Errors
    ///
    /// Returns an error if the name is empty or taken in this registry, or if a family has reached its limit
    /// of series. A second policy cache, or a cache named `"policy"` in addition to the policy cache, counts
    /// as taken.
    pub fn wrap<C: ObservableCache>(
        self,
        cache: C,
        metrics: &MetricsRegistry,
    ) -> Result<C::Observed, AttachError> {
        let observation = Observation::new(self.subject, cache, metrics)?;
        Ok(C::observed(Shared(observation)))
    }
}
