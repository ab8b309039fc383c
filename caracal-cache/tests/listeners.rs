//! How a scrape runs the user's code in a cache: completely or not at all. The page does not depend on
//! it.
#![cfg(all(feature = "future", feature = "sync", feature = "tokio"))]

mod page;

use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex, OnceLock};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use caracal_cache::{CacheObserver, future, sync};
use caracal_metrics_core::MetricsRegistry;
use page::{Page, patient};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Semaphore;
use tokio::time::timeout;

/// Far longer than anything in this file takes.
const LONG: Duration = Duration::from_secs(60);

const ERRORS: &str = "caracal_metrics_collection_errors_total";

/// A registry whose scrapes have a short timeout.
fn impatient() -> MetricsRegistry {
    let builder = MetricsRegistry::builder().collection_timeout(Duration::from_millis(100));
    builder.build().expect("the settings are valid")
}

fn runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("there are threads")
}

/// Waits for a condition that becomes true without further action.
fn wait_until(what: &str, condition: impl Fn() -> bool) {
    let deadline = Instant::now() + LONG;
    while !condition() {
        assert!(Instant::now() < deadline, "{what}");
        thread::sleep(Duration::from_millis(1));
    }
}

/// Runs a scene that would hang if a promise were broken.
fn without_hanging(scene: impl FnOnce() + Send + 'static) {
    let scene = thread::spawn(scene);
    wait_until("it hangs", || scene.is_finished());
    scene.join().expect("the scene does not panic");
}

/// A cache in which all entries have expired.
async fn expired<F, Fut>(metrics: &MetricsRegistry, listener: F) -> future::ObservedCache<u32, u32>
where
    F: Fn() -> Fut + Send + Sync + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    let observer = CacheObserver::named("sessions");
    let cache = moka::future::Cache::builder()
        .time_to_live(Duration::from_millis(1))
        .async_eviction_listener(observer.async_listener(move |_, _, _| listener()))
        .build();
    let cache = observer.wrap(cache, metrics).expect("the name is free");
    for key in 0..3 {
        cache.insert(key, key).await;
    }
    while (0..3).any(|key| cache.contains_key(&key)) {
        tokio::task::yield_now().await;
    }
    cache
}

