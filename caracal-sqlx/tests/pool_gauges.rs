//! The series of a pool, and when a scrape contains them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;

use caracal_metrics_core::{AttachError, Format, MetricsRegistry};
use caracal_sqlx::PoolObserver;
use sqlx::SqlitePool;
use sqlx::sqlite::SqlitePoolOptions;
use tokio::sync::Barrier;

fn lazy_pool(max: u32) -> SqlitePool {
    options(max).connect_lazy("sqlite::memory:").unwrap()
}

fn options(max: u32) -> SqlitePoolOptions {
    SqlitePoolOptions::new().max_connections(max)
}

fn gauge(metrics: &MetricsRegistry, name: &str) -> Option<f64> {
    metrics.sample(&format!("caracal_database_connection_pool_{name}"), &[])
}

fn named_size(metrics: &MetricsRegistry, pool: &str) -> Option<f64> {
    metrics.sample("caracal_database_connection_pool_size", &[("pool", pool)])
}

#[tokio::test]
async fn size_is_the_capacity_however_few_connections_are_open() {
    let metrics = MetricsRegistry::new();
    let pool = lazy_pool(10);
    let _guard = PoolObserver::new(&pool).attach(&metrics).unwrap();
    let all = || {
        ["size", "checked_out", "overflow", "open", "idle", "min"].map(|name| gauge(&metrics, name))
    };

    assert_eq!(all(), [10.0, 0.0, 0.0, 0.0, 0.0, 0.0].map(Some));
    let connection = pool.acquire().await.unwrap();
    assert_eq!(all(), [10.0, 1.0, 0.0, 1.0, 0.0, 0.0].map(Some));
    // `drop` returns the connection in a task, and `close` returns it here.
    connection.close().await.unwrap();
    assert_eq!(all(), [10.0, 0.0, 0.0, 0.0, 0.0, 0.0].map(Some));
}

