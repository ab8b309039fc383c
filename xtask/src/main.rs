//! What CI runs, in one place: `cargo xtask --help`.

mod advisories;
mod docker;
#[cfg_attr(
    not(test),
    expect(
        dead_code,
        reason = "the core's catalogue, which fills the README's table, comes later"
    )
)]
mod docs;
mod features;
mod licences;
mod lint;
mod postgres_image;
mod python;
mod step;
mod test;
mod tools;
mod workspace;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};
use xshell::cmd;

use crate::step::Steps;
use crate::workspace::Workspace;

/// The project's checks, each a command that also runs by itself.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run every test: unit, documentation, integration (Docker, Prometheus and Python).
    Test(test::Options),
    /// Run the checks that need no tests: format, clippy, docs, features, licences.
    Lint {
        /// Only these checks; all of them by default.
        #[arg(value_enum)]
        checks: Vec<lint::Check>,
    },
    /// Run `lint`, then `test`.
    Ci,
    /// Look for known vulnerabilities in the dependencies (needs the network; no part of `ci`).
    Advisories,
    /// Measure recording and scraping beside peers.
    Bench {
        /// Fewer and shorter measurements.
        #[arg(long)]
        quick: bool,
    },
}

fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<()> {
    let workspace = Workspace::open()?;
    let mut steps = Steps::default();
    match command {
        Command::Test(options) => test::run(&workspace, &mut steps, &options)?,
        Command::Lint { checks } => lint::run(&workspace, &mut steps, &checks)?,
        Command::Ci => {
            lint::run(&workspace, &mut steps, &[])?;
            test::run(&workspace, &mut steps, &test::Options::default())?;
        }
        Command::Advisories => {
            steps.run("advisories", "cargo xtask advisories", || {
                advisories::check(&workspace.shell)
            })?;
        }
        Command::Bench { quick } => {
            let quick = quick.then_some("--quick");
            cmd!(workspace.shell, "cargo run --release --package benchmarks -- {quick...}")
                .run()?;
        }
    }
    steps.summarize();
    Ok(())
}
