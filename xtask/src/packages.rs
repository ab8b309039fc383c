//! Checks that each published crate compiles from the files that Cargo packages, as in a registry.

use std::fs;

use anyhow::{Context, Result};
use xshell::cmd;

use crate::workspace::Workspace;

/// Packages each published crate, and compiles the packaged files outside of the workspace.
///
/// `cargo package` could compile them itself, but it compiles all dependencies again for each crate.
pub(crate) fn check(workspace: &Workspace) -> Result<()> {
    let sh = &workspace.shell;
    let target = &workspace.metadata.target_directory;
    let folder = workspace.scratch().join("packages");
    sh.remove_path(&folder)?;
    sh.create_dir(&folder)?;
    let packages = workspace.publishable();
    let selection = packages.iter().flat_map(|package| ["--package", package.name.as_str()]);
    cmd!(sh, "cargo package --quiet --offline --no-verify --allow-dirty --exclude-lockfile")
        .args(selection)
        .run()?;
    let mut patches = toml::Table::new();
    let mut members = Vec::new();
    for package in packages {
        let name = format!("{}-{}", package.name, package.version);
        let archive = target.join("package").join(&name).into_string() + ".crate";
        // The files in an archive have an old date, so Cargo would assume that they have not changed since
        // the last check.
        cmd!(sh, "tar --extract --touch --file {archive} --directory {folder}").quiet().run()?;
        let patch = toml::Table::from_iter([("path".to_owned(), name.clone().into())]);
        patches.insert(package.name.to_string(), patch.into());
        members.push(toml::Value::from(name));
    }
    let ours: toml::Table =
        fs::read_to_string(workspace.metadata.workspace_root.join("Cargo.toml"))?.parse()?;
    let mut manifest = toml::toml! {
        [workspace]
        resolver = "3"
        members = (toml::Value::Array(members))
    };
    // The crates depend on each other by version, as in a registry, but no registry has them yet.
    manifest.insert(
        "patch".to_owned(),
        toml::Table::from_iter([("crates-io".to_owned(), patches.into())]).into(),
    );
    // The profile and the versions are those of the workspace, so that dependencies are not compiled again.
    let profile = ours.get("profile").context("the workspace has no profiles")?;
    manifest.insert("profile".to_owned(), profile.clone());
    let path = folder.join("Cargo.toml");
    sh.write_file(&path, manifest.to_string())?;
    sh.copy_file("Cargo.lock", folder.join("Cargo.lock"))?;
    cmd!(sh, "cargo check --quiet --offline --workspace --all-features")
        .args(["--manifest-path".as_ref(), path.as_os_str()])
        .args(["--target-dir", target.as_str()])
        .run()?;
    Ok(())
}
