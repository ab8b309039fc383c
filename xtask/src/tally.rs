//! How many tests ran.

use std::fmt;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

/// What came of tests, over all of their binaries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    passed: u64,
    failed: u64,
    ignored: u64,
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, ", self.passed)?;
        if self.failed > 0 {
            write!(f, "{} failed, ", self.failed)?;
        }
        write!(f, "{} ignored", self.ignored)
    }
}

impl Tally {
    /// Adds what a line says: `test result: ok. 18 passed; 0 failed; 1 ignored; …`.
    fn add(&mut self, line: &str) {
        let Some((_, counts)) =
            line.strip_prefix("test result: ").and_then(|rest| rest.split_once(". "))
        else {
            return;
        };
        for count in counts.split("; ") {
            let Some((number, what)) = count.split_once(' ') else { continue };
            let number = number.parse().unwrap_or(0);
            match what.trim_end() {
                "passed" => self.passed += number,
                "failed" => self.failed += number,
                "ignored" => self.ignored += number,
                _ => {}
            }
        }
    }
}

/// Runs a `cargo test` and counts along with what it prints, which goes to `print`.
pub(crate) fn run(mut cargo_test: Command, print: &mut impl Write) -> Result<Tally> {
    let mut child = cargo_test.stdout(Stdio::piped()).spawn().context("cargo can't be started")?;
    let mut output = BufReader::new(child.stdout.take().context("cargo has no standard output")?);
    let (mut tally, mut line, mut printed) = (Tally::default(), Vec::new(), Ok(()));
    while output.read_until(b'\n', &mut line)? > 0 {
        // cargo goes on where nobody reads what it says, and is waited for.
        printed = printed.and_then(|()| print.write_all(&line));
        tally.add(&String::from_utf8_lossy(&line));
        line.clear();
    }
    let status = child.wait()?;
    printed?;
    ensure!(status.success(), "cargo test ended with {status}: {tally}");
    ensure!(tally.passed > 0, "no test ran: {tally}");
    Ok(tally)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_added_up_and_all_else_is_not() {
        let mut tally = Tally::default();
        for line in [
            "test a_test ... ok\n",
            "test result: ok. 18 passed; 0 failed; 2 ignored; 0 measured; 5 filtered out; finished in 1.75s\n",
            "running 3 tests\n",
            "test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\n",
            "said by a test: 7 passed; 7 failed; 7 ignored\n",
        ] {
            tally.add(line);
        }
        assert_eq!(tally, Tally { passed: 19, failed: 2, ignored: 2 });
        assert_eq!(tally.to_string(), "19 passed, 2 failed, 2 ignored");
    }

    #[test]
    fn a_run_that_fails_says_what_it_counted() {
        let script =
            "echo 'test result: FAILED. 4 passed; 1 failed; 0 ignored; 0 measured'; exit 101";
        let mut shell = Command::new("sh");
        shell.args(["-c", script]);
        let mut printed = Vec::new();
        let error = run(shell, &mut printed).unwrap_err().to_string();
        assert!(error.ends_with("4 passed, 1 failed, 0 ignored"), "{error}");
        assert!(printed.starts_with(b"test result: FAILED. "));
    }
}
