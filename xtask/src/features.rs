//! Compiles the published crates with the features that a user can choose.
//!
//! This uses Clippy instead of `cargo check`. It compiles the same code, and denies warnings only in our
//! crates. With `RUSTFLAGS`, every dependency would be compiled again.

use anyhow::{Result, ensure};
use cargo_metadata::Package;
use xshell::cmd;

use crate::kept::{self, CARGO_HACK};
use crate::workspace::Workspace;

/// A crate with more features is compiled with each one, but not with each pair of them, because the number
/// of pairs grows with the square. Only the facade has more. Each of its features belongs to a crate that is
/// checked separately.
const MOST_IN_PAIRS: usize = 12;

/// Crates that compile only if at least one of these features is enabled.
const AT_LEAST_ONE_OF: [(&str, &str); 1] = [("caracal-cache", "future,sync")];

/// Compiles each published crate alone with its default features, including tests and examples.
pub(crate) fn check_alone(workspace: &Workspace) -> Result<()> {
    let sh = &workspace.shell;
    for package in workspace.publishable() {
        let name = package.name.as_str();
        cmd!(sh, "cargo clippy --quiet --package {name} --all-targets -- -D warnings").run()?;
    }
    Ok(())
}

/// Compiles each published crate without features, with each one, and, up to [`MOST_IN_PAIRS`], with each pair.
pub(crate) fn check_powerset(workspace: &Workspace) -> Result<()> {
    let sh = &workspace.shell;
    let path = kept::path_with(workspace, &CARGO_HACK)?;
    for package in workspace.publishable() {
        let name = package.name.as_str();
        let choice = AT_LEAST_ONE_OF.iter().find(|(of, _)| *of == name);
        let choice = choice.map(|(_, features)| format!("--at-least-one-of={features}"));
        let depth = if package.features.len() > MOST_IN_PAIRS { "1" } else { "2" };
        cmd!(
            sh,
            "cargo hack clippy --quiet --package {name} --lib --feature-powerset --depth {depth}
             --exclude-features default {choice...} -- -D warnings"
        )
        .env("PATH", &path)
        .run()?;
    }
    Ok(())
}

/// Compiles the published crates that use `prometheus`, with the feature `protobuf` of that crate.
pub(crate) fn check_protobuf(workspace: &Workspace) -> Result<()> {
    let sh = &workspace.shell;
    let on_prometheus =
        |package: &&Package| package.dependencies.iter().any(|d| d.name == "prometheus");
    let users: Vec<_> = workspace.publishable().into_iter().filter(on_prometheus).collect();
    ensure!(!users.is_empty(), "no published crate depends on prometheus: this checks nothing");
    for package in users {
        let name = package.name.as_str();
        cmd!(
            sh,
            "cargo clippy --quiet --package {name} --all-targets --features prometheus/protobuf
             -- -D warnings"
        )
        .run()?;
    }
    Ok(())
}
