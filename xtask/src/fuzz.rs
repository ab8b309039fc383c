//! Random input, for as long as you like.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use xshell::cmd;

use crate::workspace::Workspace;

/// The property tests whose input comes from outside: statements, headers, queries, label values. They are a
/// part of `cargo xtask test` too, with 256 cases each.
const TARGETS: [(&str, &[&str]); 3] = [
    ("caracal-sqlx", &["--lib", "sql::promises"]),
    ("caracal-metrics-core", &["--test", "fuzz"]),
    ("caracal-axum", &["--test", "fuzz"]),
];

/// The cases of one round: a few seconds to a few minutes for each target.
const CASES: &str = "20000";

/// Runs the targets in turns, each round with other seeds. A failure ends it: proptest prints the smallest input
/// that fails.
pub(crate) fn run(workspace: &Workspace, minutes: u64) -> Result<()> {
    let sh = &workspace.shell;
    let end = Instant::now() + Duration::from_secs(60 * minutes);
    while Instant::now() < end {
        for (package, test) in TARGETS {
            let start = Instant::now();
            let output = cmd!(sh, "cargo test --quiet --package {package} --all-features")
                .args(test)
                .env("PROPTEST_CASES", CASES)
                .read()?;
            ensure!(!output.contains("running 0 tests"), "{package} has no test {test:?}");
            eprintln!("{package}: {CASES} cases a test in {:.0} s", start.elapsed().as_secs_f64());
        }
    }
    Ok(())
}
