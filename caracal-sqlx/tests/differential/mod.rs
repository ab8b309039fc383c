//! Random statements on SQLite: the counts from the events, the counts of the wrapper and the records of the
//! client are equal.

use std::collections::BTreeMap;

use caracal_metrics_core::MetricsRegistry;
use caracal_sqlx::{Dialect, PoolObserver, QueryEvents};
use futures_util::{FutureExt, TryStreamExt};
use sqlx::Connection;
use sqlx::sqlite::{SqlitePool, SqlitePoolOptions};
use tracing::Dispatch;

const SEEDS: [u64; 6] = [1, 2, 3, 5, 8, 2_026];

type Books = BTreeMap<&'static str, f64>;

/// The counts of a registry on the table, by operation, with any status.
fn counted(metrics: &MetricsRegistry) -> Books {
    let count = |operation: &str| {
        let of = |status| {
            let labels = [("operation", operation), ("table", "random"), ("status", status)];
            metrics.sample("caracal_database_queries_total", &labels).unwrap_or_default()
        };
        of("success") + of("error") + of("unknown")
    };
    let operations = ["select", "insert", "update", "delete"].into_iter();
    operations.map(|operation| (operation, count(operation))).filter(|(_, n)| *n > 0.0).collect()
}

fn since(now: &Books, before: &Books) -> Books {
    let more = |(operation, n): (&&'static str, &f64)| {
        (*operation, n - before.get(operation).copied().unwrap_or_default())
    };
    now.iter().map(more).filter(|(_, n)| *n > 0.0).collect()
}

/// A pool with one connection, so that all statements run in order on one thread.
async fn pool() -> SqlitePool {
    let pool =
        SqlitePoolOptions::new().max_connections(1).connect("sqlite::memory:").await.unwrap();
    let schema = "CREATE TABLE random (id INTEGER PRIMARY KEY, name TEXT UNIQUE);
                  INSERT INTO random (name) VALUES ('a'), ('b'), ('c')";
    sqlx::raw_sql(schema).execute(&pool).await.unwrap();
    pool
}

/// The driver runs statements one by one, and emits the event of a `fetch_one` before its answer.
async fn settle(pool: &SqlitePool) {
    sqlx::query("SELECT 1 AS settled").fetch_one(pool).await.unwrap();
}

/// The same steps on a pool of either type.
macro_rules! workload {
    ($pool:expr, $seed:expr) => {{
        let (pool, mut random) = ($pool, $seed);
        let mut books = Books::new();
        let mut book = |operation| *books.entry(operation).or_default() += 1.0;
        for step in 0..300 {
            // Marsaglia's xorshift.
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            let insert = sqlx::query("INSERT INTO random (name) VALUES ($1)").bind(step);
            let update = || sqlx::query("UPDATE random SET name = name WHERE id = $1").bind(1);
            let delete = sqlx::query("DELETE FROM random WHERE id > $1").bind(3);
            let select = || sqlx::query("SELECT a.id FROM random a, random b");
            match random % 10_u64 {
                0 => {
                    select().fetch_all(pool).await.unwrap();
                    book("select");
                }
                1 => {
                    select().fetch_optional(pool).await.unwrap();
                    book("select");
                }
                2 => {
                    let inserted = insert.execute(pool).await;
                    inserted.unwrap();
                    book("insert");
                }
                3 => {
                    let taken = sqlx::query("INSERT INTO random (name) VALUES ('a')");
                    taken.execute(pool).await.unwrap_err();
                    book("insert");
                }
                4 => {
                    let mut stream = select().fetch(pool);
                    assert!(stream.try_next().await.unwrap().is_some());
                    book("select");
                }
                5 => {
                    let mut transaction = pool.begin().await.unwrap();
                    delete.execute(&mut *transaction).await.unwrap();
                    book("delete");
                    transaction.commit().await.unwrap();
                }
                6 => {
                    let mut transaction = pool.begin().await.unwrap();
                    insert.execute(&mut *transaction).await.unwrap();
                    book("insert");
                    let mut savepoint = transaction.begin().await.unwrap();
                    update().execute(&mut *savepoint).await.unwrap();
                    book("update");
                    drop(savepoint);
                }
                7 => {
                    let mut connection = pool.acquire().await.unwrap();
                    {
                        // It is cancelled, unless the answer has already arrived.
                        let mut given_up = Box::pin(select().fetch_all(&mut *connection));
                        let _answer = (&mut given_up).now_or_never();
                    }
                    book("select");
                    connection.ping().await.unwrap();
                }
                8 => {
                    let unpolled = select().fetch_all(pool);
                    drop(unpolled);
                }
                _ => {
                    let mut connection = pool.acquire().await.unwrap();
                    update().execute(&mut *connection).await.unwrap();
                    book("update");
                }
            }
        }
        books
    }};
}

/// Runs the workloads in a process with this subscriber. SQLite's driver emits its events on its own threads, so
/// the subscriber is the process's.
pub(crate) async fn check(subscriber: impl FnOnce(&QueryEvents) -> Dispatch) {
    let events = MetricsRegistry::new();
    let layer = QueryEvents::new(&events, Dialect::Sqlite).unwrap();
    tracing::dispatcher::set_global_default(subscriber(&layer)).unwrap();
    for seed in SEEDS {
        let bare = pool().await;
        let before = counted(&events);
        let books = workload!(&bare, seed);
        settle(&bare).await;
        let from_events = since(&counted(&events), &before);
        assert_eq!(from_events, books, "events, seed {seed}");
        assert!(books.len() == 4, "{books:?}");

        let bare = pool().await;
        let metrics = MetricsRegistry::new();
        let wrapped = PoolObserver::new(&bare).wrap(&metrics).unwrap();
        let before = counted(&events);
        let books = workload!(&wrapped, seed);
        settle(&bare).await;
        assert_eq!(counted(&metrics), books, "the wrapper, seed {seed}");
        assert_eq!(from_events, books, "both, seed {seed}");
        let twice = since(&counted(&events), &before);
        assert!(twice.is_empty(), "seed {seed}: {twice:?}");
    }
}
