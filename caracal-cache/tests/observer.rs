//! The promises of the observer, for every kind of cache.
#![cfg(all(feature = "future", feature = "sync"))]

mod page;

use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Barrier, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use caracal_cache::{CACHE, CacheObserver, POLICY_CACHE, future, sync};
use caracal_metrics_core::{AttachError, MetricsRegistry};
use moka::future::FutureExt as _;
use moka::notification::RemovalCause;
use page::{Page, patient};

type FutureCache = moka::future::Cache<u32, u32>;
type SyncCache = moka::sync::Cache<u32, u32>;
type SegmentedCache = moka::sync::SegmentedCache<u32, u32>;

fn page(metrics: &MetricsRegistry) -> Page {
    Page::scrape(metrics)
}

fn quiet_listener(
    observer: &CacheObserver,
) -> impl Fn(Arc<u32>, u32, RemovalCause) + Send + Sync + 'static {
    observer.listener(|_, _, _| {})
}

/// A cache with at most two entries, wrapped under the name "small", whose evictions are counted.
fn small_cache(metrics: &MetricsRegistry) -> sync::ObservedCache<u32, u32> {
    let observer = CacheObserver::named("small");
    let cache =
        SyncCache::builder().max_capacity(2).eviction_listener(quiet_listener(&observer)).build();
    observer.wrap(cache, metrics).expect("the name is free")
}

#[test]
fn ten_inserts_and_one_scrape_read_ten() {
    let metrics = patient();
    let sync = CacheObserver::named("sync").wrap(SyncCache::new(100), &metrics);
    let sync = sync.expect("the name is free");
    let segmented = CacheObserver::named("segmented").wrap(SegmentedCache::new(100, 4), &metrics);
    let segmented = segmented.expect("the name is free");
    for key in 0..10 {
        sync.insert(key, key);
        segmented.insert(key, key);
    }
    let page = page(&metrics);
    assert_eq!(page.size("sync"), Some(10));
    assert_eq!(page.size("segmented"), Some(10));
}

#[tokio::test]
async fn ten_inserts_and_one_scrape_read_ten_inside_a_runtime() {
    let metrics = patient();
    let cache = CacheObserver::policy().wrap(FutureCache::new(100), &metrics);
    let cache = cache.expect("the first policy cache");
    for key in 0..10 {
        cache.insert(key, key).await;
    }
    assert_eq!(page(&metrics).count("caracal_policy_cache_size"), Some(10));
}

#[test]
fn entries_that_expired_are_gone_without_any_traffic() {
    let deadline = Instant::now() + Duration::from_secs(60);
    // If the machine stalls between the inserts and the scrape, the next round allows more time.
    for lifetime in (0..).map(|round| Duration::from_millis(200 << round)) {
        let metrics = patient();
        let observer = CacheObserver::named("short");
        let cache = SyncCache::builder()
            .time_to_live(lifetime)
            .eviction_listener(quiet_listener(&observer))
            .build();
        let cache = observer.wrap(cache, &metrics).expect("the name is free");
        let start = Instant::now();
        for key in 0..10 {
            cache.insert(key, key);
        }
        let size = page(&metrics).size("short");
        if start.elapsed() >= lifetime {
            continue;
        }
        assert_eq!(size, Some(10));
        while page(&metrics).size("short") != Some(0) {
            assert!(Instant::now() < deadline, "expired entries stay in the size");
            thread::yield_now();
        }
        assert!(start.elapsed() >= lifetime);
        assert_eq!(page(&metrics).evictions("short"), Some(10));
        return;
    }
}

/// Expires every entry with the operation that inserts it.
struct AtOnce;

impl moka::Expiry<u32, u32> for AtOnce {
    fn expire_after_create(&self, _: &u32, _: &u32, _: Instant) -> Option<Duration> {
        Some(Duration::ZERO)
    }
}

#[test]
fn an_entry_with_an_expiry_of_its_own_goes_when_its_timer_does() {
    let deadline = Instant::now() + Duration::from_secs(60);
    let metrics = patient();
    let cache = SyncCache::builder().expire_after(AtOnce).build();
    let cache = CacheObserver::named("own").wrap(cache, &metrics).expect("the name is free");
    cache.insert(1, 1);
    assert_eq!(cache.get(&1), None);
    // moka's timers advance in steps of about a second. Until the next step, the entry is in the cache
    // and in the size.
    while page(&metrics).size("own") != Some(0) {
        assert!(Instant::now() < deadline, "an expired entry stays in the size");
        thread::yield_now();
    }
}

#[test]
fn a_lazy_size_is_the_one_that_moka_has() {
    let metrics = patient();
    let observer = CacheObserver::named("lazy").lazy_size();
    let cache = observer.wrap(SyncCache::new(100), &metrics).expect("the name is free");
    cache.insert(1, 1);
    // Only operations on the cache run maintenance now, and a scrape is not such an operation.
    let estimate = cache.entry_count();
    assert_eq!(page(&metrics).size("lazy"), Some(estimate));
    cache.run_pending_tasks();
    assert_eq!(page(&metrics).size("lazy"), Some(1));
}

