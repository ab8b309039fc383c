//! Waiting for a connection, holding it, and not getting one.

mod page;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use caracal_metrics_core::MetricsRegistry;
use caracal_sqlx::{ObservedPool, PoolObserver};
use futures_util::TryStreamExt as _;
use page::{Counts, connection_errors, observed, pool_sample, queries};
use prometheus::core::Collector;
use sqlx::Sqlite;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions};

fn impatient() -> (MetricsRegistry, ObservedPool<Sqlite>) {
    let metrics = MetricsRegistry::new();
    let options = SqlitePoolOptions::new().max_connections(1);
    let options = options.acquire_timeout(Duration::from_millis(50));
    let pool = options.connect_lazy("sqlite::memory:").unwrap();
    let pool = PoolObserver::new(&pool).wrap(&metrics).unwrap();
    (metrics, pool)
}

#[tokio::test]
async fn waits_and_holds_are_timed_once_each() {
    let (metrics, pool) = observed().await;
    let counts = || {
        ["acquire_duration_seconds_count", "hold_duration_seconds_count"]
            .map(|name| pool_sample(&metrics, name).unwrap())
    };
    assert_eq!(counts(), [0.0, 0.0]);

    let connection = pool.acquire().await.unwrap();
    assert_eq!(counts(), [1.0, 0.0]);
    connection.close().await.unwrap();
    assert_eq!(counts(), [1.0, 1.0]);

    sqlx::query("SELECT 1").execute(&pool).await.unwrap();
    assert_eq!(counts(), [2.0, 2.0]);
    sqlx::query("SELECT 1").fetch_optional(&pool).await.unwrap();
    assert_eq!(counts(), [3.0, 3.0]);

    let mut transaction = pool.begin().await.unwrap();
    let savepoint = transaction.begin().await.unwrap();
    savepoint.commit().await.unwrap();
    assert_eq!(counts(), [4.0, 3.0]);
    transaction.commit().await.unwrap();
    assert_eq!(counts(), [4.0, 4.0]);

    drop(pool.acquire().await.unwrap().into_inner());
    assert_eq!(counts(), [5.0, 5.0]);

    let mut rows = sqlx::query("SELECT 1").fetch(&pool);
    rows.try_next().await.unwrap().unwrap();
    assert_eq!(counts(), [6.0, 5.0], "a stream keeps its connection");
    drop(rows);
    assert_eq!(counts(), [6.0, 6.0]);
}

#[tokio::test]
async fn who_waits_is_pending_until_served_or_gone() {
    let (metrics, pool) = observed().await;
    let pending = || pool_sample(&metrics, "pending");
    assert_eq!(pending(), Some(0.0));

    let held = pool.acquire().await.unwrap();
    let mut served = std::pin::pin!(pool.acquire());
    {
        let mut gone = std::pin::pin!(pool.acquire());
        assert_eq!(pending(), Some(0.0), "nobody has polled them");
        assert!(futures_util::poll!(&mut served).is_pending());
        assert!(futures_util::poll!(&mut gone).is_pending());
        assert_eq!(pending(), Some(2.0));
    }
    let mut query = Box::pin(sqlx::query("SELECT 1").execute(&pool));
    assert!(futures_util::poll!(&mut query).is_pending());
    drop(query);
    drop(held);
    let _served = served.await.unwrap();
    assert_eq!(pending(), Some(0.0));
}

#[tokio::test]
async fn a_wait_in_vain_is_a_timeout_and_a_connection_error() {
    let (metrics, pool) = impatient();
    let held = pool.acquire().await.unwrap();
    assert!(matches!(pool.acquire().await, Err(sqlx::Error::PoolTimedOut)));
    assert_eq!(pool_sample(&metrics, "acquire_timeouts_total"), Some(1.0));
    assert_eq!(connection_errors(&metrics), [("pool_timeout", 1.0)]);
    assert_eq!(queries(&metrics, "other", "unknown"), Counts::default(), "it was no query");

    // A query without a connection counts as a failed query, and as one error of the connection.
    let select = sqlx::query("SELECT * FROM agents").fetch_all(&pool).await;
    assert!(matches!(select, Err(sqlx::Error::PoolTimedOut)));
    let select = sqlx::query("SELECT * FROM agents").fetch_optional(&pool).await;
    assert!(matches!(select, Err(sqlx::Error::PoolTimedOut)));
    assert!(matches!(pool.begin().await, Err(sqlx::Error::PoolTimedOut)));
    assert_eq!(pool_sample(&metrics, "acquire_timeouts_total"), Some(4.0));
    assert_eq!(connection_errors(&metrics), [("pool_timeout", 4.0)]);
    assert_eq!(queries(&metrics, "select", "agents").error, 2.0);
    assert_eq!(queries(&metrics, "other", "unknown"), Counts::default(), "begin is no query");
    drop(held);
}