/// Scrapes like an endpoint: on a thread for blocking work.
async fn scrape(metrics: &MetricsRegistry) -> Page {
    let metrics = metrics.clone();
    let page = tokio::task::spawn_blocking(move || Page::scrape(&metrics));
    page.await.expect("a scrape does not panic")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_async_listener_that_a_scrape_starts_is_driven_to_its_end() {
    let metrics = patient();
    // The connections of a pool with one connection.
    let pool = Arc::new(Semaphore::new(1));
    let done = Arc::new(AtomicU64::new(0));
    let cache = expired(&metrics, {
        let (pool, done) = (Arc::clone(&pool), Arc::clone(&done));
        move || {
            let (pool, done) = (Arc::clone(&pool), Arc::clone(&done));
            async move {
                let _connection = pool.acquire_owned().await.expect("it is not closed");
                // A query, which needs the runtime.
                tokio::time::sleep(Duration::from_millis(5)).await;
                done.fetch_add(1, SeqCst);
            }
        }
    })
    .await;
    scrape(&metrics).await;
    // Nothing uses the cache from here on, but no operation may remain incomplete.
    let acquired = timeout(LONG, pool.acquire()).await;
    drop(acquired.expect("the listener gives the connection back").expect("it is not closed"));
    timeout(LONG, cache.insert(0, 2)).await.expect("no lock on the key is left behind");
    wait_until("each entry has its end", || done.load(SeqCst) >= 3);
    let page = scrape(&metrics).await;
    // The entry that was just inserted may also have expired.
    assert!(matches!(page.evictions("sessions"), Some(3 | 4)));
    assert_eq!(page.count(ERRORS), Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_async_listener_that_never_ends_costs_no_page() {
    let metrics = impatient();
    let (started, done) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let go = Arc::new(Semaphore::new(0));
    let cache = expired(&metrics, {
        let (started, done, go) = (Arc::clone(&started), Arc::clone(&done), Arc::clone(&go));
        move || {
            let (started, done, go) = (Arc::clone(&started), Arc::clone(&done), Arc::clone(&go));
            async move {
                started.fetch_add(1, SeqCst);
                go.acquire_owned().await.expect("it is not closed").forget();
                done.fetch_add(1, SeqCst);
            }
        }
    })
    .await;
    for scrapes in 1..=20 {
        let page = scrape(&metrics).await;
        assert!(page.has("caracal_policy_cache_hits_total"), "the rest of the page is there");
        assert_eq!(page.lookups("sessions"), [0; 4]);
        assert_eq!(page.count(ERRORS), Some(scrapes));
    }
    assert_eq!((started.load(SeqCst), done.load(SeqCst)), (1, 0));
    // Once it ends, the metrics catch up.
    go.add_permits(10);
    let deadline = Instant::now() + LONG;
    while scrape(&metrics).await.evictions("sessions") != Some(3) {
        assert!(Instant::now() < deadline, "evictions are lost");
    }
    assert_eq!(done.load(SeqCst), 3);
    drop(cache);
}

#[test]
fn without_a_runtime_no_async_listener_is_started() {
    let metrics = patient();
    let started = Arc::new(AtomicU64::new(0));
    let observer = CacheObserver::named("elsewhere");
    let listener = {
        let started = Arc::clone(&started);
        move |_: Arc<u32>, _: u32, _| {
            started.fetch_add(1, SeqCst);
            std::future::ready(())
        }
    };
    let cache = moka::future::Cache::builder()
        .time_to_live(Duration::ZERO)
        .async_eviction_listener(observer.async_listener(listener))
        .build();
    let cache = observer.wrap(cache, &metrics).expect("the name is free");
    // An executor that is unknown to us.
    let drive = |future: &mut dyn FnMut(&mut Context<'_>) -> Poll<()>| {
        assert_eq!(future(&mut Context::from_waker(Waker::noop())), Poll::Ready(()));
    };
    let mut insert = Box::pin(cache.insert(1, 1));
    drive(&mut |context| insert.as_mut().poll(context));
    for _ in 0..3 {
        assert_eq!(Page::scrape(&metrics).evictions("elsewhere"), Some(0));
    }
    assert_eq!(started.load(SeqCst), 0);
    let mut maintenance = Box::pin(cache.run_pending_tasks());
    drive(&mut |context| maintenance.as_mut().poll(context));
    assert_eq!(started.load(SeqCst), 1);
    assert_eq!(Page::scrape(&metrics).evictions("elsewhere"), Some(1));
}

#[test]
fn a_listener_survives_the_end_of_the_runtime_that_it_was_made_in() {
    let metrics = patient();
    let done = Arc::new(AtomicU64::new(0));
    let first = runtime();
    let cache = first.block_on(expired(&metrics, {
        let done = Arc::clone(&done);
        move || {
            let done = Arc::clone(&done);
            async move {
                // Panics if there is no runtime, or if the runtime was shut down.
                tokio::time::sleep(Duration::from_millis(1)).await;
                done.fetch_add(1, SeqCst);
            }
        }
    }));
    drop(first);
    Page::scrape(&metrics);
    assert_eq!(done.load(SeqCst), 0);
    let second = runtime();
    second.block_on(cache.run_pending_tasks());
    assert_eq!(done.load(SeqCst), 3, "it was not switched off");
}

#[test]
fn a_listener_may_use_the_runtime_that_its_cache_was_wrapped_in() {
    let runtime = runtime();
    let metrics = patient();
    let told = Arc::new(AtomicU64::new(0));
    let observer = CacheObserver::named("sessions");
    let listener = {
        let told = Arc::clone(&told);
        move |_: Arc<u32>, _: u32, _| {
            let told = Arc::clone(&told);
            tokio::spawn(async move { told.fetch_add(1, SeqCst) });
        }
    };
    let cache = moka::sync::Cache::builder()
        .time_to_live(Duration::ZERO)
        .eviction_listener(observer.listener(listener))
        .build();
    let cache = runtime.block_on(async { observer.wrap(cache, &metrics) });
    let cache = cache.expect("the name is free");
    cache.insert(1, 1);
    let deadline = Instant::now() + LONG;
    while Page::scrape(&metrics).evictions("sessions") != Some(1) {
        assert!(Instant::now() < deadline, "the entry never expires");
    }
    wait_until("the listener is switched off", || told.load(SeqCst) == 1);
}

/// A cache with a capacity of two that contains ten entries, because none has been evicted yet.
fn full<F>(
    observer: CacheObserver,
    metrics: &MetricsRegistry,
    listener: F,
) -> sync::ObservedCache<u32, u32>
where
    F: Fn() + Send + Sync + 'static,
{
    let cache = moka::sync::Cache::builder()
        .max_capacity(2)
        .eviction_listener(observer.listener(move |_, _, _| listener()))
        .build();
    let cache = observer.wrap(cache, metrics).expect("the name is free");
    for key in 0..10 {
        cache.insert(key, key);
    }
    cache
}

#[test]
fn metrics_are_read_while_a_lock_is_held_that_the_listener_takes() {
    without_hanging(|| {
        let metrics = impatient();
        let index = Arc::new(Mutex::new(()));
        let cache = full(CacheObserver::named("sessions"), &metrics, {
            let index = Arc::clone(&index);
            move || drop(index.lock().expect("nobody panics"))
        });
        let held = index.lock().expect("nobody panics");
        for scrapes in 1..=20 {
            assert_eq!(Page::scrape(&metrics).count(ERRORS), Some(scrapes));
        }
        drop(held);
        while Page::scrape(&metrics).size("sessions") != Some(2) {}
        assert_eq!(Page::scrape(&metrics).evictions("sessions"), Some(8));
        drop(cache);
    });
}

#[test]
fn a_lazy_size_runs_no_listener() {
    without_hanging(|| {
        let metrics = patient();
        let index = Arc::new(Mutex::new(()));
        let cache = full(CacheObserver::named("sessions").lazy_size(), &metrics, {
            let index = Arc::clone(&index);
            move || drop(index.lock().expect("nobody panics"))
        });
        let held = index.lock().expect("nobody panics");
        let page = Page::scrape(&metrics);
        assert_eq!(page.size("sessions"), Some(cache.entry_count()));
        assert_eq!(page.count(ERRORS), Some(0));
        drop(held);
    });
}

#[test]
fn a_listener_may_read_the_metrics() {
    without_hanging(|| {
        let metrics = patient();
        let read = Arc::new(AtomicU64::new(0));
        let cache = full(CacheObserver::named("sessions"), &metrics, {
            let (metrics, read) = (metrics.clone(), Arc::clone(&read));
            move || {
                let seen = Page::scrape(&metrics);
                assert!(seen.has(r#"caracal_cache_hits_total{cache="sessions"}"#));
                read.fetch_add(1, SeqCst);
            }
        });
        // On the thread of the scrape, and on a thread of the user.
        let page = Page::scrape(&metrics);
        assert_eq!((page.size("sessions"), read.load(SeqCst)), (Some(2), 8));
        for key in 10..20 {
            cache.insert(key, key);
        }
        cache.run_pending_tasks();
        assert_eq!(read.load(SeqCst), 18);
        assert_eq!(Page::scrape(&metrics).count(ERRORS), Some(0));
    });
}

#[test]
fn a_predicate_may_read_the_metrics() {
    without_hanging(|| {
        let metrics = patient();
        let cache = moka::sync::Cache::builder().support_invalidation_closures().build();
        let cache = CacheObserver::named("sessions").wrap(cache, &metrics);
        let cache = cache.expect("the name is free");
        for key in 0..10_u32 {
            cache.insert(key, key);
        }
        let inner = metrics.clone();
        let invalidated = cache.invalidate_entries_if(move |key, _| {
            Page::scrape(&inner);
            key % 2 == 0
        });
        invalidated.expect("the cache supports it");
        let page = Page::scrape(&metrics);
        assert_eq!((page.size("sessions"), page.count(ERRORS)), (Some(5), Some(0)));
    });
}

/// Reads the metrics when it is dropped.
#[derive(Clone)]
struct ReadsWhenDropped(Arc<OnceLock<MetricsRegistry>>);

impl Drop for ReadsWhenDropped {
    fn drop(&mut self) {
        if let Some(metrics) = self.0.get() {
            Page::scrape(metrics);
        }
    }
}

#[test]
fn a_value_may_read_the_metrics_when_it_is_dropped() {
    without_hanging(|| {
        let metrics = impatient();
        let cache = moka::sync::Cache::builder().max_capacity(2).build();
        let cache = CacheObserver::named("sessions").wrap(cache, &metrics);
        let cache = cache.expect("the name is free");
        let armed = Arc::new(OnceLock::new());
        for key in 0..10 {
            cache.insert(key, ReadsWhenDropped(Arc::clone(&armed)));
        }
        assert!(armed.set(metrics.clone()).is_ok());
        while Page::scrape(&metrics).size("sessions") != Some(2) {}
        drop(cache);
        assert!(!Page::scrape(&metrics).has("sessions"));
    });
}

#[test]
fn a_listener_that_hangs_in_its_own_cache_costs_no_page() {
    without_hanging(|| {
        let metrics = impatient();
        let own = Arc::new(OnceLock::new());
        let inside = Arc::new(AtomicBool::new(false));
        let cache = full(CacheObserver::named("sessions"), &metrics, {
            let (own, inside) = (Arc::clone(&own), Arc::clone(&inside));
            move || {
                let own: &sync::ObservedCache<u32, u32> = own.get().expect("it is set");
                inside.store(true, SeqCst);
                // moka's lock is not reentrant, so this never returns, with or without our wrapper.
                own.run_pending_tasks();
            }
        });
        assert!(own.set(cache.clone()).is_ok());
        let other = CacheObserver::named("other").wrap(moka::sync::Cache::new(10), &metrics);
        let other = other.expect("the name is free");
        for key in 0..20_u32 {
            other.insert(key, key);
            other.get(&key);
            let page = Page::scrape(&metrics);
            assert_eq!(page.lookups("other")[0], u64::from(key) + 1);
        }
        assert!(inside.load(SeqCst));
        // The other cache is up to date as soon as its callback has run.
        while Page::scrape(&metrics).size("other") != Some(10) {}
    });
}
