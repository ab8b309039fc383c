//! The observer of one cache.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use caracal_metrics_core::{AttachError, MetricsRegistry};
use moka::notification::RemovalCause;

use crate::kind::{ObservableCache, sealed};
use crate::listener;
use crate::observation::{Observation, Subject};

/// Observes one cache: gives it a listener while it is built, and wraps it once it is there.
///
/// ```
/// # #[cfg(feature = "future")] {
/// use caracal_cache::CacheObserver;
/// use caracal_metrics_core::MetricsRegistry;
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
/// # Ok::<(), caracal_metrics_core::AttachError>(())
/// # }).unwrap();
/// # }
/// ```
#[derive(Debug)]
#[must_use = "nothing is observed until `wrap`"]
pub struct CacheObserver {
    subject: Subject,
}

impl CacheObserver {
    /// Observes the policy cache, of which a registry has one. It feeds `caracal_policy_cache_*`,
    /// and under `cache="policy"` what those families don't tell: removals by cause, loads and the
    /// weighted size.
    pub fn policy() -> Self {
        Self::new(None)
    }

    /// Observes a cache under a name of its own, the `cache` label of the families
    /// `caracal_cache_*`.
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

    /// Reads the size as the cache has it, without running its pending tasks first.
    ///
    /// Without this a scrape runs them, so that the size is exact and entries that have expired
    /// are gone, also when nobody uses the cache. (One exception: an entry with an expiry of its
    /// own, by `expire_after`, stays until a timer of moka's takes it out, about a second late.)
    /// That takes well under a microsecond when there is little to do, and up to about a tenth of a
    /// second after much has been invalidated; the cache's listeners run on the scraping thread
    /// meanwhile. Choose this for a cache whose listener is slow, or whose async listener needs a
    /// runtime that the scraping thread is not in.
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
    /// on. It may record metrics, but it must not read them (`generate_metrics`, `sample`) unless
    /// the size is [lazy](Self::lazy_size): a scrape does the cache's maintenance, and so may be
    /// waiting for the very listener that asks for one.
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
    /// ```
    /// # use caracal_cache::CacheObserver;
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
    /// The series go when the last clone of the wrapper is dropped; what was counted for the policy
    /// cache stays.
    ///
    /// # Errors
    ///
    /// When the name is empty or taken in this registry (a second policy cache; `"policy"` beside
    /// one), or a family has no room for another series.
    pub fn wrap<C: ObservableCache>(
        self,
        cache: C,
        metrics: &MetricsRegistry,
    ) -> Result<C::Observed, AttachError> {
        let observation = Observation::new(self.subject, cache, metrics)?;
        Ok(C::observed(sealed::Shared(observation)))
    }
}
