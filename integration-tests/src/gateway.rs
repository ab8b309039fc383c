//! The demo gateway as a process.

use anyhow::{Context, Result};

use crate::ServerProcess;
use crate::binary::binary;

/// The gateway's flag for the address to listen on.
const LISTEN: &str = "--listen";

/// A running gateway. It is killed when this is dropped.
#[derive(Debug)]
pub struct Gateway {
    server: ServerProcess,
}

impl Gateway {
    /// Starts the gateway on a free port and waits until its `/metrics` responds.
    ///
    /// # Errors
    ///
    /// Returns an error if the gateway was not built, exits, or does not respond in time.
    pub async fn start(arguments: &[&str]) -> Result<Self> {
        let binary = binary("gateway")?;
        let server = ServerProcess::start(&binary, "/metrics", |address, _| {
            let listen = [LISTEN.to_owned(), address.to_string()];
            Ok(listen.into_iter().chain(arguments.iter().map(ToString::to_string)).collect())
        })
        .await
        .context("the gateway does not start")?;
        Ok(Self { server })
    }

    /// Kills the process, without a graceful shutdown.
    pub fn kill(&mut self) {
        self.server.kill();
    }

    /// Starts the gateway again after it was killed, at the same address.
    ///
    /// # Errors
    ///
    /// Returns the same errors as [`Gateway::start`].
    pub async fn start_again(&mut self) -> Result<()> {
        self.server.start_again().await.context("the gateway does not start again")
    }

    /// The process, with its address and its log.
    #[must_use]
    pub fn server(&self) -> &ServerProcess {
        &self.server
    }
}
