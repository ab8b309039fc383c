//! All features: a cache that reads from a pool through a breaker.

use std::time::Duration;

use axum::{Router, routing::get};
use caracal_metrics::MetricsRegistry;
use caracal_metrics::axum::{GatewayMetricsLayer, metrics_endpoint};
use caracal_metrics::breaker::BreakerObserver;
use caracal_metrics::cache::CacheObserver;
use caracal_metrics::sqlx::PoolObserver;
use failsafe::{backoff, failure_policy};
use sqlx::sqlite::SqlitePoolOptions;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let metrics = MetricsRegistry::builder().process_metrics().build().unwrap();
    let pool = SqlitePoolOptions::new().connect_lazy("sqlite::memory:").unwrap();
    let _guard = PoolObserver::new(&pool).attach(&metrics).unwrap();
    let policy = failure_policy::consecutive_failures(5, backoff::constant(Duration::from_secs(1)));
    let breaker = BreakerObserver::new("database").build(policy, (), &metrics).unwrap();
    let policies = moka::future::Cache::<&str, String>::new(10);
    let policies = CacheObserver::policy().wrap(policies, &metrics).unwrap();
    let _app: Router = Router::new()
        .route("/agents", get(|| async { "[]" }))
        .layer(GatewayMetricsLayer::new(&metrics))
        .route("/metrics", metrics_endpoint(&metrics));

    let select = sqlx::query_scalar::<_, String>("select 'allow'").fetch_one(&pool);
    let effect = policies.try_get_with("agent-1", breaker.call_async(select)).await.unwrap();
    assert_eq!(effect, "allow");
    let page = String::from_utf8(metrics.generate_metrics()).unwrap();
    for series in [
        "caracal_policy_cache_misses_total 1",
        "caracal_database_connection_pool_open 1",
        "caracal_circuit_breaker_successes_total{name=\"database\"} 1",
        "process_resident_memory_bytes ",
    ] {
        assert!(page.contains(&format!("\n{series}")), "{series} is missing:\n{page}");
    }
}
