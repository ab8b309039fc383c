//! Runs the tests of the core under ThreadSanitizer and AddressSanitizer.

use std::path::Path;

use anyhow::{Result, ensure};
use xshell::cmd;

use crate::step::Steps;
use crate::workspace::Workspace;

/// Runs them one after the other, each in a separate target folder.
pub(crate) fn run(workspace: &Workspace, steps: &mut Steps) -> Result<()> {
    let sh = &workspace.shell;
    let sysroot = cmd!(sh, "rustc --print sysroot").quiet().read()?;
    ensure!(
        Path::new(&sysroot).join("lib/rustlib/src/rust/library/Cargo.toml").is_file(),
        "the standard library's source is missing: install it with `rustup component add rust-src`"
    );
    let host = cmd!(sh, "rustc --print host-tuple").quiet().read()?;
    for sanitizer in ["thread", "address"] {
        steps.run(&format!("{sanitizer} sanitizer"), "cargo xtask sanitize", || {
            // The standard library is compiled with the sanitizer, too. In the precompiled library,
            // ThreadSanitizer does not see the synchronization of locks, channels and `Arc`s, and reports
            // false races. Because the target is given explicitly, build scripts and procedural macros are
            // compiled without the sanitizer.
            cmd!(sh, "cargo test -Zbuild-std --target {host} --no-fail-fast")
                .args(["--package", "caracal-metrics-core", "--all-features", "--lib", "--tests"])
                .env("CARGO_TARGET_DIR", workspace.scratch().join(sanitizer))
                .env("RUSTFLAGS", format!("-Zsanitizer={sanitizer} --cfg caracal_sanitizer"))
                // Without optimization, the storms take a quarter of an hour.
                .env("CARGO_PROFILE_DEV_OPT_LEVEL", "2")
                // Some tests leak on purpose. For example, a registry owns a collector that owns the registry.
                .env("ASAN_OPTIONS", "detect_leaks=0")
                // Both flags are unstable.
                .env("RUSTC_BOOTSTRAP", "1")
                .run()?;
            Ok(())
        })?;
    }
    Ok(())
}
