//! `cargo xtask docs`: writes the generated parts of checked-in files.

use anyhow::Result;
use xshell::cmd;

use crate::workspace::{REWRITE, Workspace};

/// The tests that fail for an outdated file, and write it if requested. The second one reads what the first
/// one writes.
const TESTS: [&str; 3] = ["families", "documents", "monitoring"];

/// Runs the tests so that they write the files.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    for test in TESTS {
        // This enables all features, so that nothing is compiled only for this command. In CI, nothing is
        // written.
        cmd!(workspace.shell, "cargo test --workspace --exclude benchmarks --all-features")
            .args(["--test", test])
            .env(REWRITE, "1")
            .env_remove("CI")
            .run()?;
    }
    Ok(())
}
