//! Starting and stopping the parts of the gateway.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use caracal_metrics::MetricsRegistry;
use caracal_metrics::tokio::{RuntimeGuard, RuntimeObserver};
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, interval_at, timeout};

use crate::auth::Credentials;
use crate::breaker::GuardedStore;
use crate::config::{Config, FIRST_OUTAGE_AFTER};
use crate::database::{Database, because};
use crate::ledger::Ledger;
use crate::policy::Policies;
use crate::replay::Nonces;
use crate::routes::{Services, router};
use crate::store::Store;
use crate::{demo, outage, traffic};

/// The time that requests have to finish when the gateway stops.
const GRACE: Duration = Duration::from_secs(5);
const PRUNE_EVERY: Duration = Duration::from_mins(5);

/// A running gateway.
#[derive(Debug)]
pub struct Gateway {
    address: SocketAddr,
    metrics: MetricsRegistry,
    services: Arc<Services>,
    database: Arc<Database>,
    server: JoinHandle<std::io::Result<()>>,
    stop_server: oneshot::Sender<()>,
    /// Aborted when dropped.
    background: JoinSet<()>,
    _runtime: RuntimeGuard,
}

impl Gateway {
    /// Listens on the address, opens the database and serves.
    ///
    /// # Errors
    ///
    /// Returns an error if the gateway can't listen on the address or can't use the database.
    pub async fn start(config: &Config) -> Result<Self> {
        let listener = TcpListener::bind(&config.listen).await.with_context(|| {
            format!("can't listen on {} (choose another with --listen)", config.listen)
        })?;
        let address = reachable(listener.local_addr()?);
        let metrics = MetricsRegistry::builder().process_metrics().build()?;
        let runtime = RuntimeObserver::new(&Handle::current()).attach(&metrics)?;
        let database = Arc::new(Database::open(config.database_url.as_deref(), &metrics).await?);

        let store = Store::new(Arc::clone(&database));
        let seeding = format!("can't write the demo's policies to {}", database.url());
        demo::seed(&store).await.map_err(because(&seeding))?;
        let store = Arc::new(GuardedStore::new(store, &metrics)?);
        let services = Arc::new(Services {
            credentials: Credentials::generate(demo::AGENTS),
            nonces: Nonces::new(&metrics)?,
            policies: Policies::new(&store, &metrics)?,
            ledger: Ledger::new(&store),
            store,
        });

        let (stop_server, stopped) = oneshot::channel();
        let router = router(Arc::clone(&services), &metrics);
        let serving = axum::serve(listener, router).with_graceful_shutdown(async {
            // If the sender is dropped, this also stops the server.
            let _ = stopped.await;
        });
        let server = tokio::spawn(async { serving.await });

        let mut background = JoinSet::new();
        background.spawn(prune(Arc::clone(&services)));
        if !config.no_traffic {
            background.spawn(traffic::run(address, Arc::clone(&services), config.rate));
            if config.outage_interval > 0 {
                let interval = Duration::from_secs(config.outage_interval.into());
                let database = Arc::clone(&database);
                background.spawn(outage::run(database, FIRST_OUTAGE_AFTER, interval));
            }
        }
        Ok(Self {
            address,
            metrics,
            services,
            database,
            server,
            stop_server,
            background,
            _runtime: runtime,
        })
    }

    /// Returns the address at which the gateway can be reached.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the metrics of the gateway.
    #[must_use]
    pub fn metrics(&self) -> &MetricsRegistry {
        &self.metrics
    }

    /// Returns the secrets of this run.
    #[must_use]
    pub fn credentials(&self) -> &Credentials {
        &self.services.credentials
    }

    /// Returns the database of the gateway.
    #[must_use]
    pub fn database(&self) -> &Arc<Database> {
        &self.database
    }

    /// Stops the gateway: it accepts no more requests, waits for current ones, writes the waiting ledger entries
    /// and closes the database.
    ///
    /// # Errors
    ///
    /// Returns an error if the server failed while it ran.
    pub async fn stop(mut self) -> Result<()> {
        self.background.shutdown().await;
        let _ = self.stop_server.send(());
        let served = if let Ok(served) = timeout(GRACE, &mut self.server).await {
            served?
        } else {
            tracing::warn!("some requests did not finish in time and were cancelled");
            self.server.abort();
            Ok(())
        };
        let closing = async {
            self.services.ledger.flush().await;
            self.database.pool().close().await;
        };
        // A database that hangs must not prevent the gateway from stopping.
        if timeout(GRACE, closing).await.is_err() {
            tracing::warn!("the database did not close in time");
        }
        served.context("the server failed")
    }
}

/// An address to which clients can connect. The unspecified address means all interfaces, so it is
/// replaced.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(match address.ip() {
            IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    address
}

async fn prune(services: Arc<Services>) {
    let mut ticks = interval_at(Instant::now() + PRUNE_EVERY, PRUNE_EVERY);
    loop {
        ticks.tick().await;
        if let Err(error) = services.ledger.prune().await {
            tracing::debug!(%error, "the ledger was not pruned");
        }
    }
}
