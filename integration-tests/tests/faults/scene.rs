//! A database, a service that uses it, a client of the service, and the conditions at the end of a
//! scenario.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use integration_tests::service::{Connections, Service, Settings};
use integration_tests::{PATIENCE, Page, eventually};

use crate::balance::balanced;
use crate::client::Client;
use crate::database::Database;
use crate::statements;

/// The memory that a scenario may add to the service. Most scenarios add less than two mebibytes. With
/// many cores, the system counts in larger steps.
const MEMORY: f64 = 16.0 * 1024.0 * 1024.0;
/// The memory that each open file may add. Most files are connections, which have buffers.
const MEMORY_OF_A_FILE: f64 = 64.0 * 1024.0;

/// Metrics that must always be 0, because they count faults of the metrics themselves.
pub(crate) const NEVER: [&str; 2] =
    ["caracal_metrics_invalid_values_total", "caracal_metrics_collection_errors_total"];

pub(crate) struct Scene {
    pub(crate) database: Database,
    pub(crate) settings: Settings,
    pub(crate) service: Service,
    pub(crate) client: Client,
    /// Statements that the server executed for clients that had disconnected.
    pub(crate) unheard: f64,
    memory: f64,
}

impl Scene {
    pub(crate) async fn set(settings: Settings) -> Result<Self> {
        Self::on(Database::start().await?, settings).await
    }

    /// Creates a scene with a database that can be stopped and started again.
    pub(crate) async fn set_on_fixed_port(settings: Settings) -> Result<Self> {
        Self::on(Database::start_on_fixed_port().await?, settings).await
    }

    async fn on(database: Database, settings: Settings) -> Result<Self> {
        let service = Service::start(&settings, database.service_url()).await?;
        let client = Client::new(service.address());
        let memory = client.page().await?.value("process_resident_memory_bytes", &[]);
        ensure!(memory > 0.0, "the page does not contain the memory of the process");
        Ok(Self { database, settings, service, client, unheard: 0.0, memory })
    }

    /// Kills the service, which then has forgotten everything that was sent.
    pub(crate) fn kill(&mut self) {
        self.service.kill();
        self.client.forget();
    }

    /// Starts the service again after it was killed.
    pub(crate) async fn start_again(&mut self) -> Result<()> {
        eventually("the server has ended the sessions", async || {
            Ok(self.database.sessions().await? == 0.0)
        })
        .await?;
        self.database.forget_statements().await?;
        self.service.start_again().await
    }

    pub(crate) async fn page(&self) -> Result<Page> {
        self.client.page().await
    }

    /// Reads pages until one is as expected.
    pub(crate) async fn page_when(
        &self,
        what: &str,
        wanted: impl Fn(&Page) -> bool,
    ) -> Result<Page> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let page = self.page().await?;
            if wanted(&page) {
                return Ok(page);
            }
            if Instant::now() > deadline {
                bail!("no page with {what}:\n{}", page.excerpt());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits until this number of requests wait for the administrator's lock in the database.
    pub(crate) async fn until_waiting(&self, requests: usize) -> Result<()> {
        eventually("the requests wait for the lock", async || {
            Ok(self.database.waiting().await? == requests)
        })
        .await
    }

    /// The page once every request has been answered. The first page must agree with the client's
    /// records, because hyper drops a body, and with it the guard of the request, before it sends the
    /// end of the body.
    pub(crate) async fn settled(&self) -> Result<Page> {
        let page = self.page().await?;
        let in_flight = page.value("caracal_gateway_requests_in_flight", &[]);
        ensure!(in_flight == 0.0, "{in_flight} in flight:\n{}", page.excerpt());
        self.compare(&page)?;
        Ok(page)
    }

    /// Waits until the service has noticed that clients have disconnected. The page that first shows
    /// this may have been begun before, and may lack the other effects.
    pub(crate) async fn nobody_in_flight(&self) -> Result<()> {
        let none = |page: &Page| page.value("caracal_gateway_requests_in_flight", &[]) == 0.0;
        self.page_when("no request in flight", none).await.map(drop)
    }

    /// Checks that the page agrees with the client's records, and with itself.
    fn compare(&self, page: &Page) -> Result<()> {
        self.client.books().compare(page).with_context(|| page.excerpt())?;
        balanced(page).with_context(|| page.excerpt())
    }

    /// The page when the fault is over and requests succeed again. Checks that it agrees with the
    /// records and with the statistics of the server, that every gauge is right, and that nothing was
    /// damaged.
    pub(crate) async fn recovered(&self) -> Result<Page> {
        let page = self.settled().await?;
        self.gauges_are_true(&page, &[("pending", 0.0)])?;
        // sqlx checks a connection before it counts it as returned, and a test can't accelerate this.
        // As soon as the pool itself and the server agree, the first page must be right.
        eventually(
            "all connections are returned to the pool, and the server has no others",
            async || {
                let Connections { open, idle } = self.service.connections().await?;
                Ok(idle == open as usize && self.database.sessions().await? == f64::from(open))
            },
        )
        .await?;
        let open = self.service.connections().await?.open;
        let overflow = match self.settings.baseline {
            0 => 0,
            baseline => open.saturating_sub(baseline),
        };
        let (open, overflow) = (f64::from(open), f64::from(overflow));
        let page = self.page().await?;
        self.compare(&page)?;
        let pool = [
            ("pending", 0.0),
            ("checked_out", 0.0),
            ("idle", open),
            ("open", open),
            ("overflow", overflow),
        ];
        self.gauges_are_true(&page, &pool)?;
        statements::compare(&self.database, &page, self.unheard)
            .await
            .with_context(|| page.excerpt())?;
        self.unharmed(&page)?;
        Ok(page)
    }

    /// Checks the gauges of the breaker, of the cache and of the pool, and those that never change.
    fn gauges_are_true(&self, page: &Page, of_the_pool: &[(&str, f64)]) -> Result<()> {
        let all = f64::from(self.settings.connections);
        let constant = [("size", all)];
        for (gauge, truth) in of_the_pool.iter().copied().chain(constant) {
            let read = page.value(&format!("caracal_database_connection_pool_{gauge}"), &[]);
            ensure!(read == truth, "{gauge} is not {truth}:\n{}", page.excerpt());
        }
        let state = page.value("caracal_circuit_breaker_state", &[("name", "database")]);
        ensure!(state == 0.0, "the breaker is not closed:\n{}", page.excerpt());
        if self.settings.cached_for == Settings::default().cached_for {
            let (cached, decided) =
                (page.value("caracal_policy_cache_size", &[]), self.client.books().decided());
            ensure!(cached == decided as f64, "not {decided} policies:\n{}", page.excerpt());
        }
        Ok(())
    }

    /// Checks that nothing panicked, that the metrics themselves had no faults, and that the memory is
    /// within bounds again.
    pub(crate) fn unharmed(&self, page: &Page) -> Result<()> {
        for never in NEVER {
            ensure!(page.sum(never, &[]) == 0.0, "{never} moved:\n{}", page.excerpt());
        }
        let memory = page.value("process_resident_memory_bytes", &[]);
        let open = page.value("process_open_fds", &[]);
        let bound = self.memory + MEMORY + open * MEMORY_OF_A_FILE;
        ensure!(
            memory < bound,
            "memory grew from {} to {memory} bytes; open files: {open}",
            self.memory
        );
        self.service.ensure_no_panic()
    }
}
