//! The queries of a wrapped pool.

use caracal_metrics::MetricsRegistry;
use caracal_metrics::sqlx::PoolObserver;
use sqlx::sqlite::SqlitePoolOptions;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let metrics = MetricsRegistry::new();
    let pool = SqlitePoolOptions::new().connect_lazy("sqlite::memory:").unwrap();
    let pool = PoolObserver::new(&pool).wrap(&metrics).unwrap();
    let select = "select count(*) from sqlite_master";
    let tables: i64 = sqlx::query_scalar(select).fetch_one(&pool).await.unwrap();
    assert_eq!(tables, 0);
    let page = String::from_utf8(metrics.generate_metrics()).unwrap();
    let labels = "operation=\"select\",table=\"sqlite_master\",status=\"success\"";
    let series = format!("caracal_database_queries_total{{{labels}}} 1\n");
    assert!(page.contains(&series), "{page}");
}
