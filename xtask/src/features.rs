//! Compiles the published crates with the features that a user can choose.
//!
//! Clippy is used instead of `cargo check`: it compiles the same and denies warnings in our crates only, where
//! `RUSTFLAGS` would recompile every dependency.

use anyhow::{Context, Result, ensure};
use cargo_metadata::Package;
use serde::Deserialize;
use xshell::cmd;

use crate::kept::{self, CARGO_HACK};
use crate::workspace::Workspace;

/// A crate with more features is compiled with each one, and not with each pair of them: the number of pairs
/// grows with the square. That is the facade, whose features each belong to a crate that is checked itself.
const MOST_IN_PAIRS: usize = 12;

/// A crate's settings under `[package.metadata.caracal]`.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
struct Rules {
    /// The crate compiles only with at least one of these features.
    at_least_one_of: Vec<String>,
}

/// Compiles each published crate by itself with its default features, tests and examples included.
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
        let choice = rules(package)?.at_least_one_of.join(",");
        let choice = (!choice.is_empty()).then(|| format!("--at-least-one-of={choice}"));
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

/// Compiles the published crates that use `prometheus` with its `protobuf` feature on.
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

fn rules(package: &Package) -> Result<Rules> {
    let Some(rules) = package.metadata.get("caracal") else {
        return Ok(Rules::default());
    };
    let rules: Rules = serde_json::from_value(rules.clone())
        .with_context(|| format!("{}: [package.metadata.caracal]", package.name))?;
    for feature in &rules.at_least_one_of {
        ensure!(
            package.features.contains_key(feature),
            "{}: [package.metadata.caracal] names the feature {feature}, which does not exist",
            package.name
        );
    }
    Ok(rules)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_rule_is_an_error() {
        let misspelt = serde_json::json!({"at-least-one": ["sync"]});
        assert!(serde_json::from_value::<Rules>(misspelt).is_err());
    }
}
