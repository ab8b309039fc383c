//! The service of the soak test (`src/bin/soaked-service`) as a process.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

use anyhow::{Context, Result};

use crate::binary::binary;
use crate::{ServerProcess, free_port};

/// A running service. It is killed when this is dropped.
#[derive(Debug)]
pub struct SoakedService {
    process: ServerProcess,
    metrics: SocketAddr,
}

impl SoakedService {
    /// Starts the service, and waits until it listens.
    ///
    /// # Errors
    ///
    /// Returns an error if the service was not built, exits, or does not respond in time.
    pub async fn start() -> Result<Self> {
        let metrics = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()?));
        let arguments =
            |address: SocketAddr, _: &Path| Ok(vec![address.to_string(), metrics.to_string()]);
        let process = ServerProcess::start(&binary("soaked-service")?, "/", arguments).await;
        Ok(Self { process: process.context("the service does not start")?, metrics })
    }

    /// The address on which the application listens. Its router has `/metrics`.
    #[must_use]
    pub fn application(&self) -> SocketAddr {
        self.process.address()
    }

    /// The address on which the metrics server listens.
    #[must_use]
    pub fn metrics(&self) -> SocketAddr {
        self.metrics
    }
}
