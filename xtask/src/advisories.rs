//! Known vulnerabilities of the dependencies, from the RustSec advisory database.

use anyhow::{Context, Result};
use xshell::cmd;

use crate::kept::{self, CARGO_DENY};
use crate::workspace::Workspace;

/// Runs cargo-deny's advisory check.
pub(crate) fn check(workspace: &Workspace) -> Result<()> {
    let sh = &workspace.shell;
    let path = kept::path_with(workspace, &CARGO_DENY)?;
    // This is separate from the check, so that a missing network is reported neither as a vulnerability nor
    // as success.
    cmd!(sh, "cargo-deny fetch db").env("PATH", &path).run().context(
        "the advisory database can't be fetched, so nothing was checked: it needs the network",
    )?;
    cmd!(sh, "cargo-deny --all-features check --disable-fetch advisories")
        .env("PATH", &path)
        .run()
        .context("the advisory database lists vulnerabilities of our dependencies")
}
