//! The conformance kit of the core.
#![cfg(all(feature = "sync", feature = "future"))]

use std::sync::LazyLock;

use caracal_cache::CacheObserver;
use caracal_cache::families::{
    CACHE_EVICTIONS, CACHE_HITS, CACHE_LOAD_DURATION, CACHE_MISSES, CACHE_REMOVALS, CACHE_SIZE,
    CACHE_WEIGHTED_SIZE,
};
use caracal_metrics_core::FamilySpec;
use caracal_metrics_core::conformance::Conformance;

fn families() -> [&'static FamilySpec; 7] {
    [
        CACHE_HITS.spec(),
        CACHE_MISSES.spec(),
        CACHE_EVICTIONS.spec(),
        CACHE_REMOVALS.spec(),
        CACHE_SIZE.spec(),
        CACHE_WEIGHTED_SIZE.spec(),
        CACHE_LOAD_DURATION.spec(),
    ]
}

#[test]
fn caches_of_moka_sync_pass() {
    Conformance::of_instances("cache", |metrics, name| {
        let observer = CacheObserver::named(name);
        let cache = moka::sync::Cache::<String, u32>::builder()
            .max_capacity(2)
            .eviction_listener(observer.listener(|_, _, _| {}))
            .build();
        observer.wrap(cache, metrics)
    })
    .families(&families())
    .exercise(|cache| {
        cache.get_with("a".to_owned(), || 1);
        cache.get("b");
        cache.invalidate("a");
    })
    .outside_values(|cache, value| cache.insert(value.to_owned(), 1))
    .user_code(|metrics, name, code| {
        let observer = CacheObserver::named(name);
        let cache = moka::sync::Cache::<String, u32>::builder()
            .max_capacity(2)
            .eviction_listener(observer.listener(move |_, _, _| code.call()))
            .build();
        // More than the capacity, so that the scrape evicts some.
        for key in 0..10 {
            cache.insert(key.to_string(), key);
        }
        observer.wrap(cache, metrics)
    })
    .check();
}

#[test]
fn caches_of_moka_future_pass() {
    static RUNTIME: LazyLock<tokio::runtime::Runtime> = LazyLock::new(|| {
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap()
    });
    Conformance::of_instances("cache", |metrics, name| {
        let observer = CacheObserver::named(name);
        let cache = moka::future::Cache::<String, u32>::builder()
            .max_capacity(2)
            .eviction_listener(observer.listener(|_, _, _| {}))
            .build();
        observer.wrap(cache, metrics)
    })
    .families(&families())
    .exercise(|cache| {
        RUNTIME.block_on(async {
            cache.get_with("a".to_owned(), async { 1 }).await;
            cache.get("b").await;
            cache.invalidate("a").await;
        });
    })
    .check();
}
