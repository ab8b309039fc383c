//! The parts of the service, set up as in a gateway that uses the facade.

use std::time::{Duration, Instant};

use anyhow::Result;
use caracal_metrics::MetricsRegistry;
use caracal_metrics::breaker::{BreakerObserver, BuiltBreaker};
use caracal_metrics::cache::CacheObserver;
use caracal_metrics::cache::future::ObservedCache;
use caracal_metrics::sqlx::{ObservedPool, PoolObserver};
use caracal_metrics::tokio::{RuntimeGuard, RuntimeObserver};
use failsafe::backoff::{self, Constant};
use failsafe::failure_policy::{ConsecutiveFailures, consecutive_failures};
use integration_tests::service::Settings;
use moka::future::Cache;
use sqlx::postgres::PgPoolOptions;
use sqlx::{PgPool, Postgres};
use tokio::runtime::Handle;

/// The state that the handlers share.
pub(crate) struct Parts {
    pub(crate) metrics: MetricsRegistry,
    pub(crate) pool: ObservedPool<Postgres>,
    pub(crate) breaker: BuiltBreaker<ConsecutiveFailures<Constant>>,
    /// Whether an agent may act.
    pub(crate) policies: ObservedCache<String, bool>,
    pub(crate) nonces: ObservedCache<String, ()>,
    _runtime: RuntimeGuard,
}

impl Parts {
    pub(crate) async fn assemble(settings: &Settings, database_url: &str) -> Result<Self> {
        let metrics = MetricsRegistry::builder()
            .process_metrics()
            .max_series_per_family(settings.series_per_family)
            .build()?;
        let runtime = RuntimeObserver::new(&Handle::current()).attach(&metrics)?;
        let pool = PgPoolOptions::new()
            .max_connections(settings.connections)
            .acquire_timeout(settings.acquire_timeout)
            .connect_lazy(database_url)?;
        open_all(&pool).await?;
        let pool = PoolObserver::new(&pool).baseline(settings.baseline).wrap(&metrics)?;
        let policy = consecutive_failures(settings.failures, backoff::constant(settings.open_for));
        let observer = BreakerObserver::new("database").call_durations();
        let breaker = observer.build(policy, (), &metrics)?;

        let observer = CacheObserver::policy();
        let policies = Cache::builder()
            .max_capacity(10_000)
            .time_to_live(settings.cached_for)
            .eviction_listener(observer.listener(|_, _, _| {}))
            .build();
        let policies = observer.wrap(policies, &metrics)?;
        let observer = CacheObserver::named("nonces");
        let nonces = Cache::builder()
            .max_capacity(10_000)
            .time_to_live(settings.cached_for)
            .eviction_listener(observer.listener(|_, (), _| {}))
            .build();
        let nonces = observer.wrap(nonces, &metrics)?;
        Ok(Self { metrics, pool, breaker, policies, nonces, _runtime: runtime })
    }
}

/// Opens all connections of the pool. A scenario with a short acquire timeout then depends on the order of
/// the waiting callers, and not on how fast a busy machine can connect.
async fn open_all(pool: &PgPool) -> Result<()> {
    let deadline = Instant::now() + Duration::from_mins(1);
    let mut open = Vec::new();
    while open.len() < pool.options().get_max_connections() as usize {
        match pool.acquire().await {
            Ok(connection) => open.push(connection),
            Err(sqlx::Error::PoolTimedOut) if Instant::now() < deadline => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}
