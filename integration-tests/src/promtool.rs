//! promtool: the linter of expositions, and the test runner for rules.

use std::io::Write;
use std::process::{Command, Output, Stdio};

use anyhow::{Context, Result};
use serde_json::Value;
use tempfile::NamedTempFile;

/// The result of a promtool command.
#[derive(Clone, Debug)]
pub struct PromtoolReport {
    /// The exit code. 0: no findings. For `check metrics`, 1: not readable, 3: readable, with style
    /// errors.
    pub code: i32,
    /// The output.
    pub output: String,
}

impl PromtoolReport {
    fn of(finished: Output) -> Result<Self> {
        let code = finished.status.code().context("promtool was killed")?;
        let printed = [finished.stdout, finished.stderr].concat();
        Ok(Self { code, output: String::from_utf8_lossy(&printed).into_owned() })
    }
}

/// Runs `promtool check metrics` on an exposition in the text format.
///
/// # Errors
///
/// Returns an error if the command `promtool` is missing.
pub fn promtool_check(exposition: &str) -> Result<PromtoolReport> {
    let mut promtool = command(&["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context(MISSING)?;
    // Taken out, so that it is closed after the last byte. promtool reads everything before it prints.
    let mut input = promtool.stdin.take().context("promtool has no standard input")?;
    input.write_all(exposition.as_bytes())?;
    drop(input);
    PromtoolReport::of(promtool.wait_with_output()?)
}

/// Runs `promtool test rules` on tests, given as JSON, which is also YAML.
///
/// # Errors
///
/// Returns an error if the command `promtool` is missing.
pub fn promtool_test_rules(tests: &Value) -> Result<PromtoolReport> {
    let mut file = NamedTempFile::with_suffix(".yml")?;
    // YAML rejects these characters if they are not escaped, or treats them as line breaks. JSON leaves
    // them unescaped.
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
///
/// Returns an error if the command `promtool` is missing.
pub fn promtool(arguments: &[&str]) -> Result<PromtoolReport> {
    PromtoolReport::of(command(arguments).output().context(MISSING)?)
}

const MISSING: &str = "promtool can't be started (`cargo xtask test` installs it)";

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new("promtool");
    command.args(arguments);
    command
}
