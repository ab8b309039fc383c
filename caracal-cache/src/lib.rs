//! Prometheus metrics for [moka] caches: hits, misses, loads, evictions and size. To use this crate in a
//! service, enable the feature `cache` of `caracal-metrics`.
//!
//! ```
//! # mod caracal_metrics { pub use caracal_metrics_core::*; pub use caracal_cache as cache; }
//! # #[cfg(feature = "future")] {
//! use caracal_metrics::cache::CacheObserver;
//! use caracal_metrics::MetricsRegistry;
//! use moka::future::Cache;
//!
//! # let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
//! # runtime.block_on(async {
//! let metrics = MetricsRegistry::new();
//!
//! // For any other cache, use `CacheObserver::named("sessions")`.
//! let observer = CacheObserver::policy();
//! let cache = Cache::builder()
//!     .max_capacity(10_000)
//!     .eviction_listener(observer.listener(|_key, _policy, _cause| { /* yours */ }))
//!     .build();
//! let cache = observer.wrap(cache, &metrics)?;
//!
//! let policy = cache.get_with("agent-1", async { "allow reads" }).await;
//! assert_eq!(cache.get("agent-1").await, Some(policy));
//!
//! let sample = |name| metrics.sample(name, &[]);
//! assert_eq!(sample("caracal_policy_cache_misses_total"), Some(1.0));
//! assert_eq!(sample("caracal_policy_cache_hits_total"), Some(1.0));
//! assert_eq!(sample("caracal_policy_cache_size"), Some(1.0));
//! # Ok::<(), caracal_metrics::AttachError>(())
//! # }).unwrap();
//! # }
//! ```
//!
//! You can also wrap an existing cache. If it was built without the listener of the `CacheObserver`, its
//! evictions and other removals are not counted. The wrappers (`future::ObservedCache`, `sync::ObservedCache`
//! and `sync::ObservedSegmentedCache`) have the same methods as the caches. For code that expects moka's own
//! type, `inner()` returns the underlying cache. Lookups through `inner()` are not counted.
//!
//! # How calls are counted
//!
//! | call | counted as |
//! |---|---|
//! | `get` | a hit if there is a value, else a miss |
//! | `get_with`, `entry().or_insert_with` and similar calls, if this call ran `init` | a miss and a load |
//! | the same, if the value came from the cache or from the `init` of another call | a hit |
//! | the same, if another call's `init` failed or returned nothing | a miss |
//! | `entry().or_insert`, `or_default` | a hit if the entry was there, else a miss |
//! | `entry().and_compute_with`, `and_upsert_with` and similar calls | a hit if the entry was there, else a miss |
//! | `contains_key`, `iter`, `insert`, `invalidate`, `remove` | nothing |
//! | any call to a `future` cache that is dropped before it has completed | nothing |
//!
//! A load fails if `init` returns an error or nothing (as in Caffeine), or panics. An eviction is a removal by the
//! cache, either because it is full or because the entry has expired. Your own removals and replacements are not
//! evictions. `caracal_cache_removals_total` counts evictions as well as your own removals and replacements, by
//! cause.
//!
//! # Names of the metrics
//!
//! | the policy cache | any other cache |
//! |---|---|
//! | `caracal_policy_cache_hits_total` | `caracal_cache_hits_total{cache}` |
//! | `caracal_policy_cache_misses_total` | `caracal_cache_misses_total{cache}` |
//! | `caracal_policy_cache_evictions_total` | `caracal_cache_evictions_total{cache}` |
//! | `caracal_policy_cache_size` | `caracal_cache_size{cache}` |
//! | `caracal_cache_removals_total{cache="policy",cause}` | `caracal_cache_removals_total{cache,cause}` |
//! | `caracal_cache_load_duration_seconds{cache="policy",result}` | `caracal_cache_load_duration_seconds{cache,result}` |
//! | `caracal_cache_weighted_size{cache="policy"}` | `caracal_cache_weighted_size{cache}` |
//!
//! `cause` is `expired`, `explicit`, `replaced` or `size`. `result` is `success` or `error`. moka compares
//! the weighted size with `max_capacity`.
//!
//! # Features
//!
//! `future` (enabled by default) and `sync` enable moka's features of the same names. At least one of them
//! is needed, and you can enable both.
//!
//! `tokio` (enabled by default) lets a scrape run listeners inside the tokio runtime of your service.
//! Disable it only if your service does not use tokio.

#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(not(any(feature = "future", feature = "sync")))]
compile_error!(
    "caracal-cache observes nothing without a kind of cache: turn on the feature `future` (for \
     moka::future), `sync` (for moka::sync) or both"
);

#[cfg(any(feature = "future", feature = "sync"))]
#[macro_use]
mod wrapper;

pub mod families;
#[cfg(feature = "future")]
pub mod future;
#[cfg(any(feature = "future", feature = "sync"))]
mod kind;
#[cfg(any(feature = "future", feature = "sync"))]
mod listener;
#[cfg(any(feature = "future", feature = "sync"))]
mod maintenance;
#[cfg(any(feature = "future", feature = "sync"))]
mod observable;
#[cfg(any(feature = "future", feature = "sync"))]
mod observation;
#[cfg(any(feature = "future", feature = "sync"))]
mod observer;
#[cfg(any(feature = "future", feature = "sync"))]
mod recorder;
#[cfg(any(feature = "future", feature = "sync"))]
mod removals;
#[cfg(feature = "sync")]
pub mod sync;

#[cfg(any(feature = "future", feature = "sync"))]
pub use observable::ObservableCache;
#[cfg(any(feature = "future", feature = "sync"))]
pub use observation::{CACHE, POLICY_CACHE};
#[cfg(any(feature = "future", feature = "sync"))]
pub use observer::CacheObserver;
