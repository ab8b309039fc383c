//! `moka::future` caches, tested through the page.
#![cfg(feature = "future")]

mod page;

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use caracal_cache::CacheObserver;
use caracal_cache::future::ObservedCache;
use caracal_metrics_core::MetricsRegistry;
use moka::future::Cache;
use page::{Page, patient};
use tokio::sync::Notify;

fn observed(metrics: &MetricsRegistry) -> ObservedCache<u32, u32> {
    let observer = CacheObserver::named("sessions");
    let cache = Cache::builder().eviction_listener(observer.listener(|_, _, _| {})).build();
    observer.wrap(cache, metrics).expect("the name is free")
}

/// Lets every task run that is ready.
async fn settle() {
    for _ in 0..1_000 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn sixty_four_tasks_on_a_missing_key_are_one_miss_and_one_load() {
    let metrics = patient();
    let cache = observed(&metrics);
    let go = Arc::new(Notify::new());
    let tasks: Vec<_> = (0..64)
        .map(|_| {
            let (cache, go) = (cache.clone(), Arc::clone(&go));
            tokio::spawn(async move {
                let init = async {
                    go.notified().await;
                    7
                };
                cache.get_with(1, init).await
            })
        })
        .collect();
    settle().await;
    assert_eq!(Page::scrape(&metrics).lookups("sessions"), [0; 4], "nothing is through yet");
    go.notify_one();
    for task in tasks {
        assert_eq!(task.await.expect("no task panics"), 7);
    }
    assert_eq!(Page::scrape(&metrics).lookups("sessions"), [63, 1, 1, 0]);
}

#[tokio::test]
async fn waiters_for_a_failing_init_miss_as_moka_gives_them_its_error() {
    let metrics = patient();
    let cache = observed(&metrics);
    let go = Arc::new(Notify::new());
    let runs = Arc::new(AtomicU64::new(0));
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let (cache, go, runs) = (cache.clone(), Arc::clone(&go), Arc::clone(&runs));
            tokio::spawn(async move {
                let init = async {
                    runs.fetch_add(1, Relaxed);
                    go.notified().await;
                    Err::<u32, _>("unreachable")
                };
                cache.try_get_with(1, init).await
            })
        })
        .collect();
    settle().await;
    go.notify_one();
    for task in tasks {
        assert!(task.await.expect("no task panics").is_err());
    }
    assert_eq!(runs.load(Relaxed), 1);
    assert_eq!(Page::scrape(&metrics).lookups("sessions"), [0, 8, 0, 1]);
}

#[tokio::test]
async fn a_cancelled_call_counts_nothing() {
    let metrics = patient();
    let cache = observed(&metrics);
    let never = std::future::pending::<u32>;
    let pending = [
        tokio::spawn({
            let cache = cache.clone();
            async move { cache.get_with(1, never()).await }
        }),
        // Waits for the first one.
        tokio::spawn({
            let cache = cache.clone();
            async move { cache.get_with(1, never()).await }
        }),
        tokio::spawn({
            let cache = cache.clone();
            async move {
                let upsert = cache.entry(2).and_upsert_with(|_| never());
                upsert.await.into_value()
            }
        }),
    ];
    settle().await;
    for task in pending {
        task.abort();
        assert!(task.await.expect_err("it was aborted").is_cancelled());
    }
    assert_eq!(Page::scrape(&metrics).lookups("sessions"), [0; 4]);

    // A call that waited for a cancelled call loads the value itself.
    assert_eq!(cache.try_get_with(1, async { Ok::<_, Infallible>(7) }).await, Ok(7));
    assert_eq!(Page::scrape(&metrics).lookups("sessions"), [0, 1, 1, 0]);
}

#[tokio::test]
async fn a_panicking_init_is_a_miss_and_a_failed_load() {
    let metrics = patient();
    let cache = observed(&metrics);
    let task = tokio::spawn({
        let cache = cache.clone();
        async move { cache.get_with(1, async { panic!("as the test wants") }).await }
    });
    assert!(task.await.expect_err("it panicked").is_panic());
    assert_eq!(Page::scrape(&metrics).lookups("sessions"), [0, 1, 0, 1]);

    let task = tokio::spawn({
        let cache = cache.clone();
        async move {
            let upsert = cache.entry(1).and_upsert_with(|entry| {
                assert!(entry.is_some(), "as the test wants");
                async { 7 }
            });
            upsert.await.into_value()
        }
    });
    assert!(task.await.expect_err("it panicked").is_panic());
    assert_eq!(Page::scrape(&metrics).lookups("sessions"), [0, 2, 0, 1]);
}

#[tokio::test]
async fn a_compute_that_yields_to_another_is_a_hit_if_there_is_an_entry() {
    let metrics = patient();
    let cache = observed(&metrics);
    cache.insert(1, 7).await;
    let computing: Vec<_> = [1, 2]
        .map(|key| {
            let cache = cache.clone();
            tokio::spawn(async move {
                let forever = |_| std::future::pending::<moka::ops::compute::Op<u32>>();
                cache.entry(key).and_compute_with(forever).await
            })
        })
        .into();
    settle().await;
    for (key, lookups) in [(1, [1, 0, 0, 0]), (2, [1, 1, 0, 0])] {
        let compute = cache.entry(key).and_try_compute_if_nobody_else(|_| async { Err("it ran") });
        assert!(compute.await.is_ok(), "somebody else is computing");
        assert_eq!(Page::scrape(&metrics).lookups("sessions"), lookups);
    }
    for task in computing {
        task.abort();
    }
}
