//! Runs hostile clients against the endpoint for some minutes, while a real Prometheus scrapes it.

use anyhow::{Context, Result};
use xshell::cmd;

use crate::tools;
use crate::workspace::Workspace;

/// `integration-tests/tests/soak` reads this variable.
const SECONDS: &str = "CARACAL_SOAK_SECONDS";

/// Runs the soak test for longer than `cargo xtask test` does.
pub(crate) fn run(workspace: &Workspace, minutes: u64) -> Result<()> {
    let sh = &workspace.shell;
    let found = tools::prometheus(sh, &workspace.scratch()).context("Prometheus is missing")?;
    let path = tools::path_with(found.as_deref())?;
    cmd!(sh, "cargo test --package integration-tests --test soak -- --nocapture")
        .env("PATH", path)
        .env(SECONDS, (60 * minutes).to_string())
        .run()?;
    Ok(())
}
