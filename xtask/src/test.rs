//! `cargo xtask test`: installs or starts what the tests need, then runs all of them.

use std::env;
use std::num::NonZeroU32;
use std::process;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use xshell::cmd;

use crate::step::Steps;
use crate::workspace::Workspace;
use crate::{database_image, docker, loom, python, tokio_unstable, tools};

// The integration tests read these variables: see `integration-tests/src/harness.rs`.
const WITHOUT_DOCKER: &str = "CARACAL_TEST_WITHOUT_DOCKER";
const WITHOUT_PROMETHEUS: &str = "CARACAL_TEST_WITHOUT_PROMETHEUS";
const WITHOUT_PYTHON: &str = "CARACAL_TEST_WITHOUT_PYTHON";
const WITHOUT_BROWSER: &str = "CARACAL_TEST_WITHOUT_BROWSER";
const RUN: &str = "CARACAL_TEST_RUN";

/// How to run the tests.
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
#[derive(Args, Debug, Default)]
pub(crate) struct Options {
    /// Report the tests that need Docker as ignored (refused when CI=true).
    #[arg(long)]
    without_docker: bool,
    /// Report the tests that need Prometheus as ignored (refused when CI=true).
    #[arg(long)]
    without_prometheus: bool,
    /// Report the tests that need Python as ignored (refused when CI=true).
    #[arg(long)]
    without_python: bool,
    /// Report the tests that need a browser as ignored (refused when CI=true).
    #[arg(long)]
    without_browser: bool,
    /// How many times to run the tests. Stops at the first failure. Defaults to 1.
    #[arg(long)]
    times: Option<NonZeroU32>,
    /// Arguments for `cargo test`, such as `--test containers`.
    #[arg(last = true)]
    cargo_test: Vec<String>,
}

impl Options {
    /// Returns the given flags, each with the program whose tests it leaves out.
    fn without(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        let flags = [
            (self.without_docker, "--without-docker", "Docker"),
            (self.without_prometheus, "--without-prometheus", "Prometheus"),
            (self.without_python, "--without-python", "Python"),
            (self.without_browser, "--without-browser", "a browser"),
        ];
        flags.into_iter().filter_map(|(given, flag, what)| given.then_some((flag, what)))
    }

    /// If every test must run, none may be left out.
    fn allowed_when(&self, in_ci: bool) -> Result<()> {
        match self.without().next() {
            Some((flag, _)) if in_ci => {
                bail!("{flag} is refused when CI=true: every test must run there")
            }
            _ => Ok(()),
        }
    }
}

/// Runs the tests.
pub(crate) fn run(workspace: &Workspace, steps: &mut Steps, options: &Options) -> Result<()> {
    options.allowed_when(env::var("CI").is_ok_and(|ci| ci == "true"))?;
    let sh = &workspace.shell;
    let scratch = workspace.scratch();
    // The name distinguishes the containers of this run from those of other runs on the same engine.
    let run =
        format!("{}-{}", SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis(), process::id());
    let mut environment = vec![(RUN, run.clone())];

    if options.without_prometheus {
        environment.push((WITHOUT_PROMETHEUS, "1".to_owned()));
    } else {
        let found = steps.prepare("Prometheus and promtool", || {
            tools::prometheus(sh, &scratch).context(
                "Prometheus is missing: install prometheus and promtool, or run the other tests \
                 with `cargo xtask test --without-prometheus`",
            )
        })?;
        environment.push(("PATH", tools::path_with(found.as_deref())?));
    }
    if options.without_python {
        environment.push((WITHOUT_PYTHON, "1".to_owned()));
    } else {
        let python = steps.prepare("Python's packages", || {
            python::ensure(sh, &scratch).context(
                "Python's prometheus_client or grafana-foundation-sdk is missing: install python3 with its venv module, or \
                 run the other tests with `cargo xtask test --without-python`",
            )
        })?;
        let python = python.to_str().context("the path of Python is not UTF-8")?;
        environment.push((python::VARIABLE, python.to_owned()));
    }
    if options.without_browser {
        environment.push((WITHOUT_BROWSER, "1".to_owned()));
    } else {
        steps.prepare("Chromium and chromedriver", || {
            tools::browser(sh).context(
                "the browser is missing: install chromium and chromedriver, or run the other tests \
                 with `cargo xtask test --without-browser`",
            )
        })?;
    }
    if options.without_docker {
        environment.push((WITHOUT_DOCKER, "1".to_owned()));
    } else {
        steps.prepare("Docker engine", || {
            docker::ensure_engine(sh, &scratch).context(
                "Docker is missing: start a Docker engine, or run the other tests with \
                 `cargo xtask test --without-docker`",
            )
        })?;
        let images = steps.prepare("database images", || {
            database_image::images(sh, &scratch).context(
                "a database to test with is missing; run the other tests with \
                 `cargo xtask test --without-docker`",
            )
        })?;
        for (variable, image) in images {
            eprintln!("testing with {image}");
            environment.push((variable, image));
        }
    }

    // The benchmarks compile a dozen other libraries, and have no tests.
    let selection = ["--workspace", "--exclude", "benchmarks", "--all-features"];
    // The integration tests start binaries. `cargo test` alone may not build the binary of the gateway.
    // Building it together with the tests ensures that both use the same compiled dependencies.
    steps.run(
        "build",
        "cargo build --workspace --exclude benchmarks --all-features --bins --tests",
        || Ok(cmd!(sh, "cargo build {selection...} --bins --tests").run()?),
    )?;
    if options.cargo_test.is_empty() {
        steps.run("loom", "cargo xtask loom", || loom::run(workspace))?;
        steps.run("tokio_unstable", "cargo xtask test", || tokio_unstable::run(workspace))?;
    }
    let cargo_test = &options.cargo_test;
    let times = options.times.map_or(1, NonZeroU32::get);
    for pass in 1..=times {
        let name = if times > 1 { format!("test, pass {pass}") } else { "test".to_owned() };
        steps.run(&name, "cargo xtask test", || {
            let cargo_test = cmd!(sh, "cargo test {selection...} --no-fail-fast {cargo_test...}");
            let tested = cargo_test.envs(environment.clone()).run();
            if !options.without_docker {
                let left = docker::remove_containers_of(sh, &run)?;
                if left > 0 {
                    eprintln!("removed what the tests had left behind; containers: {left}");
                    ensure!(tested.is_err(), "the tests left containers behind: {left}");
                }
            }
            Ok(tested?)
        })?;
    }
    for (_, what) in options.without() {
        eprintln!("\nNot run, and reported as ignored above: the tests that need {what}.");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_may_be_skipped_in_ci() {
        Options::default().allowed_when(true).unwrap();
        let no_docker = Options { without_docker: true, ..Options::default() };
        no_docker.allowed_when(false).unwrap();
        assert_eq!(
            no_docker.allowed_when(true).unwrap_err().to_string(),
            "--without-docker is refused when CI=true: every test must run there"
        );
        let no_prometheus = Options { without_prometheus: true, ..Options::default() };
        no_prometheus.allowed_when(true).unwrap_err();
        let no_python = Options { without_python: true, ..Options::default() };
        no_python.allowed_when(true).unwrap_err();
        let no_browser = Options { without_browser: true, ..Options::default() };
        no_browser.allowed_when(true).unwrap_err();
    }
}
