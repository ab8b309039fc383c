//! `migrate!` on a SQLite in memory: from sqlx's own pool, and through a wrapped pool. SQLite's driver emits its
//! events on its own threads, so the subscriber is the process's.

mod page;

use caracal_metrics_core::MetricsRegistry;
use caracal_sqlx::{Dialect, QueryEvents};
use page::{observed, pool_sample};
use sqlx::SqlitePool;
use sqlx::migrate::Migrator;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry;

// The folder is a symbolic link in caracal-sqlx-0_8, because the macro looks for it in the crate.
static MIGRATIONS: Migrator = sqlx::migrate!("tests/migrations");

/// The number of queries on these tables, of unknown status.
fn counted(events: &MetricsRegistry) -> Vec<(&'static str, &'static str, f64)> {
    let of = |(operation, table)| {
        let labels = [("operation", operation), ("table", table), ("status", "unknown")];
        let count = events.sample("caracal_database_queries_total", &labels);
        (operation, table, count.unwrap_or_default())
    };
    let kinds = [
        ("other", "migrated"),
        ("insert", "migrated"),
        ("other", "batch"),
        ("other", "_sqlx_migrations"),
        ("select", "_sqlx_migrations"),
        ("insert", "_sqlx_migrations"),
        ("update", "_sqlx_migrations"),
    ];
    kinds.into_iter().map(of).collect()
}

/// The counts after this number of databases have been migrated.
fn expected(databases: f64) -> Vec<(&'static str, &'static str, f64)> {
    let each = [
        ("other", "migrated", 1.0),
        ("insert", "migrated", 1.0),
        // The third migration has two statements.
        ("other", "batch", 1.0),
        // sqlx creates its table, looks for a failed migration and for those that were applied, and records
        // each of the three.
        ("other", "_sqlx_migrations", 1.0),
        ("select", "_sqlx_migrations", 2.0),
        ("insert", "_sqlx_migrations", 3.0),
        ("update", "_sqlx_migrations", 3.0),
    ];
    each.map(|(operation, table, count)| (operation, table, databases * count)).to_vec()
}

async fn names(pool: &SqlitePool) -> Vec<String> {
    sqlx::query_scalar("SELECT name FROM migrated").fetch_all(pool).await.unwrap()
}

#[tokio::test]
async fn events_count_migrations_and_the_wrapper_does_not() {
    let (unwrapped, wrapped) = (observed().await, observed().await);
    let events = MetricsRegistry::new();
    let layer = QueryEvents::new(&events, Dialect::Sqlite).unwrap();
    tracing::subscriber::set_global_default(registry().with(layer.layer())).unwrap();

    let bare = unwrapped.1.into_inner();
    MIGRATIONS.run(&bare).await.unwrap();
    assert_eq!(names(&bare).await, ["c"]);
    assert_eq!(counted(&events), expected(1.0), "sqlx's own pool");

    let (metrics, pool) = wrapped;
    let before = pool_sample(&metrics, "acquire_duration_seconds_count");
    MIGRATIONS.run(&pool).await.unwrap();
    assert_eq!(names(pool.inner()).await, ["c"]);
    assert_eq!(counted(&events), expected(2.0), "a wrapped pool");
    let page = String::from_utf8(metrics.generate_metrics()).unwrap();
    assert!(!page.contains("caracal_database_queries_total{"), "the wrapper counts none: {page}");
    assert_eq!(before, Some(0.0));
    assert_eq!(pool_sample(&metrics, "acquire_duration_seconds_count"), Some(1.0));
    assert_eq!(pool_sample(&metrics, "hold_duration_seconds_count"), Some(1.0));

    // A connection of the wrapper also runs them. There is nothing left to apply.
    let mut connection = pool.acquire().await.unwrap();
    MIGRATIONS.run(&mut connection).await.unwrap();
    drop(connection);
    // The driver runs statements one by one, so the events of all earlier statements have come.
    assert_eq!(names(pool.inner()).await, ["c"]);
    let of_sqlx = |counts: Vec<_>| -> Vec<f64> {
        let of_sqlx = counts.into_iter().filter(|(_, table, _)| *table == "_sqlx_migrations");
        of_sqlx.map(|(_, _, count)| count).collect()
    };
    assert_eq!(of_sqlx(counted(&events)), [3.0, 6.0, 6.0, 6.0]);
}
