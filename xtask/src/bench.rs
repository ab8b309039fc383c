//! The benchmarks, and the tables that the README shows of them.

use std::fs;

use anyhow::Result;
use xshell::cmd;

use crate::docs::{Mode, region};
use crate::workspace::Workspace;

/// How much is measured, and where it goes.
#[derive(Clone, Copy, clap::Args)]
pub(crate) struct Options {
    /// Fewer and shorter measurements, and only what is compared with peers.
    #[arg(long)]
    quick: bool,
    /// Write the tables into the README.
    #[arg(long, conflicts_with = "quick")]
    readme: bool,
}

/// Measures, and ends with the README's tables.
pub(crate) fn run(workspace: &Workspace, options: Options) -> Result<()> {
    let sh = &workspace.shell;
    let scratch = workspace.scratch();
    fs::create_dir_all(&scratch)?;
    let file = scratch.join("benchmarks.md");
    let quick = options.quick.then_some("--quick");
    cmd!(sh, "cargo run --release --package benchmarks -- {quick...} --readme {file}").run()?;
    let memory = cmd!(sh, "cargo run --release --package benchmarks --bin memory").read()?;
    println!("{memory}");
    if !options.quick {
        cmd!(sh, "cargo run --release --package benchmarks --bin instructions").run()?;
        cmd!(sh, "cargo run --release --package benchmarks --bin breaker").run()?;
        cmd!(sh, "cargo run --release --package benchmarks --bin scraped").run()?;
        cmd!(sh, "cargo bench --package caracal-cache --all-features --bench hot_get").run()?;
        cmd!(sh, "cargo bench --package caracal-sqlx --features sqlite --bench select").run()?;
    }
    let tables = format!("{}{memory}\n", fs::read_to_string(&file)?);
    if options.readme {
        let readme = workspace.metadata.workspace_root.join("README.md");
        return region(readme.as_std_path(), "benchmarks", &tables, Mode::Write);
    }
    println!("\nThe README's tables:\n\n{tables}");
    Ok(())
}
