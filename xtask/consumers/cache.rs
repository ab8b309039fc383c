//! Both kinds of moka's caches.

use caracal_metrics::MetricsRegistry;
use caracal_metrics::cache::CacheObserver;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let metrics = MetricsRegistry::new();
    let policies = moka::future::Cache::<u32, bool>::new(10);
    let policies = CacheObserver::policy().wrap(policies, &metrics).unwrap();
    let sessions = moka::sync::Cache::<u32, bool>::new(10);
    let sessions = CacheObserver::named("sessions").wrap(sessions, &metrics).unwrap();
    policies.insert(1, true).await;
    assert!(policies.get(&1).await.is_some());
    assert!(sessions.get(&1).is_none());
    let page = String::from_utf8(metrics.generate_metrics()).unwrap();
    assert!(page.contains("\ncaracal_policy_cache_hits_total 1\n"), "{page}");
    assert!(page.contains("\ncaracal_policy_cache_size 1\n"), "{page}");
    assert!(page.contains("\ncaracal_cache_misses_total{cache=\"sessions\"} 1\n"), "{page}");
}