/// sqlx returns an error that statements can have, too. Here there is no statement.
#[tokio::test]
async fn a_connection_that_can_not_be_made_is_a_connection_error_whatever_it_is_called() {
    let file = std::env::temp_dir().join(format!("caracal-no-database-{}", std::process::id()));
    std::fs::write(&file, [b'x'; 4096]).unwrap();
    let options = SqliteConnectOptions::new().filename(&file).journal_mode(SqliteJournalMode::Wal);
    let metrics = MetricsRegistry::new();
    let pool = SqlitePoolOptions::new().connect_lazy_with(options);
    let pool = PoolObserver::new(&pool).wrap(&metrics).unwrap();
    assert!(pool.acquire().await.is_err());
    assert_eq!(connection_errors(&metrics), [("other", 1.0)]);
    // It counts as a failed query, and as one error of the connection.
    assert!(sqlx::query("SELECT * FROM agents").execute(&pool).await.is_err());
    assert_eq!(connection_errors(&metrics), [("other", 2.0)]);
    assert_eq!(queries(&metrics, "select", "agents").error, 1.0);
    std::fs::remove_file(file).unwrap();
}

/// An application that replaces a pool may hold a lock that its own collector takes.
#[tokio::test]
async fn to_replace_a_closed_pool_calls_no_collector() {
    let (metrics, pool) = observed().await;
    let calls = Arc::new(AtomicUsize::new(0));
    let counter = prometheus::IntCounter::new("app_reads_total", "Reads").unwrap();
    metrics.register(Box::new(Counting { calls: Arc::clone(&calls), counter })).unwrap();
    let before = calls.load(Relaxed);
    pool.close().await;
    let next = SqlitePoolOptions::new().connect_lazy("sqlite::memory:").unwrap();
    let _next = PoolObserver::new(&next).attach(&metrics).unwrap();
    assert_eq!(calls.load(Relaxed), before);
}

/// Counts how often it is read.
struct Counting {
    calls: Arc<AtomicUsize>,
    counter: prometheus::IntCounter,
}

impl Collector for Counting {
    fn desc(&self) -> Vec<&prometheus::core::Desc> {
        self.counter.desc()
    }

    fn collect(&self) -> Vec<prometheus::proto::MetricFamily> {
        self.calls.fetch_add(1, Relaxed);
        self.counter.collect()
    }
}

#[tokio::test]
async fn a_closed_pool_gives_errors_and_leaves_the_page() {
    let (metrics, pool) = observed().await;
    pool.close().await;
    assert!(pool.is_closed());
    assert!(matches!(pool.acquire().await, Err(sqlx::Error::PoolClosed)));
    let select = sqlx::query("SELECT * FROM agents").fetch_optional(&pool).await;
    assert!(matches!(select, Err(sqlx::Error::PoolClosed)));
    assert_eq!(connection_errors(&metrics), [("pool_closed", 2.0)]);
    assert_eq!(pool_sample(&metrics, "acquire_timeouts_total"), None);
    assert_eq!(pool_sample(&metrics, "pending"), None);
}

#[tokio::test]
async fn only_an_idle_connection_is_there_at_once() {
    let (metrics, pool) = observed().await;
    let connection = loop {
        // A task of sqlx returns it to the pool after its last use.
        tokio::task::yield_now().await;
        if let Some(connection) = pool.try_acquire() {
            break connection;
        }
    };
    assert!(pool.try_acquire().is_none());
    assert!(pool.try_begin().await.unwrap().is_none());
    assert_eq!(pool_sample(&metrics, "checked_out"), Some(1.0));
    drop(connection);
    let transaction = loop {
        tokio::task::yield_now().await;
        if let Some(transaction) = pool.try_begin().await.unwrap() {
            break transaction;
        }
    };
    transaction.commit().await.unwrap();
    let committed = &[("outcome", "committed")];
    assert_eq!(metrics.sample("caracal_database_transactions_total", committed), Some(1.0));
}

