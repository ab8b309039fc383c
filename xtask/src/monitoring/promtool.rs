//! What promtool says about the rules, their tests and the configuration.

use std::path::Path;

use anyhow::Result;
use xshell::cmd;

use super::{folder, tests};
use crate::workspace::Workspace;

/// Lets promtool check `monitoring/` and run the tests there. `programs` is the folder it is in, if that is
/// not on the `PATH`.
pub(crate) fn run(workspace: &Workspace, programs: Option<&Path>) -> Result<()> {
    let sh = &workspace.shell;
    let promtool = programs.map_or_else(|| "promtool".into(), |folder| folder.join("promtool"));
    let folder = folder(workspace);
    let [rules, classic, config] =
        ["rules.yml", "alerts-classic.yml", "prometheus.yml"].map(|file| folder.join(file));
    cmd!(sh, "{promtool} check rules {rules} {classic}").run()?;
    cmd!(sh, "{promtool} check config {config}").run()?;
    let tests = tests(&folder)?;
    cmd!(sh, "{promtool} test rules {tests...}").run()?;
    Ok(())
}
