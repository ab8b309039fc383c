//! A service that migrates from sqlx 0.8 to 0.9 has pools of both versions, and one page.

use caracal_metrics::{AttachError, MetricsRegistry};

#[tokio::test]
async fn pools_of_both_versions_feed_one_page() {
    let metrics = MetricsRegistry::new();
    let old = sqlx_0_8::sqlite::SqlitePoolOptions::new().max_connections(1);
    // A separate database. Both versions give the same names to the databases of `sqlite::memory:`. They
    // share the C library, so they would share these databases too.
    let old = old.connect_with(sqlx_0_8::sqlite::SqliteConnectOptions::new()).await.unwrap();
    let old = caracal_metrics::sqlx_0_8::PoolObserver::new(&old).named("old");
    let old = old.wrap(&metrics).unwrap();
    let new = sqlx::sqlite::SqlitePoolOptions::new().max_connections(1);
    let new = new.connect_with(sqlx::sqlite::SqliteConnectOptions::new()).await.unwrap();
    let observer = || caracal_metrics::sqlx::PoolObserver::new(&new);
    let taken = observer().named("old").wrap(&metrics).map(|_| ());
    assert!(matches!(taken, Err(AttachError::NameTaken { .. })), "{taken:?}");
    let new = observer().named("new").wrap(&metrics).unwrap();

    sqlx_0_8::query("CREATE TABLE agents (id INTEGER)").execute(&old).await.unwrap();
    sqlx::query("CREATE TABLE agents (id INTEGER)").execute(&new).await.unwrap();
    sqlx_0_8::query("INSERT INTO agents VALUES (?1)").bind(1).execute(&old).await.unwrap();
    sqlx::query("INSERT INTO agents VALUES (?1)").bind(1).execute(&new).await.unwrap();

    let inserts = &[("operation", "insert"), ("table", "agents"), ("status", "success")];
    assert_eq!(metrics.sample("caracal_database_queries_total", inserts), Some(2.0));
    let size = |pool| metrics.sample("caracal_database_connection_pool_size", &[("pool", pool)]);
    assert_eq!((size("old"), size("new")), (Some(1.0), Some(1.0)));
}
