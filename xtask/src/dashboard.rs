//! `cargo xtask dashboard`: what the gateway generates of `monitoring/`, the dashboard and the rules.

use anyhow::Result;
use xshell::cmd;

use crate::docs::Mode;
use crate::workspace::Workspace;

/// Writes the files anew, or checks that they are not stale. The gateway does it in a test of its own: what
/// is generated depends on what a running service has in use.
pub(crate) fn run(workspace: &Workspace, mode: Mode) -> Result<()> {
    let test = cmd!(workspace.shell, "cargo test --package gateway --test monitoring");
    match mode {
        Mode::Check => test.run()?,
        // In CI, nothing is written.
        Mode::Write => test.env("CARACAL_REWRITE", "1").env_remove("CI").run()?,
    }
    Ok(())
}
