//! The name of a cache is free as soon as the cache is dropped.
#![cfg(all(feature = "sync", feature = "future"))]

mod page;

use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::thread;

use caracal_cache::CacheObserver;
use caracal_metrics_core::{Format, MetricsRegistry};
use moka::sync::Cache;
use page::Page;

#[test]
fn the_name_of_a_dropped_cache_is_free_while_scrapes_read_it() {
    for lazy in [true, false] {
        let metrics = MetricsRegistry::new();
        let done = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                let mut page = Vec::new();
                while !done.load(SeqCst) {
                    page.clear();
                    // A short page, so that most of the time is spent on reading the cache.
                    metrics.encode_named(Format::Text, &["caracal_cache_size"], &mut page);
                }
            });
            let stop = Stop(&done);
            for round in 0..2_500 {
                let observer = if round % 2 == 0 {
                    CacheObserver::named("sessions")
                } else {
                    CacheObserver::policy()
                };
                let observer = if lazy { observer.lazy_size() } else { observer };
                let cache = Cache::<u32, u32>::builder()
                    .eviction_listener(observer.listener(|_, _, _| {}))
                    .build();
                let cache = observer.wrap(cache, &metrics).expect("the name is free");
                for key in 0..10 {
                    cache.insert(key, key);
                }
                cache.invalidate_all();
            }
            drop(stop);
        });
        assert!(!Page::scrape(&metrics).has("cache=\""));
    }
}

/// Stops the scrapes, even if the test fails.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, SeqCst);
    }
}
