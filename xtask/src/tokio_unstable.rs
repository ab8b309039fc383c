//! The tests of `caracal-tokio` with what tokio tells only where it is built with a flag of its own.

use anyhow::Result;
use xshell::cmd;

use crate::workspace::Workspace;

/// Runs them in a target folder of their own: the flag has everything built anew.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let sh = &workspace.shell;
    cmd!(sh, "cargo test --package caracal-tokio --tests")
        .env("CARGO_TARGET_DIR", workspace.scratch().join("tokio-unstable"))
        .env("RUSTFLAGS", "--cfg tokio_unstable")
        .run()?;
    Ok(())
}