#[test]
fn weights_are_summed_up() {
    let metrics = patient();
    let cache = SyncCache::builder().weigher(|_, value| *value).build();
    let cache = CacheObserver::named("heavy").wrap(cache, &metrics);
    let cache = cache.expect("the name is free");
    cache.insert(1, 30);
    cache.insert(2, 12);
    let page = page(&metrics);
    assert_eq!(page.count(r#"caracal_cache_weighted_size{cache="heavy"}"#), Some(42));
    assert_eq!(page.size("heavy"), Some(2));
}

#[test]
fn the_listener_of_the_user_gets_every_removal_and_so_do_we() {
    let metrics = patient();
    let observer = CacheObserver::named("all");
    let seen = Arc::new(Mutex::new(Vec::new()));
    let cache = SyncCache::builder()
        .max_capacity(2)
        .eviction_policy(moka::policy::EvictionPolicy::lru())
        .eviction_listener(observer.listener({
            let seen = Arc::clone(&seen);
            move |key: Arc<u32>, value, cause| {
                seen.lock().expect("no test panics").push((*key, value, cause));
            }
        }))
        .build();
    // An insert before the cache is wrapped is counted too.
    cache.insert(1, 10);
    cache.insert(1, 11);
    let cache = observer.wrap(cache, &metrics).expect("the name is free");
    assert_eq!(page(&metrics).removals("all"), [Some(0), Some(0), Some(1), Some(0)]);
    cache.invalidate(&1);
    for key in 2..5 {
        cache.insert(key, key);
    }
    assert_eq!(page(&metrics).removals("all"), [Some(0), Some(1), Some(1), Some(1)]);
    assert_eq!(page(&metrics).evictions("all"), Some(1));
    let expected = [
        (1, 10, RemovalCause::Replaced),
        (1, 11, RemovalCause::Explicit),
        (2, 2, RemovalCause::Size),
    ];
    assert_eq!(*seen.lock().expect("no test panics"), expected);
}

/// Removes three entries from a cache, and returns how many removals were counted.
macro_rules! three_removals {
    ($builder:expr, $metrics:expr, $observer:expr $(, $wait:ident)?) => {{
        let cache = $observer.wrap($builder.build(), $metrics).expect("the name is free");
        for key in 0..3_u32 {
            cache.insert(key, key)$(.$wait)?;
            cache.invalidate(&key)$(.$wait)?;
        }
        page($metrics).removals("panics")[1]
    }};
}

#[test]
fn a_panicking_listener_is_switched_off_and_ours_goes_on() {
    let calls = Arc::new(AtomicU64::new(0));
    let panics = {
        let calls = Arc::clone(&calls);
        move |_: Arc<u32>, _: u32, _: RemovalCause| {
            calls.fetch_add(1, Relaxed);
            panic!("as the test wants");
        }
    };
    let (metrics, observer) = (patient(), CacheObserver::named("panics"));
    let builder = SyncCache::builder().eviction_listener(observer.listener(panics.clone()));
    assert_eq!(three_removals!(builder, &metrics, observer), Some(3));
    assert_eq!(calls.swap(0, Relaxed), 1, "moka does not call it again either");

    let (metrics, observer) = (patient(), CacheObserver::named("panics"));
    let builder = SegmentedCache::builder(4).eviction_listener(observer.listener(panics));
    assert_eq!(three_removals!(builder, &metrics, observer), Some(3));
    assert_eq!(calls.swap(0, Relaxed), 1);
}

#[tokio::test]
async fn a_panicking_async_listener_is_switched_off_and_ours_goes_on() {
    let calls = Arc::new(AtomicU64::new(0));
    let count = {
        let calls = Arc::clone(&calls);
        move || calls.fetch_add(1, Relaxed)
    };
    let (metrics, observer) = (patient(), CacheObserver::named("panics"));
    let listener = observer.listener({
        let count = count.clone();
        move |_, _, _| {
            count();
            panic!("in a plain listener, as the test wants")
        }
    });
    let builder = FutureCache::builder().eviction_listener(listener);
    assert_eq!(three_removals!(builder, &metrics, observer, await), Some(3));
    assert_eq!(calls.swap(0, Relaxed), 1);

    let (metrics, observer) = (patient(), CacheObserver::named("panics"));
    let listener = observer.async_listener({
        let count = count.clone();
        move |_, _, _| {
            count();
            assert_eq!(1, 2, "before there is a future, as the test wants");
            async {}
        }
    });
    let builder = FutureCache::builder().async_eviction_listener(listener);
    assert_eq!(three_removals!(builder, &metrics, observer, await), Some(3));
    assert_eq!(calls.swap(0, Relaxed), 1);

    let (metrics, observer) = (patient(), CacheObserver::named("panics"));
    let listener = observer.async_listener(move |_, _, _| {
        count();
        async {
            tokio::task::yield_now().await;
            panic!("in the future, as the test wants")
        }
    });
    let builder = FutureCache::builder().async_eviction_listener(listener);
    assert_eq!(three_removals!(builder, &metrics, observer, await), Some(3));
    assert_eq!(calls.swap(0, Relaxed), 1);
}

#[tokio::test]
async fn an_async_listener_of_the_user_runs_to_its_end() {
    let metrics = patient();
    let observer = CacheObserver::named("async");
    let seen = Arc::new(Mutex::new(Vec::new()));
    // A closure that works with moka alone: it returns a boxed future.
    let listener = observer.async_listener({
        let seen = Arc::clone(&seen);
        move |key: Arc<u32>, value: u32, cause| {
            let seen = Arc::clone(&seen);
            async move {
                tokio::task::yield_now().await;
                seen.lock().expect("no test panics").push((*key, value, cause));
            }
            .boxed()
        }
    });
    let cache = FutureCache::builder().async_eviction_listener(listener).build();
    let cache = observer.wrap(cache, &metrics).expect("the name is free");
    cache.insert(1, 10).await;
    cache.insert(1, 11).await;
    assert_eq!(cache.remove(&1).await, Some(11));
    let expected = [(1, 10, RemovalCause::Replaced), (1, 11, RemovalCause::Explicit)];
    assert_eq!(*seen.lock().expect("no test panics"), expected);
    assert_eq!(page(&metrics).removals("async"), [Some(0), Some(1), Some(1), Some(0)]);
}

#[test]
fn without_our_listener_there_is_no_false_zero() {
    let metrics = patient();
    let cache = SyncCache::builder().max_capacity(1).build();
    let cache = CacheObserver::named("plain").wrap(cache, &metrics).expect("the name is free");
    cache.insert(1, 1);
    cache.insert(2, 2);
    assert!(!cache.counts_evictions());
    let page = page(&metrics);
    assert_eq!(page.size("plain"), Some(1), "one was evicted");
    assert_eq!(page.evictions("plain"), None);
    assert_eq!(page.removals("plain"), [None; 4]);
}

#[test]
fn a_listener_that_was_replaced_counts_nothing_and_says_so() {
    let metrics = patient();
    let observer = CacheObserver::named("replaced");
    let cache = SyncCache::builder()
        .eviction_listener(quiet_listener(&observer))
        .eviction_listener(|_, _, _| {})
        .build();
    let cache = observer.wrap(cache, &metrics).expect("the name is free");
    assert!(!cache.counts_evictions());
    assert_eq!(page(&metrics).evictions("replaced"), None);
}

#[test]
fn a_name_is_taken_until_the_last_clone_is_dropped() {
    let metrics = patient();
    let cache = small_cache(&metrics);
    let clone = cache.clone();
    let bare = cache.inner().clone();
    let taken = CacheObserver::named("small").wrap(SyncCache::new(1), &metrics);
    let expected = AttachError::NameTaken { kind: CACHE, name: "small".to_owned() };
    assert_eq!(taken.err(), Some(expected));
    drop(cache);
    assert!(page(&metrics).has("small"));
    drop(clone);
    // The inner cache continues to exist, with our listener in it.
    bare.insert(1, 1);
    bare.invalidate(&1);
    assert!(!page(&metrics).has("small"));
    let again = CacheObserver::named("small").wrap(bare, &metrics).expect("the name is free");
    assert_eq!(page(&metrics).lookups("small"), [0; 4]);
    assert_eq!(again.into_inner().get(&1), None);
    assert!(!page(&metrics).has("small"));
    let empty = CacheObserver::named("").wrap(SyncCache::new(1), &metrics);
    let expected = AttachError::EmptyName { kind: CACHE };
    assert_eq!(empty.err(), Some(expected));
}

#[test]
fn there_is_one_policy_cache_and_its_name_is_reserved() {
    let metrics = patient();
    let policy = CacheObserver::policy().wrap(SyncCache::new(1), &metrics);
    let policy = policy.expect("the first policy cache");
    let second = CacheObserver::policy().wrap(SyncCache::new(1), &metrics).err();
    assert_eq!(second, Some(AttachError::UnnamedTaken { kind: POLICY_CACHE }));
    let taken = AttachError::NameTaken { kind: CACHE, name: "policy".to_owned() };
    let named = CacheObserver::named("policy").wrap(SyncCache::new(1), &metrics).err();
    assert_eq!(named, Some(taken.clone()));
    drop(policy);
    let named = CacheObserver::named("policy").wrap(SyncCache::new(1), &metrics);
    let named = named.expect("the name is free");
    let policy = CacheObserver::policy().wrap(SyncCache::new(1), &metrics).err();
    assert_eq!(policy, Some(taken));
    drop(named);
    // The failed attempt left nothing behind.
    assert!(CacheObserver::policy().wrap(SyncCache::new(1), &metrics).is_ok());
}

#[test]
fn what_the_policy_cache_counted_stays() {
    let metrics = patient();
    let observer = CacheObserver::policy();
    let cache =
        SyncCache::builder().max_capacity(2).eviction_listener(quiet_listener(&observer)).build();
    let cache = observer.wrap(cache, &metrics).expect("the first policy cache");
    for key in 0..5 {
        cache.get_with(key, || key);
    }
    cache.run_pending_tasks();
    assert_eq!(cache.get(&99), None);
    // No scrape has counted these evictions yet.
    drop(cache);
    let page = page(&metrics);
    assert_eq!(page.count("caracal_policy_cache_misses_total"), Some(6));
    assert_eq!(page.count("caracal_policy_cache_evictions_total"), Some(3));
    assert!(!page.has(r#"cache="policy""#));
}

#[test]
fn a_panicking_predicate_does_not_fail_the_scrape() {
    let metrics = patient();
    let cache = SyncCache::builder().support_invalidation_closures().build();
    let cache = CacheObserver::named("predicate").wrap(cache, &metrics);
    let cache = cache.expect("the name is free");
    cache.insert(1, 1);
    let invalidated = cache.invalidate_entries_if(|_, _| panic!("as the test wants"));
    invalidated.expect("the cache supports it");
    let scrape = std::panic::catch_unwind(AssertUnwindSafe(|| page(&metrics)));
    assert!(scrape.is_ok_and(|page| page.size("predicate").is_some()));
}

#[test]
fn sixty_four_threads_on_a_missing_key_are_one_miss_and_one_load() {
    let metrics = patient();
    let cache = CacheObserver::named("herd").wrap(SyncCache::new(10), &metrics);
    let cache = cache.expect("the name is free");
    let start = Barrier::new(64);
    thread::scope(|scope| {
        for _ in 0..64 {
            scope.spawn(|| {
                start.wait();
                cache.get_with(1, || {
                    thread::yield_now();
                    7
                })
            });
        }
    });
    assert_eq!(page(&metrics).lookups("herd"), [63, 1, 1, 0]);
}

#[test]
fn a_panicking_init_is_a_miss_and_a_failed_load() {
    let metrics = patient();
    let cache = small_cache(&metrics);
    let panics = || cache.get_with(1, || panic!("as the test wants"));
    assert!(std::panic::catch_unwind(AssertUnwindSafe(panics)).is_err());
    let panics = || cache.entry(1).and_upsert_with(|_| panic!("as the test wants"));
    assert!(std::panic::catch_unwind(AssertUnwindSafe(panics)).is_err());
    assert_eq!(page(&metrics).lookups("small"), [0, 2, 0, 1]);
}

#[test]
fn a_load_is_timed() {
    let metrics = patient();
    let cache = small_cache(&metrics);
    let mut took = Duration::ZERO;
    cache.get_with(1, || {
        let start = Instant::now();
        while start.elapsed() < Duration::from_millis(2) {
            thread::yield_now();
        }
        took = start.elapsed();
        7
    });
    let family = "caracal_cache_load_duration_seconds";
    let labels = [("cache", "small"), ("result", "success")];
    let sum = metrics.sample(&format!("{family}_sum"), &labels).expect("there was a load");
    assert!(sum >= took.as_secs_f64(), "{sum} s is less than {took:?}");
    let bucket =
        metrics.sample(&format!("{family}_bucket"), &[labels[0], labels[1], ("le", "0.001")]);
    assert_eq!(bucket, Some(0.0));
}

#[test]
fn futures_can_be_sent() {
    fn send<T: Send>(_: T) {}
    fn handle<T: Send + Sync + Clone>(_: &T) {}

    let metrics = patient();
    let cache = CacheObserver::named("send").wrap(FutureCache::new(1), &metrics);
    let cache: future::ObservedCache<_, _> = cache.expect("the name is free");
    handle(&cache);
    handle(&small_cache(&metrics));
    send(cache.get(&1));
    send(cache.get_with(1, async { 1 }));
    send(cache.try_get_with_by_ref(&1, async { Err(()) }));
    send(cache.entry(1).and_upsert_with(|_| async { 1 }));
    send(cache.entry_by_ref(&1).or_insert_with_if(async { 1 }, |_| true));
    send(
        cache.entry(1).and_try_compute_if_nobody_else(|_| async {
            Err::<moka::ops::compute::Op<u32>, _>(())
        }),
    );
    send(cache.run_pending_tasks());
}
