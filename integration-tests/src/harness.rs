//! Tests whose requirements are known only when they run. Tests that are left out on purpose are
//! reported as ignored.

use std::env;
use std::future::Future;
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use anyhow::Context;
use libtest_mimic::{Arguments, Completion, Failed, Trial};
use tokio::time::timeout;

/// The maximum duration of a test. Without it, a test would wait forever for a lost response.
const DEADLINE: Duration = Duration::from_mins(10);

/// What a test needs beyond the Rust toolchain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// A Docker engine and the images of the databases.
    Docker,
    /// The commands `prometheus` and `promtool`.
    Prometheus,
    /// Python with the package `prometheus_client`.
    Python,
    /// The commands `chromium` and `chromedriver`.
    Browser,
}

impl Needs {
    /// The reason why a test with this requirement is left out. `None` if every test must run.
    fn left_out(self, set: impl Fn(&str) -> bool, in_ci: bool) -> Option<&'static str> {
        let (variable, reason) = match self {
            Self::Docker => ("CARACAL_TEST_WITHOUT_DOCKER", "run without Docker"),
            Self::Prometheus => ("CARACAL_TEST_WITHOUT_PROMETHEUS", "run without Prometheus"),
            Self::Python => ("CARACAL_TEST_WITHOUT_PYTHON", "run without Python"),
            Self::Browser => ("CARACAL_TEST_WITHOUT_BROWSER", "run without a browser"),
        };
        (set(variable) && !in_ci).then_some(reason)
    }
}

/// A test with its own tokio runtime.
///
/// If a requirement is missing, the test fails, unless the run was configured without it. A test that
/// did not run must never look like a test that passed.
pub fn test<F, T>(name: &str, needs: &'static [Needs], body: F) -> Trial
where
    F: FnOnce() -> T + Send + 'static,
    T: Future<Output = anyhow::Result<()>>,
{
    Trial::ignorable_test(name, move || {
        let set = |variable: &str| env::var_os(variable).is_some();
        let in_ci = env::var("CI").is_ok_and(|ci| ci == "true");
        if let Some(reason) = needs.iter().find_map(|need| need.left_out(set, in_ci)) {
            return Ok(Completion::ignored_with(reason));
        }
        // Containers are removed when they are dropped inside the runtime. With worker threads, this
        // does not need a second runtime.
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        match runtime.block_on(async { within(DEADLINE, body()).await }) {
            Ok(()) => Ok(Completion::Completed),
            Err(error) => Err(Failed::from(format!("{error:?}"))),
        }
    })
}

async fn within(
    deadline: Duration,
    body: impl Future<Output = anyhow::Result<()>>,
) -> anyhow::Result<()> {
    timeout(deadline, body)
        .await
        .with_context(|| format!("the test did not end within {deadline:?}"))?
}

/// Runs the tests with the arguments, the output and the exit code that `cargo test` expects of a test
/// target.
#[must_use = "the exit code says whether the tests passed"]
pub fn run(tests: Vec<Trial>) -> ExitCode {
    let mut arguments = Arguments::from_args();
    // The tests mostly wait for servers, so one thread for each core would leave the cores idle.
    if arguments.test_threads.is_none() {
        arguments.test_threads = thread::available_parallelism().ok().map(|cores| 2 * cores.get());
    }
    libtest_mimic::run(&arguments, tests).exit_code()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_need_is_left_out_only_when_that_was_asked_for() {
        let without_docker = |variable: &str| variable == "CARACAL_TEST_WITHOUT_DOCKER";
        assert_eq!(Needs::Docker.left_out(without_docker, false), Some("run without Docker"));
        assert_eq!(Needs::Prometheus.left_out(without_docker, false), None);
        assert_eq!(Needs::Docker.left_out(|_| false, false), None);
        let without_python = |variable: &str| variable == "CARACAL_TEST_WITHOUT_PYTHON";
        assert_eq!(Needs::Python.left_out(without_python, false), Some("run without Python"));
        let without_browser = |variable: &str| variable == "CARACAL_TEST_WITHOUT_BROWSER";
        assert_eq!(Needs::Browser.left_out(without_browser, false), Some("run without a browser"));
    }

    #[tokio::test]
    async fn a_test_that_does_not_end_fails() {
        let error = within(Duration::ZERO, std::future::pending()).await.unwrap_err();
        assert_eq!(error.to_string(), "the test did not end within 0ns");
        within(DEADLINE, async { Ok(()) }).await.unwrap();
    }

    #[test]
    fn in_ci_nothing_is_left_out() {
        assert_eq!(Needs::Docker.left_out(|_| true, true), None);
        assert_eq!(Needs::Prometheus.left_out(|_| true, true), None);
    }
}
