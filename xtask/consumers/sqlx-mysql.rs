//! The queries of a wrapped pool. This program has no server.

use caracal_metrics::MetricsRegistry;
use caracal_metrics::sqlx::PoolObserver;
use sqlx::MySqlPool;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let metrics = MetricsRegistry::new();
    let pool = MySqlPool::connect_lazy("mysql://nobody@localhost/none").unwrap();
    let pool = PoolObserver::new(&pool).wrap(&metrics).unwrap();
    pool.inner().close().await;
    sqlx::query("delete from agents").execute(&pool).await.unwrap_err();
    let page = String::from_utf8(metrics.generate_metrics()).unwrap();
    let labels = "operation=\"delete\",table=\"agents\",status=\"error\"";
    let series = format!("caracal_database_queries_total{{{labels}}} 1\n");
    assert!(page.contains(&series), "{page}");
}
