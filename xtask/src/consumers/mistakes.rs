//! Programs with mistakes, and the messages of the compiler about them.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use xshell::cmd;

use super::{needs, package};
use crate::workspace::Workspace;

#[test]
fn the_compiler_names_the_mistake_and_the_remedy() {
    let workspace = Workspace::open().unwrap();
    let programs = workspace.shell.read_dir("xtask/consumers/mistakes").unwrap();
    assert!(!programs.is_empty());
    for program in programs {
        refuse(&workspace, &program).with_context(|| program.display().to_string()).unwrap();
    }
}

/// Compiles a program, and checks that the compiler reports the expected messages.
///
/// The comment of the program contains the feature (`//! feature: …`) and each expected text (`//! error:
/// …`). `//! libraries of: …` names another feature. The program then has the libraries of that feature.
fn refuse(workspace: &Workspace, program: &Path) -> Result<()> {
    let sh = &workspace.shell;
    let text = sh.read_file(program)?;
    let marked = |mark: &'static str| {
        text.lines().filter_map(move |line| line.strip_prefix("//! ")?.strip_prefix(mark))
    };
    let feature = marked("feature: ").next().context("it names no feature")?;
    let name = program.file_stem().context("it has no name")?;
    let folder = workspace.scratch().join("consumers/mistakes").join(name);
    let libraries = needs(workspace, marked("libraries of: ").next().unwrap_or(feature))?;
    let manifest = package(workspace, feature, &libraries, &folder, program)?;
    let target = &workspace.metadata.target_directory;
    let build =
        cmd!(sh, "cargo build --quiet --offline --manifest-path {manifest} --target-dir {target}");
    let output = build.ignore_status().output()?;
    ensure!(!output.status.success(), "it compiles");
    let said = String::from_utf8(output.stderr)?;
    let mut expected = marked("error: ").peekable();
    ensure!(expected.peek().is_some(), "it expects no error");
    for error in expected {
        ensure!(said.contains(error), "the compiler does not say {error:?}:\n{said}");
    }
    Ok(())
}
