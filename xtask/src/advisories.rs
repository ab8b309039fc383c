//! Known vulnerabilities in the dependencies, as the RustSec advisory database lists them.

use anyhow::{Context, Result};
use xshell::{Shell, cmd};

/// Runs cargo-deny's advisory check, installing cargo-deny first where it is absent.
pub(crate) fn check(sh: &Shell) -> Result<()> {
    if cmd!(sh, "cargo deny --version").quiet().ignore_stderr().read().is_err() {
        cmd!(sh, "cargo install --locked cargo-deny").run()?;
    }
    // Apart from the check, so that "no network" never reads like "vulnerable", nor like "clean".
    cmd!(sh, "cargo deny fetch db").run().context(
        "the advisory database can't be fetched, so nothing was checked: it needs the network",
    )?;
    cmd!(sh, "cargo deny --all-features check --disable-fetch advisories")
        .run()
        .context("the advisory database lists vulnerabilities of our dependencies")
}
