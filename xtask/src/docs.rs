//! `cargo xtask docs`: writes what is generated in checked-in files.

use anyhow::Result;
use xshell::cmd;

use crate::workspace::{REWRITE, Workspace};

/// The tests that fail for a stale file, and write it when asked to. The second reads what the first writes.
const TESTS: [&str; 3] = ["families", "documents", "monitoring"];

/// Lets the tests write the files.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    for test in TESTS {
        // The features of all, so that nothing is compiled for this alone. In CI, nothing is written.
        cmd!(workspace.shell, "cargo test --workspace --exclude benchmarks --all-features")
            .args(["--test", test])
            .env(REWRITE, "1")
            .env_remove("CI")
            .run()?;
    }
    Ok(())
}
