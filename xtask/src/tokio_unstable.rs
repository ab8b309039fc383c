//! Runs the tests of `caracal-tokio` with the data that tokio only reports if it is compiled with an unstable
//! flag.

use anyhow::Result;
use xshell::cmd;

use crate::workspace::Workspace;

/// Runs them in a separate target folder, because the flag causes everything to be compiled again.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let sh = &workspace.shell;
    cmd!(sh, "cargo test --package caracal-tokio --tests")
        .env("CARGO_TARGET_DIR", workspace.scratch().join("tokio-unstable"))
        .env("RUSTFLAGS", "--cfg tokio_unstable")
        .run()?;
    Ok(())
}
