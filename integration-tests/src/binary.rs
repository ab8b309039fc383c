//! The programs of the workspace.

use std::env;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};

/// The path of a program that is built together with the test. Cargo tells a test only the paths of its
/// own package's programs, and tells a library none. All of them are in the folder of the profile, and
/// the test is one level below.
pub(crate) fn binary(name: &str) -> Result<PathBuf> {
    let test = env::current_exe()?;
    let profile = test.ancestors().nth(2).context("the test is not in a target folder")?;
    let binary = profile.join(name).with_extension(env::consts::EXE_EXTENSION);
    ensure!(
        binary.is_file(),
        "{} was not built: run `cargo xtask test`, or `cargo build --bin {name}` first",
        binary.display()
    );
    Ok(binary)
}

#[cfg(test)]
mod tests {
    use super::binary;

    #[test]
    fn a_binary_that_was_not_built_is_named() {
        let error = binary("no-such-program").unwrap_err().to_string();
        assert!(error.contains("no-such-program was not built: run `cargo xtask test`"), "{error}");
    }
}
