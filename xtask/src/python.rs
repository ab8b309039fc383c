//! Python with `prometheus_client`, which has the strictest OpenMetrics parser, and with Grafana's models of
//! dashboards.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use xshell::{Shell, cmd};

use crate::tools;

/// The integration tests read this variable: see `integration-tests/src/python.rs`.
pub(crate) const VARIABLE: &str = "CARACAL_TEST_PYTHON";

/// The versions are fixed, so that a newer, stricter release does not suddenly fail CI.
const PACKAGES: [&str; 2] =
    ["prometheus_client==0.26.0", "grafana-foundation-sdk==1769699379!11.6.0"];

/// Returns a Python with the packages. It is in a separate environment, because the system's Python may only
/// be changed by the system's packages.
pub(crate) fn ensure(sh: &Shell, scratch: &Path) -> Result<PathBuf> {
    let folder = scratch.join("python");
    let python = folder.join("bin/python");
    let has_packages = || {
        let import =
            "import prometheus_client.openmetrics.parser, grafana_foundation_sdk.models.dashboard";
        python.is_file() && cmd!(sh, "{python} -c {import}").quiet().ignore_stderr().run().is_ok()
    };
    if !has_packages() {
        environment(sh, &folder, &PACKAGES)?;
    }
    Ok(python)
}

/// Creates a new environment in this folder, with these packages.
pub(crate) fn environment(sh: &Shell, folder: &Path, packages: &[&str]) -> Result<()> {
    // An interrupted run may have left an incomplete environment.
    sh.remove_path(folder)?;
    if tools::find("python3").is_none() {
        tools::install(sh, "python3-venv").context("the command python3 is not installed")?;
    }
    let venv = || cmd!(sh, "python3 -m venv {folder}").quiet().run();
    if venv().is_err() {
        // Debian's Python does not contain the module that creates environments.
        sh.remove_path(folder)?;
        tools::install(sh, "python3-venv")?;
        venv()?;
    }
    let python = folder.join("bin/python");
    cmd!(sh, "{python} -m pip install --quiet --disable-pip-version-check {packages...}").run()?;
    Ok(())
}
