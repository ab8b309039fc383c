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

    /// Reads the size and the removals without running the pending tasks of the cache first. A
    /// scrape then runs none of your listeners, predicates and drops, and starts no thread for this
    /// cache. Use this method for a cache whose listener is slow.
    ///
    /// The size is then moka's `entry_count`. moka updates it when the cache is used, at most every
    /// 0.3 seconds or 64 operations. If the cache is not used, the size may not include the last
    /// inserts, and may include expired entries. [`wrap`](Self::wrap) describes the default.
    pub fn lazy_size(mut self) -> Self {
        self.subject.lazy_size = true;
        self
    }

    /// Returns a listener for the cache's builder. It counts removals by cause, and then runs your
    /// own listener. If you have none, pass `|_, _, _| {}`.
    ///
    /// A moka cache has one listener, which is set when the cache is built. A second call of
    /// `eviction_listener` on its builder replaces the first listener, including this one. Removals
    /// before [`wrap`](Self::wrap) are counted too. Create only one listener from an observer, and
    /// use it for the cache that you wrap.
    ///
    /// If your listener panics, it is not called again, as with moka alone. Counting continues.
    /// Your listener may record and read metrics. The page that it reads (`generate_metrics`,
    /// `sample`) has the cache sizes of the previous scrape, and only Caracal's own families.
    ///
    /// A scrape may call the listener on a thread of the registry. See
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

    /// Like [`listener`](Self::listener), for `async_eviction_listener` of `moka::future`.
    ///
    /// A scrape runs each listener future that it starts to its end. With the feature `tokio`, it
    /// does so inside the tokio runtime of the thread that scrapes or, if that thread has none,
    /// inside the runtime in which you wrapped the cache.
    ///
    /// If there is no such runtime, or it was shut down, a scrape starts no asynchronous listener,
    /// and the size is as with [`lazy_size`](Self::lazy_size). On another executor, call
    /// `run_pending_tasks` from a task of your own. The same applies to a `moka::future::Cache`
    /// that was built without a listener of this observer, because its listener may be
    /// asynchronous. To declare that it is not, build the cache with a synchronous
    /// [`listener`](Self::listener), such as `|_, _, _| {}`.
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

    /// Wraps a cache. Calls through the wrapper are counted, and scrapes read the size of the
    /// cache.
    ///
    /// The cache may be new or already in use. A cache that was built without
    /// [`listener`](Self::listener) does not report its evictions. In this case,
    /// `caracal_cache_evictions_total` and `caracal_cache_removals_total` have no series for it,
    /// and the wrapper's `counts_evictions` returns `false`. `caracal_policy_cache_evictions_total`
    /// is on every page and stays 0.
    ///
    /// When the last clone of the wrapper is dropped, the series leave the output and the name is
    /// free again, even while a scrape reads the cache. The counts of the policy cache remain.
    ///
    /// # What the size means
    ///
    /// The size is the number of entries that the cache holds. Entries that are no longer there are
    /// counted as removals. At each scrape, every entry that was inserted under a new key is
    /// therefore either in the size or in the removals.
    ///
    /// When an entry expires or is invalidated, lookups stop finding it at once, but the cache
    /// holds it until its maintenance has removed it. A scrape therefore runs the maintenance
    /// first. Expired entries are then gone, even in a cache that nothing else uses. An entry with
    /// its own expiry, set by `expire_after`, stays until moka's timer removes it, about a second
    /// late.
    ///
    /// A scrape spends at most half of
    /// [`collection_timeout`](caracal_metrics_core::MetricsRegistryBuilder::collection_timeout) on
    /// the maintenance, plus the rest of the run that moka has begun. With a listener, a run ends
    /// after about 0.1 seconds, in which it removes some tens of thousands of entries. Entries that
    /// are left remain in the size. Later scrapes, or calls to the cache, remove them. With little
    /// to do, the maintenance takes microseconds.
    ///
    /// The maintenance runs your listeners, your predicates and the drops of your values on a
    /// thread of the registry. If they take longer than `collection_timeout`, the page shows the
    /// size and the removals of the previous scrape, and `caracal_metrics_collection_errors_total`
    /// increases. Hits, misses and loads are not affected.
    ///
    /// moka 0.12.16 skips one entry after each 384 entries that it passes to the predicate of an
    /// `invalidate_entries_if`. The skipped entries stay in the cache and in its size, and lookups
    /// still find them. Invalidate again to remove them.
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
