//! The demo gateway as a process.

use std::env;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};

use crate::ServerProcess;

/// The gateway's flag for the address to listen on.
const LISTEN: &str = "--listen";

/// A running gateway; killed when dropped.
#[derive(Debug)]
pub struct Gateway {
    server: ServerProcess,
}

impl Gateway {
    /// Starts the gateway on a free port and waits until its `/metrics` answers.
    ///
    /// # Errors
    /// When it was not built, ends by itself, or does not answer in time.
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

    /// The process, for its address and its log.
    #[must_use]
    pub fn server(&self) -> &ServerProcess {
        &self.server
    }
}

/// A binary of another package of the workspace: Cargo tells a test only where its own package's are. Both
/// are in the profile's folder, the test one level below.
fn binary(name: &str) -> Result<PathBuf> {
    let test = env::current_exe()?;
    let profile = test.ancestors().nth(2).context("the test is not in a target folder")?;
    let binary = profile.join(name).with_extension(env::consts::EXE_EXTENSION);
    ensure!(
        binary.is_file(),
        "{} was not built: run `cargo xtask test`, or `cargo build --package {name}` first",
        binary.display()
    );
    Ok(binary)
}

#[cfg(test)]
mod tests {
    use super::binary;

    #[test]
    fn a_binary_that_was_not_built_is_named() {
        let error = binary("no-such-program").unwrap_err().to_string();
        assert!(error.contains("no-such-program was not built: run `cargo xtask test`"), "{error}");
    }
}