#[tokio::test]
async fn the_series_go_with_the_last_of_the_pools_handles() {
    let (metrics, pool) = observed().await;
    let other = pool.clone();
    let connection = pool.acquire().await.unwrap();
    drop((pool, other));
    assert_eq!(pool_sample(&metrics, "open"), Some(1.0));
    connection.close().await.unwrap();
    for name in ["open", "pending", "acquire_timeouts_total", "hold_duration_seconds_count"] {
        assert_eq!(pool_sample(&metrics, name), None, "{name}");
    }
}

#[tokio::test]
async fn pools_with_names_share_the_queries_and_have_waits_of_their_own() {
    let metrics = MetricsRegistry::new();
    let wrap = |name: &str| {
        let pool = SqlitePoolOptions::new().max_connections(1).connect_lazy("sqlite::memory:");
        PoolObserver::new(&pool.unwrap()).named(name).wrap(&metrics).unwrap()
    };
    let (primary, replica) = (wrap("primary"), wrap("replica"));
    assert_eq!(primary.name(), Some("primary"));
    for pool in [&primary, &primary, &replica] {
        sqlx::query("SELECT 1").execute(pool).await.unwrap();
    }
    let waits = |pool| {
        let name = "caracal_database_connection_pool_acquire_duration_seconds_count";
        metrics.sample(name, &[("pool", pool)])
    };
    assert_eq!((waits("primary"), waits("replica")), (Some(2.0), Some(1.0)));
    assert_eq!(queries(&metrics, "select", "unknown").success, 3.0);
}

/// Callers' futures contain ours. If ours contained sqlx's twice, theirs would grow, too.
#[tokio::test]
async fn the_futures_are_about_as_large_as_those_of_sqlx() {
    let (_metrics, pool) = observed().await;
    let bare = pool.inner();
    for (what, ours, theirs) in [
        ("acquire", size_of_val(&pool.acquire()), size_of_val(&bare.acquire())),
        ("begin", size_of_val(&pool.begin()), size_of_val(&bare.begin())),
    ] {
        assert!(ours < theirs + 1024, "{what}: {ours} bytes, {theirs} without the wrapper");
    }
}

#[tokio::test]
async fn acquire_and_begin_borrow_nothing() {
    let (metrics, pool) = observed().await;
    tokio::spawn(pool.acquire()).await.unwrap().unwrap().close().await.unwrap();
    tokio::spawn(pool.begin()).await.unwrap().unwrap().commit().await.unwrap();
    assert_eq!(pool_sample(&metrics, "acquire_duration_seconds_count"), Some(2.0));
}

/// A repository of an application: generic, and with sqlx's own connection in it.
async fn count_through<'c, A>(database: A) -> i64
where
    A: sqlx::Acquire<'c, Database = sqlx::Sqlite>,
{
    let mut connection = database.acquire().await.unwrap();
    sqlx::query_scalar("SELECT count(*) FROM agents").fetch_one(&mut *connection).await.unwrap()
}

#[tokio::test]
async fn code_that_is_generic_over_acquire_runs_and_its_waits_are_counted() {
    let (metrics, pool) = observed().await;
    assert_eq!(count_through(&pool).await, 3);
    assert_eq!(pool_sample(&metrics, "acquire_duration_seconds_count"), Some(1.0));
    assert_eq!(pool_sample(&metrics, "hold_duration_seconds_count"), Some(1.0));
    let mut connection = pool.acquire().await.unwrap();
    assert_eq!(count_through(&mut connection).await, 3);
    assert_eq!(count_through(&mut *connection).await, 3);
    drop(connection);
    let mut transaction = pool.begin().await.unwrap();
    assert_eq!(count_through(&mut transaction).await, 3);
    let bare: &mut sqlx::SqliteConnection = transaction.as_mut();
    sqlx::query("DELETE FROM agents").execute(bare).await.unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(count_through(&pool).await, 0);
    assert_eq!(queries(&metrics, "select", "agents"), Counts::default(), "it is documented so");
}
