//! The gauges of a pool of any database.

use caracal_metrics::MetricsRegistry;
use caracal_metrics::sqlx::PoolObserver;
use sqlx::sqlite::SqlitePoolOptions;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let metrics = MetricsRegistry::new();
    let options = SqlitePoolOptions::new().max_connections(4);
    let pool = options.connect_lazy("sqlite::memory:").unwrap();
    let _guard = PoolObserver::new(&pool).attach(&metrics).unwrap();
    let _connection = pool.acquire().await.unwrap();
    let page = String::from_utf8(metrics.generate_metrics()).unwrap();
    assert!(page.contains("\ncaracal_database_connection_pool_size 4\n"), "{page}");
    assert!(page.contains("\ncaracal_database_connection_pool_checked_out 1\n"), "{page}");
}
