//! promtool: the linter of expositions, and the test runner of rules.

use std::io::Write;
use std::process::{Command, Output, Stdio};

use anyhow::{Context, Result};
use serde_json::Value;
use tempfile::NamedTempFile;

/// What a command of promtool says.
#[derive(Clone, Debug)]
pub struct PromtoolReport {
    /// The exit code. 0: nothing found. `check metrics`: 1 not readable, 3 readable with faults of style.
    pub code: i32,
    /// What it printed.
    pub output: String,
}

impl PromtoolReport {
    fn of(finished: Output) -> Result<Self> {
        let code = finished.status.code().context("promtool was killed")?;
        let printed = [finished.stdout, finished.stderr].concat();
        Ok(Self { code, output: String::from_utf8_lossy(&printed).into_owned() })
    }
}

/// Lets `promtool check metrics` read an exposition in the text format.
///
/// # Errors
/// When the command `promtool` is missing.
pub fn promtool_check(exposition: &str) -> Result<PromtoolReport> {
    let mut promtool = command(&["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context(MISSING)?;
    // Taken, so that it is closed after the last byte; promtool reads all before it prints.
    let mut input = promtool.stdin.take().context("promtool has no standard input")?;
    input.write_all(exposition.as_bytes())?;
    drop(input);
    PromtoolReport::of(promtool.wait_with_output()?)
}

/// Lets `promtool test rules` run a file of tests, given as JSON, which is YAML as well.
///
/// # Errors
/// When the command `promtool` is missing.
pub fn promtool_test_rules(tests: &Value) -> Result<PromtoolReport> {
    let mut file = NamedTempFile::with_suffix(".yml")?;
    // YAML refuses these where they are not escaped, or takes them for line breaks. JSON has them as they are.
    let escape = |c: char| match c {
        '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' => format!("\\u{:04x}", u32::from(c)),
        c => c.to_string(),
    };
    let tests: String = tests.to_string().chars().map(escape).collect();
    file.write_all(tests.as_bytes())?;
    file.flush()?;
    promtool(&["test", "rules", &file.path().display().to_string()])
}

/// Runs promtool with these arguments.
///
/// # Errors
/// When the command `promtool` is missing.
pub fn promtool(arguments: &[&str]) -> Result<PromtoolReport> {
    PromtoolReport::of(command(arguments).output().context(MISSING)?)
}

const MISSING: &str = "promtool can't be started (`cargo xtask test` gets it)";

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new("promtool");
    command.args(arguments);
    command
}
