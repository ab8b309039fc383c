//! The service under test: what a gateway does with the facade, every feature on.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use caracal_metrics::MetricsRegistry;
use caracal_metrics::breaker::{BreakerObserver, BuiltBreaker};
use caracal_metrics::cache::CacheObserver;
use caracal_metrics::cache::future::ObservedCache;
use caracal_metrics::sqlx::{ObservedPool, PoolObserver};
use failsafe::backoff::{self, Constant};
use failsafe::failure_policy::{ConsecutiveFailures, consecutive_failures};
use moka::future::Cache;
use sqlx::postgres::PgPoolOptions;
use sqlx::{PgPool, Postgres};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use crate::handlers::router;

/// The threads of every service under test have this name.
pub(crate) const THREADS: &str = "service-under-test";

/// What a scenario chooses.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) listen: SocketAddr,
    pub(crate) connections: u32,
    pub(crate) acquire_timeout: Duration,
    /// How many calls in a row must fail for the breaker to open.
    pub(crate) failures: u32,
    pub(crate) open_for: Duration,
    pub(crate) policies_live_for: Duration,
    pub(crate) series_per_family: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: (Ipv4Addr::LOCALHOST, 0).into(),
            connections: 5,
            // Only scenarios that are about waiting in vain wait in vain.
            acquire_timeout: Duration::from_secs(30),
            failures: 1_000,
            open_for: Duration::from_millis(200),
            policies_live_for: Duration::from_mins(10),
            series_per_family: 10_000,
        }
    }
}

/// What the handlers work with.
pub(crate) struct Parts {
    pub(crate) metrics: MetricsRegistry,
    pub(crate) pool: ObservedPool<Postgres>,
    pub(crate) breaker: BuiltBreaker<ConsecutiveFailures<Constant>>,
    /// Whether an agent may act.
    pub(crate) policies: ObservedCache<String, bool>,
    pub(crate) nonces: ObservedCache<String, ()>,
}

impl Parts {
    async fn assemble(settings: &Settings, database_url: &str) -> Result<Self> {
        let metrics = MetricsRegistry::builder()
            .process_metrics()
            .max_series_per_family(settings.series_per_family)
            .build()?;
        let pool = PgPoolOptions::new()
            .max_connections(settings.connections)
            .acquire_timeout(settings.acquire_timeout)
            .connect_lazy(database_url)?;
        open_all(&pool).await?;
        let pool = PoolObserver::new(&pool).wrap(&metrics)?;
        let policy = consecutive_failures(settings.failures, backoff::constant(settings.open_for));
        let breaker = BreakerObserver::new("database").build(policy, (), &metrics)?;

        let observer = CacheObserver::policy();
        let policies = Cache::builder()
            .max_capacity(10_000)
            .time_to_live(settings.policies_live_for)
            .eviction_listener(observer.listener(|_, _, _| {}))
            .build();
        let policies = observer.wrap(policies, &metrics)?;
        let observer = CacheObserver::named("nonces");
        let nonces = Cache::builder()
            .max_capacity(10_000)
            .eviction_listener(observer.listener(|_, (), _| {}))
            .build();
        let nonces = observer.wrap(nonces, &metrics)?;
        Ok(Self { metrics, pool, breaker, policies, nonces })
    }
}

/// Opens every connection of the pool. A scenario with a short time for acquiring is about who waits for
/// whom, and not about how fast a busy machine can connect.
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

/// A running service, on a runtime of its own; killed when dropped.
pub(crate) struct Service {
    address: SocketAddr,
    pool: Option<PgPool>,
    runtime: Option<Runtime>,
}

impl Service {
    /// Starts it, and waits until it listens and has connected to the database.
    pub(crate) async fn start(settings: &Settings, database_url: &str) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name(THREADS)
            .enable_all()
            .build()?;
        let (settings, database_url) = (settings.clone(), database_url.to_owned());
        let starting = runtime.spawn(async move {
            let parts = Parts::assemble(&settings, &database_url).await?;
            let pool = parts.pool.inner().clone();
            let listener = TcpListener::bind(settings.listen).await?;
            let address = listener.local_addr()?;
            tokio::spawn(async move { axum::serve(listener, router(parts)).await });
            anyhow::Ok((address, pool))
        });
        let started = starting.await.map_err(anyhow::Error::from).flatten();
        match started.context("the service does not start") {
            Ok((address, pool)) => Ok(Self { address, pool: Some(pool), runtime: Some(runtime) }),
            Err(error) => {
                runtime.shutdown_background();
                Err(error)
            }
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its pool of connections, to ask that itself what is true of it.
    pub(crate) fn pool(&self) -> Result<&PgPool> {
        self.pool.as_ref().context("the service was killed")
    }

    /// Kills it: nothing is finished, nobody is told. Its port is free afterwards.
    pub(crate) async fn kill(&mut self) -> Result<()> {
        self.pool = None;
        if let Some(runtime) = self.runtime.take() {
            let end = move || runtime.shutdown_timeout(Duration::from_secs(10));
            tokio::task::spawn_blocking(end).await?;
        }
        Ok(())
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // The plain drop of a runtime panics on a thread of another.
            runtime.shutdown_background();
        }
    }
}
