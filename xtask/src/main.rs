//! What CI runs, in one place: `cargo xtask --help`.

mod advisories;
mod api;
mod bench;
mod consumers;
mod database_image;
mod docker;
mod docs;
mod features;
mod fuzz;
mod kept;
mod lint;
mod loom;
mod packages;
mod python;
mod sanitize;
mod size;
mod soak;
mod step;
mod test;
mod tokio_unstable;
mod tools;
mod workspace;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

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
    /// Run every test: unit, documentation, integration (Docker, Prometheus, Python and a browser).
    Test(test::Options),
    /// Run the checks that need no tests: format, clippy, docs, features, licences, spelling.
    Lint {
        /// Only these checks; all of them by default.
        #[arg(value_enum)]
        checks: Vec<lint::Check>,
    },
    /// Write all generated files again: tables of the documents, the Grafana dashboard, the rules.
    Docs,
    /// Run `lint`, then `test`.
    Ci,
    /// Run the storage engine's loom models (a part of `test`).
    Loom,
    /// Run the core's tests under ThreadSanitizer and AddressSanitizer (needs rust-src; no part of `ci`).
    Sanitize,
    /// Run the property tests of statements, headers and escaping, with random seeds, for minutes.
    Fuzz {
        /// Only these targets; all of them by default, one after the other.
        #[arg(value_enum)]
        targets: Vec<fuzz::Target>,
        /// The least time of each target; its last round is finished.
        #[arg(long, default_value_t = 10)]
        minutes: u64,
    },
    /// Run the soak of the endpoint for minutes (20 seconds of it are a part of `test`).
    Soak {
        /// How many; 9 at most.
        #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=9))]
        minutes: u64,
    },
    /// Look for known vulnerabilities in the dependencies (needs the network; no part of `ci`).
    Advisories,
    /// Compare recording and scraping with other libraries.
    Bench(bench::Options),
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
        Command::Docs => docs::run(&workspace)?,
        Command::Ci => {
            lint::run(&workspace, &mut steps, &[])?;
            test::run(&workspace, &mut steps, &test::Options::once())?;
        }
        Command::Loom => steps.run("loom", "cargo xtask loom", || loom::run(&workspace))?,
        Command::Soak { minutes } => {
            steps.run("soak", "cargo xtask soak", || soak::run(&workspace, minutes))?;
        }
        Command::Fuzz { targets, minutes } => {
            steps.run("fuzz", "cargo xtask fuzz", || fuzz::run(&workspace, &targets, minutes))?;
        }
        Command::Sanitize => sanitize::run(&workspace, &mut steps)?,
        Command::Advisories => {
            steps.run("advisories", "cargo xtask advisories", || advisories::check(&workspace))?;
        }
        Command::Bench(options) => bench::run(&workspace, options)?,
    }
    steps.summarize();
    Ok(())
}
