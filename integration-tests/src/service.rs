//! The service that scenarios of faults are played with (`src/bin/service-under-test`): its settings, what
//! its answers say beside the body, and the process.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

use crate::ServerProcess;
use crate::binary::binary;

/// The header with the key of the caller.
pub const KEY: &str = "x-key";
/// The key that is let in.
pub const GOOD_KEY: &str = "good";
/// The header with a number that is good for one request.
pub const NONCE: &str = "x-nonce";

// In answers: what the service did for this request, in its own words and not in its metrics'.

/// What came of the request's own call to the database: `success`, `failure` or `rejection`.
pub const DATABASE: &str = "x-database";
/// Whether the policy came from the cache: `hit` or `miss`.
pub const CACHE: &str = "x-cache";
/// The request was answered from the cache, and the database could not have been asked.
pub const DEGRADED: &str = "x-degraded";

/// Where the service says what its pool of connections says of itself.
pub const POOL: &str = "/pool";

/// What a scenario chooses.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Settings {
    /// How many connections the pool may open; it opens them all as the service starts.
    pub connections: u32,
    /// How many of them are no overflow; with 0 none is.
    pub baseline: u32,
    /// How long a request waits for a connection.
    pub acquire_timeout: Duration,
    /// How many calls in a row must fail for the breaker to open.
    pub failures: u32,
    /// How long the breaker stays open.
    pub open_for: Duration,
    /// How long policies and nonces stay in their caches.
    pub cached_for: Duration,
    /// The limit of label sets in a family.
    pub series_per_family: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            connections: 5,
            baseline: 0,
            // Only scenarios that are about waiting in vain wait in vain.
            acquire_timeout: Duration::from_secs(30),
            failures: 1_000,
            open_for: Duration::from_millis(200),
            cached_for: Duration::from_mins(10),
            series_per_family: 10_000,
        }
    }
}

/// What a pool of connections says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connections {
    /// How many there are.
    pub open: u32,
    /// How many of them nobody uses.
    pub idle: usize,
}

/// A running service; killed when dropped.
#[derive(Debug)]
pub struct Service {
    process: ServerProcess,
}

impl Service {
    /// Starts it, and waits until it listens and has connected to the database.
    ///
    /// # Errors
    /// When it was not built, ends by itself, or does not answer in time.
    pub async fn start(settings: &Settings, database_url: &str) -> Result<Self> {
        let settings = serde_json::to_string(settings)?;
        let arguments = |address: SocketAddr, _: &Path| {
            Ok(vec![address.to_string(), database_url.to_owned(), settings.clone()])
        };
        let process = ServerProcess::start(&binary("service-under-test")?, POOL, arguments).await;
        Ok(Self { process: process.context("the service does not start")? })
    }

    /// Kills it: nothing is finished, nobody is told.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Starts it as before, at its address, after it was killed.
    ///
    /// # Errors
    /// As [`Service::start`].
    pub async fn start_again(&mut self) -> Result<()> {
        self.process.start_again().await.context("the service does not start again")
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.process.address()
    }

    /// What its pool says of itself.
    ///
    /// # Errors
    /// When the service does not answer.
    pub async fn connections(&self) -> Result<Connections> {
        let answer = reqwest::get(self.process.url(POOL)).await?.error_for_status()?;
        Ok(serde_json::from_slice(&answer.bytes().await?)?)
    }

    /// Nothing panicked in it: tokio and hyper catch a panic, and no client need see one.
    ///
    /// # Errors
    /// When something did; with what it wrote.
    pub fn ensure_no_panic(&self) -> Result<()> {
        let log = self.process.log();
        ensure!(!log.contains("panicked at"), "the service wrote:\n{log}");
        Ok(())
    }
}
