//! Cargo subcommands that the checks use, each in one version, kept under the target folder.

use anyhow::{Context, Result};
use xshell::cmd;

use crate::tools;
use crate::workspace::Workspace;

/// A crate whose programs are installed with `cargo install`.
pub(crate) struct CargoTool {
    package: &'static str,
    version: &'static str,
}

/// Runs a Cargo command for many sets of features.
pub(crate) const CARGO_HACK: CargoTool = CargoTool { package: "cargo-hack", version: "0.6.46" };
/// Finds misspelt words.
pub(crate) const TYPOS: CargoTool = CargoTool { package: "typos-cli", version: "1.52.0" };

/// `PATH` with the tool's folder in front. Installs the tool first if this version is missing.
pub(crate) fn path_with(workspace: &Workspace, tool: &CargoTool) -> Result<String> {
    let CargoTool { package, version } = tool;
    let root = workspace.scratch().join("tools").join(format!("{package}-{version}"));
    let programs = root.join("bin");
    // Cargo makes the folder last, so an interrupted installation is repeated.
    if !programs.is_dir() {
        let sh = &workspace.shell;
        cmd!(sh, "cargo install --locked --root {root} {package}@{version}")
            .run()
            .with_context(|| format!("{package} {version} can't be installed"))?;
    }
    tools::path_with(Some(&programs))
}
