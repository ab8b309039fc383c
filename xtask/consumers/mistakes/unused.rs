//! Values that must be kept are dropped immediately.
//! feature: full
//! error: the cache's series leave the output when the last clone of this is dropped
//! error: the breaker's series leave the output when the last clone of this is dropped
//! error: the pool's series leave the output when the guard is dropped
//! error: one is counted only while the guard is held
//! error: non-binding let on a type that has a destructor

#![deny(unused_must_use, let_underscore_drop)]

use std::time::Duration;

use caracal_metrics::MetricsRegistry;
use caracal_metrics::breaker::BreakerObserver;
use caracal_metrics::cache::CacheObserver;
use caracal_metrics::sqlx::PoolObserver;
use failsafe::{backoff, failure_policy};
use sqlx::sqlite::SqlitePoolOptions;

fn main() {
    let metrics = MetricsRegistry::new();
    let cache = moka::future::Cache::<u64, u64>::new(10);
    CacheObserver::policy().wrap(cache, &metrics).unwrap();
    let policy = failure_policy::consecutive_failures(5, backoff::constant(Duration::from_secs(1)));
    BreakerObserver::new("database").build(policy, (), &metrics).unwrap();
    let pool = SqlitePoolOptions::new().connect_lazy("sqlite::memory:").unwrap();
    PoolObserver::new(&pool).attach(&metrics).unwrap();
    metrics.track_gateway_request_in_flight();
    let _ = metrics.track_gateway_request_in_flight();
}
