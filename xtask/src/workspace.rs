//! The workspace, as reported by Cargo.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use cargo_metadata::{CargoOpt, Metadata, MetadataCommand, Package};
use xshell::Shell;

/// The variable that causes generated files to be written instead of compared, except in CI.
pub(crate) const REWRITE: &str = "CARACAL_REWRITE";

/// Returns whether to write generated files.
pub(crate) fn rewrites() -> bool {
    env::var_os(REWRITE).is_some() && env::var_os("CI").is_none()
}

/// The metadata of the workspace, with all features, and a shell in its root.
pub(crate) struct Workspace {
    pub(crate) metadata: Metadata,
    pub(crate) shell: Shell,
}

impl Workspace {
    /// Asks Cargo about the workspace in which this binary was compiled.
    pub(crate) fn open() -> Result<Self> {
        let metadata = MetadataCommand::new()
            .manifest_path(Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.toml"))
            .features(CargoOpt::AllFeatures)
            .exec()
            .context("cargo metadata failed")?;
        let shell = Shell::new()?;
        shell.change_dir(&metadata.workspace_root);
        Ok(Self { metadata, shell })
    }

    /// Returns the folder for what these commands download or build. `cargo clean` removes it.
    pub(crate) fn scratch(&self) -> PathBuf {
        self.metadata.target_directory.as_std_path().join("xtask")
    }

    /// Returns the packages that are published: all without `publish = false`.
    pub(crate) fn publishable(&self) -> Vec<&Package> {
        let mut packages = self.metadata.workspace_packages();
        packages.retain(|package| package.publish.as_ref().is_none_or(|to| !to.is_empty()));
        packages.sort_by(|a, b| a.name.cmp(&b.name));
        packages
    }
}
