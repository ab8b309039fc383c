//! Headings, durations and failures of the steps of a command.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};

/// The steps that have run so far.
#[derive(Default)]
pub(crate) struct Steps {
    finished: Vec<(String, Duration)>,
}

impl Steps {
    /// Runs a step under a heading. Its error contains the name of the step, and the command that runs only
    /// this step.
    pub(crate) fn run<T>(
        &mut self,
        name: &str,
        rerun: &str,
        step: impl FnOnce() -> Result<T>,
    ) -> Result<T> {
        self.prepare(name, step)
            .with_context(|| format!("step `{name}` failed (to run it alone: {rerun})"))
    }

    /// Runs a step that prepares something for later ones. Its own error is sufficient.
    pub(crate) fn prepare<T>(&mut self, name: &str, step: impl FnOnce() -> Result<T>) -> Result<T> {
        // The tools that the steps start print to standard error. Headings use the same stream, so that the
        // order is kept.
        eprintln!("\n==> {name}");
        let start = Instant::now();
        let outcome = step();
        let elapsed = start.elapsed();
        let verdict = if outcome.is_ok() { "ok" } else { "FAILED" };
        eprintln!("<== {name}: {verdict} after {:.1} s", elapsed.as_secs_f64());
        self.finished.push((name.to_owned(), elapsed));
        outcome
    }

    /// Prints how long each step took.
    pub(crate) fn summarize(&self) {
        if self.finished.is_empty() {
            return;
        }
        eprintln!("\nAll steps passed:");
        for (name, elapsed) in &self.finished {
            eprintln!("{:>8.1} s  {name}", elapsed.as_secs_f64());
        }
    }
}

#[cfg(test)]
mod tests {
    use anyhow::bail;

    use super::*;

    #[test]
    fn a_failure_names_its_step_and_how_to_run_it_alone() {
        let mut steps = Steps::default();
        let outcome: Result<()> =
            steps.run("clippy", "cargo xtask lint clippy", || bail!("one lint"));
        assert_eq!(
            format!("{:#}", outcome.unwrap_err()),
            "step `clippy` failed (to run it alone: cargo xtask lint clippy): one lint"
        );
    }

    #[test]
    fn a_step_hands_its_value_on() {
        let mut steps = Steps::default();
        assert_eq!(steps.run("image", "again", || Ok("postgres:15")).unwrap(), "postgres:15");
        assert_eq!(steps.finished.len(), 1);
    }
}
