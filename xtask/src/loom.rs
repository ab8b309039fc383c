//! Runs the loom models of the engine and of the rows.

use anyhow::{Result, ensure};
use xshell::cmd;

use crate::workspace::Workspace;

/// Runs the models in a separate target folder, because the flag would cause everything to be compiled again.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let sh = &workspace.shell;
    let filter = "::models::";
    let output = cmd!(sh, "cargo test --release --package caracal-metrics-core --lib {filter}")
        .env("CARGO_TARGET_DIR", workspace.scratch().join("loom"))
        .env("RUSTFLAGS", "--cfg caracal_loom")
        .read()?;
    eprintln!("{output}");
    ensure!(!output.contains("running 0 tests"), "there is no test `{filter}` any more");
    Ok(())
}
