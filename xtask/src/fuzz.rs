//! Runs property tests with random input, for a given time.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use clap::ValueEnum;
use xshell::cmd;

use crate::workspace::Workspace;

/// Code that reads input from outside, or writes it. Its property tests are also a part of `cargo xtask
/// test`, with 256 cases each.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Target {
    /// The reader of SQL statements.
    Sql,
    /// The `Accept` header.
    Accept,
    /// Label values in each format, read back by strict parsers.
    Escaping,
    /// The `Accept-Encoding` header.
    AcceptEncoding,
    /// The `Authorization` header.
    BasicAuth,
    /// The `name[]` parameter of a query.
    Selection,
}

impl Target {
    /// Returns the package, the arguments that select its test program, and the names of the tests.
    fn tests(self) -> (&'static str, &'static [&'static str], &'static [&'static str]) {
        const FUZZ: &[&str] = &["--test", "fuzz"];
        match self {
            Self::Sql => (
                "caracal-sqlx",
                &["--lib"],
                &[
                    "sql::promises::any_text_gives_a_name_of_it_or_says_unknown",
                    "sql::promises::so_does_any_heap_of_sql",
                    "sql::promises::the_content_of_strings_and_comments_is_never_a_label",
                ],
            ),
            Self::Accept => (
                "caracal-metrics-core",
                FUZZ,
                &["any_accept_gets_a_format_that_it_does_not_refuse"],
            ),
            Self::Escaping => {
                ("caracal-metrics-core", FUZZ, &["any_label_value_reads_back_in_every_format"])
            }
            Self::AcceptEncoding => (
                "caracal-axum",
                FUZZ,
                &["any_accept_encoding_gets_a_page_in_a_coding_that_it_names"],
            ),
            Self::BasicAuth => ("caracal-axum", FUZZ, &["only_the_secrets_let_in"]),
            Self::Selection => {
                ("caracal-axum", FUZZ, &["a_selection_has_the_families_that_it_names"])
            }
        }
    }
}

/// The crates that are compiled with optimizations.
const OPTIMIZED: [&str; 3] = ["caracal-axum", "caracal-metrics-core", "caracal-sqlx"];

/// The number of cases of a property in one round. A round takes seconds.
const CASES: u64 = 20_000;

/// Runs these targets, or all of them, one after the other. Each runs for this time, in rounds with different
/// seeds. Prints the number of cases of each target. Stops at the first failure. proptest prints the smallest
/// input that fails.
pub(crate) fn run(workspace: &Workspace, only: &[Target], minutes: u64) -> Result<()> {
    let targets = if only.is_empty() { Target::value_variants() } else { only };
    for target in targets {
        let value = target.to_possible_value().context("a target without a name")?;
        // The time for compiling does not count.
        round(workspace, *target, 1)?;
        let (mut cases, start) = (0, Instant::now());
        while start.elapsed() < Duration::from_secs(60 * minutes) {
            cases += round(workspace, *target, CASES)?;
        }
        let minutes = start.elapsed().as_secs_f64() / 60.0;
        eprintln!("{}: {cases} cases in {minutes:.1} minutes", value.get_name());
    }
    Ok(())
}

/// Runs each test of a target with this number of cases. Returns the total number of cases of its tests.
fn round(workspace: &Workspace, target: Target, cases: u64) -> Result<u64> {
    let sh = &workspace.shell;
    let (package, program, tests) = target.tests();
    let output = cmd!(sh, "cargo test --quiet --package {package} --all-features {program...}")
        // Optimized code runs more cases in the same time. The dependencies are those of the other tests.
        // Debug assertions and overflow checks stay enabled.
        .args(OPTIMIZED.iter().flat_map(|of| {
            ["--config".to_owned(), format!("profile.dev.package.{of}.opt-level=2")]
        }))
        .args(["--", "--exact"])
        .args(tests)
        .env("PROPTEST_CASES", cases.to_string())
        .quiet()
        .ignore_status()
        .output()?;
    let said = String::from_utf8_lossy(&output.stdout);
    ensure!(
        output.status.success(),
        "{target:?} fails:\n{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let all = format!("test result: ok. {} passed", tests.len());
    ensure!(said.contains(&all), "{package} does not have all of these tests: {tests:?}");
    Ok(cases * tests.len() as u64)
}
