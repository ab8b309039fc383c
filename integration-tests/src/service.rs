//! The service for the fault scenarios (`src/bin/service-under-test`): its settings, the facts that its
//! responses report in addition to the body, and the process.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

use crate::ServerProcess;
use crate::binary::binary;

/// The request header with the key of the caller.
pub const KEY: &str = "x-key";
/// The valid key.
pub const GOOD_KEY: &str = "good";
/// The request header with a number that can be used once.
pub const NONCE: &str = "x-nonce";

// Response headers that report what the service did for the request, independently of its metrics.

/// The result of the request's own call to the database: `success`, `failure` or `rejection`.
pub const DATABASE: &str = "x-database";
/// Whether the policy came from the cache: `hit` or `miss`.
pub const CACHE: &str = "x-cache";
/// The request was answered from the cache while the database was not available.
pub const DEGRADED: &str = "x-degraded";

/// The path at which the service reports the state of its pool, as the pool sees it.
pub const POOL: &str = "/pool";

/// The settings of a scenario.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Settings {
    /// The maximum number of connections of the pool. The service opens all of them at its start.
    pub connections: u32,
    /// The baseline of the pool. Connections above it are overflow. If it is 0, there is no overflow.
    pub baseline: u32,
    /// How long a request waits for a connection.
    pub acquire_timeout: Duration,
    /// The number of consecutive failed calls after which the breaker opens.
    pub failures: u32,
    /// How long the breaker stays open.
    pub open_for: Duration,
    /// How long policies and nonces stay in their caches.
    pub cached_for: Duration,
    /// The maximum number of label sets of a family.
    pub series_per_family: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            connections: 5,
            baseline: 0,
            // Only scenarios about timeouts should run into one.
            acquire_timeout: Duration::from_secs(30),
            failures: 1_000,
            open_for: Duration::from_millis(200),
            cached_for: Duration::from_mins(10),
            series_per_family: 10_000,
        }
    }
}

/// The state of a connection pool, as the pool sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connections {
    /// The number of open connections.
    pub open: u32,
    /// The number of idle connections.
    pub idle: usize,
}

/// A running service. It is killed when this is dropped.
#[derive(Debug)]
pub struct Service {
    process: ServerProcess,
}

impl Service {
    /// Starts the service, and waits until it listens and has connected to the database.
    ///
    /// # Errors
    ///
    /// Returns an error if the service was not built, exits, or does not respond in time.
    pub async fn start(settings: &Settings, database_url: &str) -> Result<Self> {
        let settings = serde_json::to_string(settings)?;
        let arguments = |address: SocketAddr, _: &Path| {
            Ok(vec![address.to_string(), database_url.to_owned(), settings.clone()])
        };
        let process = ServerProcess::start(&binary("service-under-test")?, POOL, arguments).await;
        Ok(Self { process: process.context("the service does not start")? })
    }

    /// Kills the process, without a graceful shutdown.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Starts the service again after it was killed, at the same address.
    ///
    /// # Errors
    ///
    /// Returns the same errors as [`Service::start`].
    pub async fn start_again(&mut self) -> Result<()> {
        self.process.start_again().await.context("the service does not start again")
    }

    /// The address on which the service listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.process.address()
    }

    /// Returns the state of the pool, as the pool sees it.
    ///
    /// # Errors
    ///
    /// Returns an error if the service does not respond.
    pub async fn connections(&self) -> Result<Connections> {
        let answer = reqwest::get(self.process.url(POOL)).await?.error_for_status()?;
        Ok(serde_json::from_slice(&answer.bytes().await?)?)
    }

    /// Checks that nothing panicked in the service. tokio and hyper catch panics, so clients may not
    /// notice them.
    ///
    /// # Errors
    ///
    /// Returns an error if something panicked. It contains the output of the service.
    pub fn ensure_no_panic(&self) -> Result<()> {
        let log = self.process.log();
        ensure!(!log.contains("panicked at"), "the service wrote:\n{log}");
        Ok(())
    }
}
