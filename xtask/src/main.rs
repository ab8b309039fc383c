//! The commands that CI runs. `cargo xtask --help` lists them.

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

/// The checks of the project. Each is a command that you can also run alone.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run all tests: unit tests, documentation tests and integration tests (Docker, Prometheus, Python and a
    /// browser).
    Test(test::Options),
    /// Run the checks that are not tests: format, clippy, docs, features, licences, spelling.
    Lint {
        /// Run only these checks. Defaults to all of them.
        #[arg(value_enum)]
        checks: Vec<lint::Check>,
    },
    /// Write all generated files: the tables in the documents, the Grafana dashboard, the rules.
    Docs,
    /// Run `lint`, then `test`.
    Ci,
    /// Run the loom models of the storage engine (also a part of `test`).
    Loom,
    /// Run the tests of the core under ThreadSanitizer and AddressSanitizer (needs rust-src; not a part of
    /// `ci`).
    Sanitize,
    /// Run the property tests of statements, headers and escaping with random seeds for some minutes.
    Fuzz {
        /// Run only these targets, one after the other. Defaults to all of them.
        #[arg(value_enum)]
        targets: Vec<fuzz::Target>,
        /// The minimum time of each target. Its last round is completed.
        #[arg(long, default_value_t = 10)]
        minutes: u64,
    },
    /// Run the soak test of the endpoint for some minutes (`test` runs it for 20 seconds).
    Soak {
        /// The number of minutes, at most 9.
        #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=9))]
        minutes: u64,
    },
    /// Look for known vulnerabilities in the dependencies (needs the network; not a part of `ci`).
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
            test::run(&workspace, &mut steps, &test::Options::default())?;
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
