//! The page of a cache whose entries expire while the page is made.
#![cfg(feature = "sync")]

mod page;

use std::time::{Duration, Instant};

use caracal_cache::CacheObserver;
use moka::sync::Cache;
use page::{Page, patient};

/// Far more entries than expire between two reads of one scrape.
const ENTRIES: u64 = 20_000;

#[test]
fn an_entry_is_in_the_size_or_among_the_removals() {
    let metrics = patient();
    let observer = CacheObserver::policy();
    let cache = Cache::builder()
        .max_capacity(2 * ENTRIES)
        .time_to_live(Duration::from_millis(500))
        .eviction_listener(observer.listener(|_, _, _| {}))
        .build();
    let cache = observer.wrap(cache, &metrics).expect("the first policy cache");
    for key in 0..ENTRIES {
        cache.insert(key, key);
    }
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let page = Page::scrape(&metrics);
        let size = page.count("caracal_policy_cache_size").unwrap();
        let [removed, ..] = page.removals("policy");
        let removed = removed.unwrap();
        assert_eq!(size + removed, ENTRIES, "{size} there, {removed} removed");
        if size == 0 {
            break;
        }
        assert!(Instant::now() < deadline, "{size} entries never expire");
    }
}
