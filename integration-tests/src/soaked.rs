//! The service of the soak (`src/bin/soaked-service`) as a process.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

use anyhow::{Context, Result};

use crate::binary::binary;
use crate::{ServerProcess, free_port};

/// A running service; killed when dropped.
#[derive(Debug)]
pub struct SoakedService {
    process: ServerProcess,
    metrics: SocketAddr,
}

impl SoakedService {
    /// Starts it, and waits until it listens.
    ///
    /// # Errors
    /// When it was not built, ends by itself, or does not answer in time.
    pub async fn start() -> Result<Self> {
        let metrics = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()?));
        let arguments =
            |address: SocketAddr, _: &Path| Ok(vec![address.to_string(), metrics.to_string()]);
        let process = ServerProcess::start(&binary("soaked-service")?, "/", arguments).await;
        Ok(Self { process: process.context("the service does not start")?, metrics })
    }

    /// Where the application listens. Its router has `/metrics`.
    #[must_use]
    pub fn application(&self) -> SocketAddr {
        self.process.address()
    }

    /// Where the server of metrics listens.
    #[must_use]
    pub fn metrics(&self) -> SocketAddr {
        self.metrics
    }
}
