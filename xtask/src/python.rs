//! Python with `prometheus_client`, whose OpenMetrics parser is the strictest there is, and with Grafana's
//! models of dashboards.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use xshell::{Shell, cmd};

use crate::tools;

/// The integration tests read it; see `integration-tests/src/python.rs`.
pub(crate) const VARIABLE: &str = "CARACAL_TEST_PYTHON";

/// One release each, so that a newer, stricter one fails no run that nobody looks at.
const PACKAGES: [&str; 2] =
    ["prometheus_client==0.26.0", "grafana-foundation-sdk==1769699379!11.6.0"];

/// A Python that has the packages: in an environment of its own, since a system's Python may be managed
/// by its packages alone.
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

/// Makes a new environment in this folder, with these packages.
pub(crate) fn environment(sh: &Shell, folder: &Path, packages: &[&str]) -> Result<()> {
    // What an interrupted run has left may be half of it.
    sh.remove_path(folder)?;
    if tools::find("python3").is_none() {
        tools::install(sh, "python3-venv").context("the command python3 is not installed")?;
    }
    let venv = || cmd!(sh, "python3 -m venv {folder}").quiet().run();
    if venv().is_err() {
        // Debian's Python comes without the part that makes environments.
        sh.remove_path(folder)?;
        tools::install(sh, "python3-venv")?;
        venv()?;
    }
    let python = folder.join("bin/python");
    cmd!(sh, "{python} -m pip install --quiet --disable-pip-version-check {packages...}").run()?;
    Ok(())
}
