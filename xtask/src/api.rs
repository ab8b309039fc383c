//! Compares the public API of the published crates with the files in `docs/public-api`.
//!
//! cargo-semver-checks compares with a release, but there is none yet.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use cargo_metadata::Package;
use public_api::Builder;
use xshell::cmd;

use crate::workspace::{REWRITE, Workspace, rewrites};

/// The folder has a file for each crate, with a line for each public item.
const FOLDER: &str = "docs/public-api";

/// Compares the API with the files, or writes them.
pub(crate) fn check(workspace: &Workspace) -> Result<()> {
    let sh = &workspace.shell;
    let packages = workspace.publishable();
    let selection = packages.iter().flat_map(|package| ["--package", package.name.as_str()]);
    // This has its own target folder, because the flags would cause the other documentation to be built
    // again.
    let target = workspace.scratch().join("api");
    cmd!(sh, "cargo doc --quiet --no-deps --lib --all-features")
        .args(selection)
        .env("CARGO_TARGET_DIR", &target)
        .env("RUSTDOCFLAGS", "-Z unstable-options --output-format json")
        // The JSON output is unstable. `public-api` reads only the formats of a range of compilers.
        .env("RUSTC_BOOTSTRAP", "1")
        .run()?;
    for package in packages {
        let api = api(package, &target)?;
        let file = Path::new(FOLDER).join(format!("{}.txt", package.name));
        let path = workspace.metadata.workspace_root.as_std_path().join(&file);
        if rewrites() {
            sh.write_file(path, api)?;
            continue;
        }
        let kept = fs::read_to_string(path).with_context(|| file.display().to_string())?;
        compare(&kept, &api).with_context(|| {
            format!(
                "the public API of {} is not that of {}: if that is intended, run `{REWRITE}=1 cargo xtask lint \
                 api`, and describe the change in CHANGELOG.md",
                package.name,
                file.display()
            )
        })?;
    }
    Ok(())
}

/// Returns a line for each public item.
fn api(package: &Package, target: &Path) -> Result<String> {
    let json = target.join("doc").join(format!("{}.json", package.name.replace('-', "_")));
    let api =
        Builder::from_rustdoc_json(&json).omit_blanket_impls(true).build().with_context(|| {
            format!("{} is of another format than `public-api` reads", json.display())
        })?;
    let lines: Vec<_> = api.items().map(ToString::to_string).collect();
    ensure!(lines.len() > 1, "{} has no public items: this checks nothing", package.name);
    Ok(lines.into_iter().filter(|line| !is_noise(line)).map(|line| line + "\n").collect())
}

/// Returns whether a line is about an auto trait that no bound requires.
fn is_noise(line: &str) -> bool {
    ["Freeze", "RefUnwindSafe", "UnsafeUnpin"]
        .iter()
        .any(|name| line.contains(&format!("::{name} for ")))
}

fn compare(kept: &str, api: &str) -> Result<()> {
    let lines = |text: &str| text.lines().map(ToOwned::to_owned).collect::<BTreeSet<_>>();
    let (kept_lines, lines) = (lines(kept), lines(api));
    let gone = kept_lines.difference(&lines).map(|line| format!("-{line}"));
    let new = lines.difference(&kept_lines).map(|line| format!("+{line}"));
    let changes: Vec<_> = gone.chain(new).collect();
    ensure!(
        kept == api,
        "{}",
        if changes.is_empty() { "the order differs".to_owned() } else { changes.join("\n") }
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_gone_and_what_is_new_is_reported() {
        compare("pub fn a::b()\n", "pub fn a::b()\n").unwrap();
        let error = compare("pub fn a::b()\npub fn a::c()\n", "pub fn a::c()\npub fn a::d()\n");
        assert_eq!(error.unwrap_err().to_string(), "-pub fn a::b()\n+pub fn a::d()");
    }
}
