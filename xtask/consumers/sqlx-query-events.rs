//! Queries that are counted from sqlx's own events, on a pool that is not wrapped.

use caracal_metrics::MetricsRegistry;
use caracal_metrics::sqlx::{Dialect, QueryEvents};
use sqlx::sqlite::SqlitePoolOptions;
use tracing_subscriber::layer::SubscriberExt;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let metrics = MetricsRegistry::new();
    let events = QueryEvents::new(&metrics, Dialect::Sqlite).unwrap();
    let subscriber = tracing_subscriber::registry().with(events.layer());
    tracing::subscriber::set_global_default(subscriber).unwrap();
    events.check(tracing::Level::DEBUG).unwrap();

    let pool = SqlitePoolOptions::new().connect_lazy("sqlite::memory:").unwrap();
    let select = "select count(*) from sqlite_master";
    let tables: i64 = sqlx::query_scalar(select).fetch_one(&pool).await.unwrap();
    assert_eq!(tables, 0);
    let page = String::from_utf8(metrics.generate_metrics()).unwrap();
    let labels = "operation=\"select\",table=\"sqlite_master\",status=\"unknown\"";
    let series = format!("caracal_database_queries_total{{{labels}}} 1\n");
    assert!(page.contains(&series), "{page}");
}
