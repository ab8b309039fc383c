//! Queries that are counted from the events of sqlx, on a SQLite in memory.
//!
//! SQLite's driver emits them on the thread of the connection, so there is one subscriber for the process.
//! Each test has its own tables, by which it finds its counts.

use std::io;
use std::sync::{Arc, LazyLock, Mutex};

use caracal_metrics_core::MetricsRegistry;
use caracal_sqlx::{Dialect, HiddenQueryEvents, PoolObserver, QueryEvents};
use futures_util::{FutureExt, TryStreamExt};
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::sqlite::{SqlitePool, SqlitePoolOptions};
use sqlx::{Acquire, AssertSqlSafe, Executor, Sqlite};
use tracing::Level;
use tracing_subscriber::filter::{EnvFilter, LevelFilter};
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::registry;

/// The output of the other layer.
#[derive(Clone, Default)]
struct Logs(Arc<Mutex<Vec<u8>>>);

impl Logs {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl io::Write for Logs {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct Process {
    metrics: MetricsRegistry,
    events: QueryEvents,
    logs: Logs,
}

static PROCESS: LazyLock<Process> = LazyLock::new(|| {
    let metrics = MetricsRegistry::new();
    let events = QueryEvents::new(&metrics, Dialect::Sqlite).unwrap();
    let logs = Logs::default();
    let printed = logs.clone();
    let fmt = tracing_subscriber::fmt::layer()
        .with_ansi(false)
        .with_writer(move || printed.clone())
        .with_filter(LevelFilter::INFO);
    let subscriber = registry().with(fmt).with(events.layer());
    tracing::subscriber::set_global_default(subscriber).unwrap();
    Process { metrics, events, logs }
});

fn count(operation: &str, table: &str, status: &str) -> f64 {
    let labels = [("operation", operation), ("table", table), ("status", status)];
    PROCESS.metrics.sample("caracal_database_queries_total", &labels).unwrap_or_default()
}

fn unknown(operation: &str, table: &str) -> f64 {
    count(operation, table, "unknown")
}

/// The count and the sum of the durations, in seconds.
fn timed(operation: &str, table: &str) -> (f64, f64) {
    let labels = [("operation", operation), ("table", table)];
    let sample = |suffix| {
        let name = format!("caracal_database_query_duration_seconds_{suffix}");
        PROCESS.metrics.sample(&name, &labels).unwrap_or_default()
    };
    (sample("count"), sample("sum"))
}

/// A pool with one connection and this table, which has three rows.
async fn pool_with(table: &str) -> SqlitePool {
    LazyLock::force(&PROCESS);
    let pool =
        SqlitePoolOptions::new().max_connections(1).connect("sqlite::memory:").await.unwrap();
    let schema = format!(
        "CREATE TABLE {table} (id INTEGER PRIMARY KEY, name TEXT UNIQUE);
         INSERT INTO {table} (name) VALUES ('a'), ('b'), ('c')"
    );
    pool.execute(AssertSqlSafe(schema)).await.unwrap();
    pool
}

/// Waits for the events of all statements so far. The driver runs statements one by one, and emits the event
/// of a `fetch_one` before its answer.
async fn settle(pool: &SqlitePool) {
    sqlx::query("SELECT 1 AS settled").fetch_one(pool).await.unwrap();
}

#[tokio::test]
async fn each_form_of_query_counts_once() {
    let pool = pool_with("forms").await;
    let mut expected = 0.0;
    for form in 0..6 {
        match form {
            0 => drop(sqlx::query("SELECT * FROM forms").fetch_all(&pool).await.unwrap()),
            1 => drop(sqlx::query("SELECT * FROM forms").fetch_one(&pool).await.unwrap()),
            2 => drop(pool.fetch_optional("SELECT id, name FROM forms WHERE 0").await.unwrap()),
            3 => {
                let mut connection = pool.acquire().await.unwrap();
                sqlx::query("SELECT * FROM forms").execute(&mut *connection).await.unwrap();
            }
            4 => {
                let mut rows = sqlx::query("SELECT * FROM forms").fetch(&pool);
                assert!(rows.try_next().await.unwrap().is_some());
            }
            _ => drop(sqlx::raw_sql("SELECT name FROM forms").fetch_all(&pool).await.unwrap()),
        }
        expected += 1.0;
        settle(&pool).await;
        assert_eq!(unknown("select", "forms"), expected, "form {form}");
    }
    assert_eq!(timed("select", "forms").0, expected);
    // A status that the events do not contain is not on the page, not even at zero.
    let page = String::from_utf8(PROCESS.metrics.generate_metrics()).unwrap();
    let guessed = page
        .lines()
        .find(|line| line.contains("table=\"forms\"") && line.contains("status=\"error\""));
    assert_eq!(guessed, None);
}

#[tokio::test]
async fn a_text_is_read_whatever_its_length() {
    let pool = pool_with("texts").await;
    let texts = [
        "DELETE FROM texts",
        "SELECT * FROM texts",
        "SELECT  *  FROM  texts",
        "\n\nSELECT * FROM texts\n",
        "SELECT a.id, b.id FROM texts a JOIN texts b USING (id) -- the end\n",
        "SELECT id FROM texts --…",
        "SELECT id FROM texts -- …",
        "SELECT id FROM texts /* … */ …",
    ];
    for text in texts {
        let _: Result<_, _> = pool.execute(AssertSqlSafe(text)).await;
    }
    settle(&pool).await;
    assert_eq!((unknown("delete", "texts"), unknown("select", "texts")), (1.0, 7.0));
}

/// Code with sqlx's own types is counted without a change.
#[tokio::test]
async fn generic_code_and_migrations_are_counted() {
    async fn rename<'a>(database: impl Acquire<'a, Database = Sqlite>) -> sqlx::Result<()> {
        let mut transaction = database.begin().await?;
        sqlx::query("UPDATE generic SET name = 'x' WHERE id = 1")
            .execute(&mut *transaction)
            .await?;
        let mut savepoint = transaction.begin().await?;
        sqlx::query("DELETE FROM generic WHERE id = 2").execute(&mut *savepoint).await?;
        savepoint.rollback().await?;
        transaction.commit().await
    }
    let pool = pool_with("generic").await;
    rename(&pool).await.unwrap();
    let mut connection = pool.acquire().await.unwrap();
    rename(&mut *connection).await.unwrap();
    drop(connection);

