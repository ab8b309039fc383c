//! The exemplar of a query comes from the source of the registry.

use caracal_metrics_core::{Exemplar, Format, MetricsRegistry};
use caracal_sqlx::PoolObserver;
use sqlx::sqlite::SqlitePoolOptions;

tokio::task_local! {
    static TRACE: u128;
}

#[tokio::test]
async fn a_query_has_the_trace_of_its_task() {
    let metrics = MetricsRegistry::builder()
        .exemplar_source(|| TRACE.try_with(|id| Exemplar::trace(*id)).ok())
        .build()
        .unwrap();
    let pool =
        SqlitePoolOptions::new().max_connections(1).connect("sqlite::memory:").await.unwrap();
    let pool = PoolObserver::new(&pool).wrap(&metrics).unwrap();
    sqlx::query("CREATE TABLE agents (id INTEGER)").execute(&pool).await.unwrap();
    let traced = async { sqlx::query("SELECT * FROM agents").fetch_all(&pool).await.unwrap() };
    TRACE.scope(0xab, traced).await;

    let mut page = Vec::new();
    metrics.encode(Format::OpenMetrics, &mut page);
    let page = String::from_utf8(page).unwrap();
    let exemplars = page.lines().filter(|line| line.contains(" # {trace_id="));
    let of_queries: Vec<_> =
        exemplars.filter(|line| line.starts_with("caracal_database_query_duration")).collect();
    assert_eq!(of_queries.len(), 1, "only one query was traced: {of_queries:?}");
    assert!(of_queries[0].contains(r#"operation="select",table="agents""#), "{of_queries:?}");
    let id = format!("# {{trace_id=\"{:032x}\"}} ", 0xab);
    assert!(of_queries[0].contains(&id), "{of_queries:?}");
}
