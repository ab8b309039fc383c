//! `cargo xtask lint`: every check that runs no tests.

use anyhow::{Context, Result, ensure};
use clap::ValueEnum;
use xshell::cmd;

use crate::kept::{self, CARGO_DENY, LYCHEE, TYPOS};
use crate::step::Steps;
use crate::workspace::Workspace;
use crate::{api, consumers, features, packages, size};

/// A check that can also run alone.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Check {
    /// The code is formatted.
    Format,
    /// Clippy finds nothing in any target, with all features.
    Clippy,
    /// The documentation builds without warnings.
    Rustdoc,
    /// Each published crate compiles alone. In a build of the workspace, crates also get the features that
    /// others enable.
    Alone,
    /// Each published crate compiles from the files that Cargo packages.
    Packages,
    /// The public items of the published crates are those that docs/public-api lists.
    Api,
    /// Each published crate compiles without features, with each one, and with each pair of them.
    Features,
    /// A program for each feature of caracal-metrics compiles, runs, and depends on no library of another feature.
    Consumers,
    /// The crate caracal-metrics adds at most a certain number of bytes to the smallest axum service.
    Size,
    /// The crates compile if another crate in the build enables `prometheus/protobuf`, which changes types
    /// that we use.
    Protobuf,
    /// Licences, banned crates and sources comply with deny.toml.
    Licences,
    /// No word is misspelt.
    Spelling,
    /// Each link of a document leads to an existing file, and to an existing heading in it.
    Links,
}

impl Check {
    fn run(self, workspace: &Workspace) -> Result<()> {
        let sh = &workspace.shell;
        match self {
            Self::Format => cmd!(sh, "cargo fmt --all --check").run()?,
            Self::Clippy => {
                cmd!(sh, "cargo clippy --workspace --all-targets --all-features -- -D warnings")
                    .run()?;
            }
            Self::Rustdoc => cmd!(sh, "cargo doc --workspace --no-deps --all-features")
                .env("RUSTDOCFLAGS", "-D warnings")
                .run()?,
            Self::Alone => features::check_alone(workspace)?,
            Self::Packages => packages::check(workspace)?,
            Self::Api => api::check(workspace)?,
            Self::Features => features::check_powerset(workspace)?,
            Self::Consumers => consumers::check(workspace)?,
            Self::Size => size::check(workspace)?,
            Self::Protobuf => features::check_protobuf(workspace)?,
            Self::Licences => {
                let path = kept::path_with(workspace, &CARGO_DENY)?;
                cmd!(
                    sh,
                    "cargo-deny --all-features check --hide-inclusion-graph bans licenses sources"
                )
                .env("PATH", path)
                .run()?;
            }
            Self::Spelling => {
                let path = kept::path_with(workspace, &TYPOS)?;
                cmd!(sh, "typos").env("PATH", path).run()?;
            }
            Self::Links => {
                let path = kept::path_with(workspace, &LYCHEE)?;
                let listed = cmd!(sh, "git ls-files *.md").read()?;
                let documents: Vec<_> = listed.lines().collect();
                ensure!(!documents.is_empty(), "there are no documents: this checks nothing");
                cmd!(sh, "lychee --offline --include-fragments --no-progress {documents...}")
                    .env("PATH", path)
                    .run()?;
            }
        }
        Ok(())
    }
}

/// Runs the given checks, or all of them.
pub(crate) fn run(workspace: &Workspace, steps: &mut Steps, only: &[Check]) -> Result<()> {
    let checks = if only.is_empty() { Check::value_variants() } else { only };
    for check in checks {
        let value = check.to_possible_value().context("a check without a name")?;
        let name = value.get_name();
        steps.run(name, &format!("cargo xtask lint {name}"), || check.run(workspace))?;
    }
    Ok(())
}