    let create = "CREATE TABLE migrated (id INTEGER PRIMARY KEY, name TEXT)";
    let migration = Migration::new(
        1,
        "create".into(),
        MigrationType::Simple,
        sqlx::SqlStr::from_static(create),
        false,
    );
    let migrator = Migrator::with_migrations(vec![migration]);
    migrator.run(&pool).await.unwrap();
    // Through a wrapped pool, the statements are counted in the same way. The second run applies nothing.
    let wrapped = PoolObserver::new(&pool).named("migrated").wrap(&PROCESS.metrics).unwrap();
    migrator.run(&wrapped).await.unwrap();
    settle(&pool).await;
    assert_eq!((unknown("update", "generic"), unknown("delete", "generic")), (2.0, 2.0));
    assert_eq!(unknown("other", "migrated"), 1.0);
    assert_eq!(unknown("insert", "_sqlx_migrations"), 1.0);
    // Each run looks for a failed migration, and for those that were applied.
    assert_eq!(unknown("select", "_sqlx_migrations"), 4.0);
}

/// The events do not contain how a statement ended, so the status is not guessed.
#[tokio::test]
async fn failures_are_of_unknown_status() {
    let pool = pool_with("failures").await;
    for text in [
        "INSERT INTO failures (name) VALUES ('a')",
        "INSERT INTO failures (name, nothing) VALUES ('d', 1)",
        "INSERT INTO failures (name) VALUES ('d')",
    ] {
        let _: Result<_, _> = sqlx::query(text).execute(&pool).await;
    }
    settle(&pool).await;
    assert_eq!(unknown("insert", "failures"), 3.0);
    assert_eq!(count("insert", "failures", "success") + count("insert", "failures", "error"), 0.0);
    assert_eq!(timed("insert", "failures").0, 3.0);
}

#[tokio::test]
async fn a_duration_is_the_driver_s() {
    let pool = pool_with("durations").await;
    let slow = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200000)
                SELECT count(*) FROM durations, n";
    let started = std::time::Instant::now();
    sqlx::query(slow).fetch_one(&pool).await.unwrap();
    let took = started.elapsed().as_secs_f64();
    let (queries, seconds) = timed("select", "durations");
    assert_eq!(queries, 1.0);
    assert!(seconds > took / 10.0 && seconds <= took, "{seconds} of {took}");
}

/// Queries that a wrapper counts also have events, which are ignored.
#[tokio::test]
async fn what_a_wrapped_pool_counts_counts_once() {
    let bare = pool_with("both").await;
    let pool = PoolObserver::new(&bare).named("both").wrap(&PROCESS.metrics).unwrap();
    let select = || sqlx::query("SELECT * FROM both");

    select().fetch_all(&pool).await.unwrap();
    select().fetch_one(&pool).await.unwrap();
    {
        let mut rows = select().fetch(&pool);
        assert!(rows.try_next().await.unwrap().is_some());
    }
    let mut connection = pool.acquire().await.unwrap();
    select().fetch_all(&mut *connection).await.unwrap();
    select().fetch_optional(&mut *connection).await.unwrap();
    select().fetch_all(connection.inner()).await.unwrap();
    drop(connection);
    let mut transaction = pool.begin().await.unwrap();
    select().fetch_all(&mut *transaction).await.unwrap();
    transaction.commit().await.unwrap();
    // It is cancelled, unless the answer has already arrived.
    let mut given_up = Box::pin(select().fetch_all(&pool));
    let _answer = (&mut given_up).now_or_never();
    drop(given_up);
    select().fetch_all(pool.inner()).await.unwrap();
    settle(&bare).await;

    let counts = count("select", "both", "success") + count("select", "both", "error");
    assert_eq!(counts, 7.0, "the wrapper's");
    assert_eq!(unknown("select", "both"), 2.0, "what ran on the inner ones");
    assert_eq!(timed("select", "both").0, 9.0);
}

