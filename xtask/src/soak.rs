//! Hostile clients at the endpoint for minutes, with the real Prometheus scraping it.

use anyhow::{Context, Result};
use xshell::cmd;

use crate::tools;
use crate::workspace::Workspace;

/// Read by `integration-tests/tests/soak`.
const SECONDS: &str = "CARACAL_SOAK_SECONDS";

/// Runs the soak that is a part of the tests, for longer than it runs there.
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