#[tokio::test]
async fn connections_beyond_the_floor_are_overflow() {
    let metrics = MetricsRegistry::new();
    let pool = options(5).min_connections(2).connect("sqlite::memory:").await.unwrap();
    let guard = PoolObserver::new(&pool).attach(&metrics).unwrap();

    let mut held = Vec::new();
    for _ in 0..5 {
        held.push(pool.acquire().await.unwrap());
    }
    assert_eq!(gauge(&metrics, "min"), Some(2.0));
    assert_eq!(gauge(&metrics, "overflow"), Some(3.0));

    drop(guard);
    let _guard = PoolObserver::new(&pool).baseline(4).attach(&metrics).unwrap();
    assert_eq!(gauge(&metrics, "min"), Some(2.0));
    assert_eq!(gauge(&metrics, "overflow"), Some(1.0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn under_churn_no_more_are_checked_out_than_there_are_and_all_when_all_are_held() {
    const CONNECTIONS: u32 = 4;
    const TASKS: usize = 16;
    const ROUNDS: usize = 200;
    let metrics = MetricsRegistry::new();
    let pool = lazy_pool(CONNECTIONS);
    let _guard = PoolObserver::new(&pool).attach(&metrics).unwrap();

    let done = Arc::new(AtomicBool::new(false));
    let sampler = std::thread::spawn({
        let (metrics, done) = (metrics.clone(), Arc::clone(&done));
        move || {
            let mut samples = 0_u32;
            while !done.load(Relaxed) || samples == 0 {
                let page = String::from_utf8(metrics.generate_metrics()).unwrap();
                let of = |name: &str| -> f64 {
                    let start = format!("caracal_database_connection_pool_{name} ");
                    let line = page.lines().find_map(|line| line.strip_prefix(&start));
                    line.expect("the gauge is there").parse().unwrap()
                };
                let (checked_out, open, idle) = (of("checked_out"), of("open"), of("idle"));
                assert!((0.0..=f64::from(CONNECTIONS)).contains(&checked_out), "{checked_out}");
                assert!((checked_out + idle - open).abs() < 0.5, "{checked_out} {idle} {open}");
                samples += 1;
            }
            samples
        }
    });

    let barrier = Arc::new(Barrier::new(TASKS));
    let tasks: Vec<_> = (0..TASKS)
        .map(|_| {
            let (pool, barrier) = (pool.clone(), Arc::clone(&barrier));
            tokio::spawn(async move {
                barrier.wait().await;
                for _ in 0..ROUNDS {
                    drop(pool.acquire().await.unwrap());
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    done.store(true, Relaxed);
    assert!(sampler.join().unwrap() > 0);

    let mut held = Vec::new();
    for _ in 0..CONNECTIONS {
        held.push(pool.acquire().await.unwrap());
    }
    for _ in 0..1_000 {
        assert_eq!(gauge(&metrics, "checked_out"), Some(f64::from(CONNECTIONS)));
    }
}

#[tokio::test]
async fn pools_with_names_have_a_series_each() {
    let metrics = MetricsRegistry::new();
    let (primary, replica) = (lazy_pool(7), lazy_pool(3));
    let first = PoolObserver::new(&primary).named("primary").attach(&metrics).unwrap();
    let _second = PoolObserver::new(&replica).named("replica").attach(&metrics).unwrap();

    assert_eq!(first.name(), Some("primary"));
    assert_eq!(named_size(&metrics, "primary"), Some(7.0));
    assert_eq!(named_size(&metrics, "replica"), Some(3.0));
    assert_eq!(gauge(&metrics, "size"), None);

    drop(first);
    assert_eq!(named_size(&metrics, "primary"), None);
    assert_eq!(named_size(&metrics, "replica"), Some(3.0));
}

#[tokio::test]
async fn what_could_not_be_told_apart_is_refused() {
    let attach = |metrics: &MetricsRegistry, name: Option<&str>| {
        let observer = PoolObserver::new(&lazy_pool(1));
        match name {
            Some(name) => observer.named(name).attach(metrics),
            None => observer.attach(metrics),
        }
    };

    let metrics = MetricsRegistry::new();
    let _unnamed = attach(&metrics, None).unwrap();
    assert!(matches!(attach(&metrics, None), Err(AttachError::UnnamedTaken { .. })));
    assert!(matches!(attach(&metrics, Some("a")), Err(AttachError::NamedAndUnnamed { .. })));

    let metrics = MetricsRegistry::new();
    let _named = attach(&metrics, Some("a")).unwrap();
    assert!(matches!(attach(&metrics, Some("a")), Err(AttachError::NameTaken { .. })));
    assert!(matches!(attach(&metrics, Some("")), Err(AttachError::EmptyName { .. })));
    assert!(matches!(attach(&metrics, None), Err(AttachError::NamedAndUnnamed { .. })));
    // A refused attachment leaves nothing behind.
    let _other = attach(&metrics, Some("b")).unwrap();
    assert_eq!(named_size(&metrics, "a"), Some(1.0));
}

/// The families of pools, without the registry's own families.
fn pool_lines(metrics: &MetricsRegistry) -> Vec<String> {
    let page = String::from_utf8(metrics.generate_metrics()).unwrap();
    let of_pools = page.lines().filter(|line| line.contains("caracal_database_connection_pool_"));
    of_pools.filter(|line| !line.starts_with("caracal_metrics_")).map(str::to_owned).collect()
}

#[tokio::test]
async fn dropping_the_guard_leaves_no_trace_and_frees_the_name() {
    let metrics = MetricsRegistry::new();
    // The three gauges of the catalogue are at 0, as without an adapter. There are no other families.
    let before = pool_lines(&metrics);
    let pool = lazy_pool(3);
    let guard = PoolObserver::new(&pool).attach(&metrics).unwrap();
    assert_eq!(gauge(&metrics, "size"), Some(3.0));
    drop(guard);
    assert_eq!(pool_lines(&metrics), before);

    for _ in 0..2 {
        let guard = PoolObserver::new(&pool).named("primary").attach(&metrics).unwrap();
        assert_eq!(named_size(&metrics, "primary"), Some(3.0));
        drop(guard);
        assert_eq!(pool_lines(&metrics), before);
    }
}

#[tokio::test]
async fn closing_the_pool_leaves_no_trace_while_the_guard_lives() {
    let metrics = MetricsRegistry::new();
    let before = pool_lines(&metrics);
    let pool = lazy_pool(3);
    let guard = PoolObserver::new(&pool).attach(&metrics).unwrap();
    assert_eq!(gauge(&metrics, "size"), Some(3.0));

    pool.close().await;
    assert_eq!(pool_lines(&metrics), before);
    drop(guard);
}

#[tokio::test]
async fn a_closed_pool_is_in_nobodys_way_even_before_a_scrape() {
    let metrics = MetricsRegistry::new();
    let old = lazy_pool(3);
    let _old = PoolObserver::new(&old).attach(&metrics).unwrap();
    old.close().await;

    let new = lazy_pool(5);
    let _new = PoolObserver::new(&new).attach(&metrics).unwrap();
    assert_eq!(gauge(&metrics, "size"), Some(5.0));
}

#[tokio::test]
async fn the_registry_does_not_keep_the_pool() {
    let metrics = MetricsRegistry::new();
    let pool = lazy_pool(1);
    let guard = PoolObserver::new(&pool).attach(&metrics).unwrap();
    // sqlx closes a pool when its last handle is dropped.
    let closed = pool.close_event();
    drop(pool);
    assert_eq!(gauge(&metrics, "size"), Some(1.0));
    drop(guard);
    closed.await;
}

/// Stops the scrapes, even if the test fails.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Relaxed);
    }
}

#[tokio::test]
async fn the_name_of_a_dropped_pool_is_free_while_scrapes_read_it() {
    let metrics = MetricsRegistry::new();
    let pool = lazy_pool(1);
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut page = Vec::new();
            while !done.load(Relaxed) {
                page.clear();
                // A short page, so that most of the time goes into reading the pool.
                let names = ["caracal_database_connection_pool_size"];
                metrics.encode_named(Format::Text, &names, &mut page);
            }
        });
        let _stop = Stop(&done);
        for _ in 0..5_000 {
            let observer = PoolObserver::new(&pool).named("again");
            drop(observer.attach(&metrics).expect("the name is free"));
        }
    });
    assert_eq!(named_size(&metrics, "again"), None);
}

/// The pool's own hook also runs. Each connection counts when it is opened and when it has left.
#[cfg(feature = "sqlite")]
#[tokio::test]
async fn connections_are_counted_as_they_come_and_go() {
    let connections = caracal_sqlx::ConnectionCounter::new();
    let hooked = Arc::new(std::sync::atomic::AtomicU64::new(0));
    let seen = Arc::clone(&hooked);
    let hook = connections.after_connect::<sqlx::Sqlite, _>(move |_, _| {
        seen.fetch_add(1, Relaxed);
        Box::pin(std::future::ready(Ok(())))
    });
    let options = SqlitePoolOptions::new().max_connections(3).after_connect(hook);
    let pool = options.connect_lazy("sqlite::memory:").unwrap();
    let metrics = MetricsRegistry::new();
    let pool = PoolObserver::new(&Arc::new(pool)).connections(&connections);
    let pool = pool.wrap(&metrics).unwrap();
    let counts = || {
        ["opened", "closed"].map(|name| {
            let name = format!("caracal_database_connection_pool_{name}_connections_total");
            metrics.sample(&name, &[]).unwrap()
        })
    };
    assert_eq!(counts(), [0.0, 0.0]);
    let (first, second) = (pool.acquire().await.unwrap(), pool.acquire().await.unwrap());
    assert_eq!(counts(), [2.0, 0.0]);
    first.close().await.unwrap();
    assert_eq!(counts(), [2.0, 1.0]);
    drop(second.into_inner().detach());
    assert_eq!(counts(), [2.0, 2.0]);
    let third = pool.acquire().await.unwrap();
    assert_eq!(counts(), [3.0, 2.0]);
    assert_eq!(hooked.load(Relaxed), 3);
    drop(third);
}