/// A hook of the pool runs its own statements during a wrapped query.
#[tokio::test]
async fn what_a_hook_runs_is_not_the_wrapper_s() {
    LazyLock::force(&PROCESS);
    let bare = SqlitePoolOptions::new()
        .max_connections(1)
        .before_acquire(|connection, _| {
            Box::pin(async move {
                connection.execute("CREATE TABLE IF NOT EXISTS hooked (id INTEGER)").await?;
                Ok(true)
            })
        })
        .connect("sqlite::memory:")
        .await
        .unwrap();
    let pool = PoolObserver::new(&bare).named("hooked").wrap(&PROCESS.metrics).unwrap();
    let before = unknown("other", "hooked");
    sqlx::query("SELECT 1 FROM hooked").fetch_all(&pool).await.unwrap();
    assert_eq!(unknown("other", "hooked"), before + 1.0);
    assert_eq!(unknown("select", "hooked"), 0.0);
}

#[tokio::test]
async fn other_layers_print_what_they_printed_before() {
    let pool = pool_with("printed").await;
    let wrapped = PoolObserver::new(&pool).named("printed").wrap(&PROCESS.metrics).unwrap();
    for _ in 0..3 {
        sqlx::query("SELECT * FROM printed").fetch_all(&pool).await.unwrap();
        sqlx::query("SELECT * FROM printed").fetch_all(&wrapped).await.unwrap();
        tracing::debug!("hidden of printed");
        tracing::info!("shown of printed");
    }
    settle(&pool).await;
    assert_eq!(unknown("select", "printed"), 3.0);
    let logs = PROCESS.logs.text();
    let lines: Vec<_> = logs.lines().filter(|line| line.contains("printed")).collect();
    assert_eq!(lines.len(), 3, "{lines:#?}");
    assert!(lines.iter().all(|line| line.contains("INFO query_events: shown")), "{lines:#?}");
}

#[test]
fn a_check_says_whether_the_events_arrive() {
    let check = |level| PROCESS.events.check(level);
    assert_eq!(check(Level::DEBUG), Ok(()), "the process's own");
    let events = QueryEvents::new(&MetricsRegistry::new(), Dialect::Sqlite).unwrap();
    assert_eq!(events.check(Level::DEBUG), Err(HiddenQueryEvents::NoLayer), "another's layer");

    let check = |subscriber: tracing::Dispatch, level| {
        tracing::dispatcher::with_default(&subscriber, || events.check(level))
    };
    let by_filter = |level| Err(HiddenQueryEvents::ByFilter { level });
    let filtered = registry().with(EnvFilter::new("info")).with(events.layer());
    let filtered = tracing::Dispatch::new(filtered);
    assert_eq!(check(filtered.clone(), Level::DEBUG), by_filter(Level::DEBUG));
    assert_eq!(check(filtered, Level::INFO), Ok(()));
    let limited = registry().with(LevelFilter::INFO).with(events.layer());
    assert_eq!(check(limited.into(), Level::DEBUG), by_filter(Level::DEBUG));
    let let_through =
        registry().with(EnvFilter::new("info,sqlx::query=trace")).with(events.layer());
    assert_eq!(check(let_through.into(), Level::DEBUG), Ok(()));
    let per_layer = tracing_subscriber::fmt::layer().with_filter(EnvFilter::new("warn"));
    assert_eq!(check(registry().with(events.layer()).with(per_layer).into(), Level::TRACE), Ok(()));

    let error = HiddenQueryEvents::ByFilter { level: Level::DEBUG }.to_string();
    assert!(error.contains("at level DEBUG") && error.contains("sqlx::query=trace"), "{error}");
}

#[test]
fn a_registry_has_one_of_these() {
    let metrics = MetricsRegistry::new();
    let events = QueryEvents::new(&metrics, Dialect::Postgres).unwrap();
    let error = QueryEvents::new(&metrics, Dialect::Postgres).unwrap_err().to_string();
    assert!(error.contains("layer of query events"), "{error}");
    drop(events);
    assert!(QueryEvents::new(&metrics, Dialect::Postgres).is_ok());
}
