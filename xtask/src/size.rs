//! Checks how many bytes the facade adds to a service.

use anyhow::{Context, Result, ensure};
use xshell::cmd;

use crate::consumers::{FACADE, manifest, needs};
use crate::workspace::Workspace;

/// The maximum number of bytes that the facade may add to the smallest axum service with the layer and the
/// endpoint. It is measured on the stripped program of a release build for x86-64 Linux.
///
/// Before families were open to everyone, the facade added 698,392 bytes (with Rust 1.95).
///
/// A program should not contain code that the service does not use. A `prometheus::Registry`, attached
/// instances, hidden series, limits of labels and checks of settings are therefore reached through traits and
/// function pointers. A call that reaches a `prometheus::Registry` from every registry adds 350 kilobytes.
/// Generic code that is compiled for each type of its callers also adds bytes: sorting a slice takes four
/// kilobytes, and axum's responses from tuples took fifteen.
const MOST: u64 = 700_000;

/// The programs in `xtask/consumers/size`.
const PROGRAMS: [&str; 2] = ["bare", "facade"];

/// Builds the smallest service with and without the facade, and compares the sizes of the programs.
///
/// Both are in one package, so that axum and tokio have the same features in both and are compiled once.
pub(crate) fn check(workspace: &Workspace) -> Result<()> {
    let sh = &workspace.shell;
    let folder = workspace.scratch().join("consumers/size");
    let mut manifest = manifest(workspace, "consumer-size", &["axum"], &needs(workspace, "size")?)?;
    manifest.insert("profile".to_owned(), toml::toml! { release = { strip = true } }.into());
    sh.create_dir(folder.join("src/bin"))?;
    let path = folder.join("Cargo.toml");
    sh.write_file(&path, manifest.to_string())?;
    sh.copy_file("Cargo.lock", folder.join("Cargo.lock"))?;
    for program in PROGRAMS {
        let source = format!("{program}.rs");
        let from = workspace.metadata.workspace_root.join("xtask/consumers/size").join(&source);
        sh.copy_file(from, folder.join("src/bin").join(source))?;
    }
    let target = folder.join("target");
    cmd!(
        sh,
        "cargo build --quiet --release --offline --manifest-path {path} --target-dir {target}"
    )
    .run()?;
    let size = |program: &str| {
        let file = target.join("release").join(program);
        let metadata = file.metadata().with_context(|| format!("{} is not there", file.display()));
        metadata.map(|metadata| metadata.len())
    };
    let [bare, facade] = PROGRAMS.map(size);
    compare(bare?, facade?)
}

fn compare(bare: u64, facade: u64) -> Result<()> {
    let over = facade.saturating_sub(bare);
    eprintln!("{FACADE} adds {over} bytes to {bare}; {MOST} are allowed");
    ensure!(
        over <= MOST,
        "{FACADE} adds {over} bytes to the smallest axum service, and {MOST} are allowed: build it with \
         `CARGO_PROFILE_RELEASE_STRIP=none`, look at `nm --size-sort --demangle` of both programs, and \
         reach what most services do not use only from the calls that need it"
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_grows_past_the_bound_is_refused() {
        compare(1_000_000, 1_000_000 + MOST).unwrap();
        let error = compare(1_000_000, 1_000_001 + MOST).unwrap_err().to_string();
        assert!(error.contains(&format!("adds {} bytes", MOST + 1)), "{error}");
    }
}
