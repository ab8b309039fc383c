//! The queries of a wrapped pool whose database is selected by the URL.

use caracal_metrics::MetricsRegistry;
use caracal_metrics::sqlx::PoolObserver;
use sqlx::AnyPool;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    sqlx::any::install_default_drivers();
    let metrics = MetricsRegistry::new();
    let pool = AnyPool::connect_lazy("sqlite::memory:").unwrap();
    let pool = PoolObserver::new(&pool).wrap(&metrics).unwrap();
    sqlx::query("select 1 from sqlite_master").fetch_all(&pool).await.unwrap();
    let page = String::from_utf8(metrics.generate_metrics()).unwrap();
    let labels = "operation=\"select\",table=\"sqlite_master\",status=\"success\"";
    let series = format!("caracal_database_queries_total{{{labels}}} 1\n");
    assert!(page.contains(&series), "{page}");
}
