//! Many entries are invalidated at once: what do the next pages say?
#![cfg(all(feature = "future", feature = "sync", feature = "tokio"))]

mod page;

use caracal_cache::CacheObserver;
use caracal_metrics_core::MetricsRegistry;
use page::Page;

const ENTRIES: u64 = 5_000;

/// Scrapes until the size is right, or stays as it is.
fn settle(metrics: &MetricsRegistry, right: u64) -> Page {
    let mut page = Page::scrape(metrics);
    let mut unchanged = 0;
    while page.size("policies") != Some(right) && unchanged < 20 {
        let next = Page::scrape(metrics);
        unchanged = if next.size("policies") == page.size("policies") { unchanged + 1 } else { 0 };
        page = next;
    }
    page
}

/// Three kinds of predicate: one half of the entries, the last ones alone, and two that overlap.
macro_rules! invalidations {
    ($builder:expr, $listens:literal $(, $wait:ident)?) => {{
        let metrics = MetricsRegistry::new();
        let observer = CacheObserver::named("policies");
        let builder = $builder.support_invalidation_closures();
        let builder =
            if $listens { builder.eviction_listener(observer.listener(|_, _, _| {})) } else { builder };
        let cache = observer.wrap(builder.build(), &metrics).expect("the name is free");
        for key in 0..ENTRIES {
            cache.insert(key, key)$(.$wait)?;
        }
        cache.run_pending_tasks()$(.$wait)?;
        let mut left = ENTRIES;
        let mut check = |removed: u64| {
            left -= removed;
            let page = settle(&metrics, left);
            assert_eq!(page.size("policies"), Some(left));
            let explicit = page.removals("policies")[1];
            assert_eq!(explicit, $listens.then_some(ENTRIES - left));
        };
        cache.invalidate_entries_if(|key, _| key % 2 == 1).expect("the cache supports it");
        check(ENTRIES / 2);
        cache.invalidate_entries_if(|key, _| *key == ENTRIES - 2).expect("the cache supports it");
        check(1);
        // Not through the wrapper, and the second one while moka may be halfway through the first.
        cache.inner().invalidate_entries_if(|key, _| *key < 1_000).expect("the cache supports it");
        cache.run_pending_tasks()$(.$wait)?;
        cache.inner().invalidate_entries_if(|key, _| *key < 2_000).expect("the cache supports it");
        check(1_000);
        cache.invalidate_all();
        check(ENTRIES / 2 - 1_001);
    }};
}

#[test]
fn the_size_and_the_removals_of_a_sync_cache_are_exact_in_the_end() {
    invalidations!(moka::sync::Cache::builder(), true);
    invalidations!(moka::sync::Cache::builder(), false);
}

#[test]
fn the_size_and_the_removals_of_a_segmented_cache_are_exact_in_the_end() {
    invalidations!(moka::sync::SegmentedCache::builder(4), true);
    invalidations!(moka::sync::SegmentedCache::builder(4), false);
}

#[tokio::test]
async fn the_size_and_the_removals_of_a_future_cache_are_exact_in_the_end() {
    invalidations!(moka::future::Cache::builder(), true, await);
    invalidations!(moka::future::Cache::builder(), false, await);
}
