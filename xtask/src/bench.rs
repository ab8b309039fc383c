//! Runs the benchmarks, and writes the tables of `docs/performance.md`.

use std::fs;

use anyhow::{Context, Result};
use xshell::{Shell, cmd};

use crate::docs;
use crate::workspace::Workspace;

const PAGE: &str = "docs/performance.md";
/// The tables are between them.
const MARKERS: [&str; 2] = ["<!-- benchmarks:start -->\n", "<!-- benchmarks:end -->\n"];

/// How much is measured, and where the results are written.
#[derive(Clone, Copy, clap::Args)]
pub(crate) struct Options {
    /// Fewer and shorter measurements, and only what is compared with peers.
    #[arg(long)]
    quick: bool,
    /// Write the tables into `docs/performance.md`, and the README's rows.
    #[arg(long, conflicts_with = "quick")]
    write: bool,
}

/// Measures, and prints the tables at the end.
pub(crate) fn run(workspace: &Workspace, options: Options) -> Result<()> {
    let sh = &workspace.shell;
    let scratch = workspace.scratch();
    fs::create_dir_all(&scratch)?;
    let file = scratch.join("benchmarks.md");
    let quick = options.quick.then_some("--quick");
    cmd!(sh, "cargo run --release --package benchmarks -- {quick...} --tables {file}").run()?;
    let memory = cmd!(sh, "cargo run --release --package benchmarks --bin memory").read()?;
    println!("{memory}");
    let others = if options.quick { Ok(()) } else { others(sh) };
    let tables = format!("{}{memory}\n", fs::read_to_string(&file)?);
    if options.write {
        let text = sh.read_file(PAGE)?;
        let page =
            replaced(&text, &tables).with_context(|| format!("{PAGE} has no {MARKERS:?}"))?;
        sh.write_file(PAGE, page)?;
        docs::run(workspace)?;
    }
    println!("\n{tables}");
    others
}

/// Returns the page with its tables replaced.
fn replaced(page: &str, tables: &str) -> Option<String> {
    let [start, end] = MARKERS;
    let (before, rest) = page.split_once(start)?;
    let (_, after) = rest.split_once(end)?;
    Some(format!("{before}{start}\n{}\n\n{end}{after}", tables.trim_matches('\n')))
}

/// Runs the benchmarks that are not in the tables.
fn others(sh: &Shell) -> Result<()> {
    cmd!(sh, "cargo run --release --package benchmarks --bin instructions").run()?;
    // They fail if something costs more than its limit. This may also happen on a busy machine.
    for limited in ["breaker", "scraped", "viewed"] {
        cmd!(sh, "cargo run --release --package benchmarks --bin {limited}")
            .ignore_status()
            .run()?;
    }
    cmd!(sh, "cargo bench --package caracal-cache --all-features --bench hot_get").run()?;
    // This runs on one processor, because SQLite has its own thread, and waking it on another processor costs
    // more than a select.
    let select = "cargo bench --package caracal-sqlx --features sqlite,query-events --bench select";
    for select in [select, &format!("{select} -- ignored")] {
        cmd!(sh, "taskset --cpu-list 0 sh -c {select}").ignore_status().run()?;
    }
    Ok(())
}
