//! `cargo xtask lint`: every check that runs no tests.

use anyhow::{Context, Result};
use clap::ValueEnum;
use xshell::cmd;

use crate::docs::Mode;
use crate::step::Steps;
use crate::workspace::Workspace;
use crate::{consumers, dashboard, docs, features, licences, monitoring, size};

/// A check that can also run alone.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Check {
    /// The code is formatted.
    Format,
    /// Clippy finds nothing, in any target, with every feature on.
    Clippy,
    /// The documentation builds without warnings.
    Rustdoc,
    /// The generated parts of the documents are fresh.
    Docs,
    /// Alerts name metrics of the catalogue, and each has tests and a section in the runbook. compose.yml
    /// is what Docker and Grafana read.
    Monitoring,
    /// The Grafana dashboard and the rules are what the gateway generates.
    Dashboard,
    /// Each published crate compiles alone: a workspace build lends crates the features of others.
    Alone,
    /// Each published crate compiles with every set of its features.
    Features,
    /// A program for each feature of the facade compiles, runs, and has no library that it did not ask for.
    Consumers,
    /// The facade adds no more to the smallest axum service than it may.
    Size,
    /// Another crate in the build may turn on `prometheus/protobuf`, which changes types that we use.
    Protobuf,
    /// Licences, banned crates and sources are as deny.toml has them.
    Licences,
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
            Self::Docs => docs::run(workspace, Mode::Check)?,
            Self::Monitoring => monitoring::check(workspace)?,
            Self::Dashboard => dashboard::run(workspace, Mode::Check)?,
            Self::Alone => features::check_alone(workspace)?,
            Self::Features => features::check_every_set(workspace)?,
            Self::Consumers => consumers::check(workspace)?,
            Self::Size => size::check(workspace)?,
            Self::Protobuf => features::check_protobuf(workspace)?,
            Self::Licences => licences::check(workspace)?,
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
