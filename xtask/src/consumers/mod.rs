//! A program for each feature of the facade. It uses the feature in the same way as a user: alone, outside of
//! the workspace, and with only the libraries of that feature.

#[cfg(test)]
mod mistakes;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use xshell::cmd;

use crate::workspace::Workspace;

pub(crate) const FACADE: &str = "caracal-metrics";
/// The program without any feature.
const NONE: &str = "none";

/// A third-party adapter. It passes the kit for authors of adapters.
const THIRD_PARTY: &str = "third-party-adapter";

/// Libraries, each with its features. `@` and the beginning of a version select a version other than the newest
/// one.
type Libraries = BTreeMap<String, Vec<String>>;

/// Returns the libraries that a program needs in addition to the facade.
pub(crate) fn needs(workspace: &Workspace, program: &str) -> Result<Libraries> {
    const FILE: &str = "xtask/consumers/libraries.toml";
    let mut of: BTreeMap<String, Libraries> =
        toml::from_str(&workspace.shell.read_file(FILE)?).context(FILE)?;
    of.remove(program).with_context(|| format!("{FILE} does not contain the program {program}"))
}

/// The libraries that only some features may add, and these features.
fn brought_by(library: &str, feature: &str) -> bool {
    let adapter = match library {
        "axum" => "axum",
        "failsafe" => "breaker",
        "metrics" => "bridge",
        "moka" => "cache",
        "caracal-tokio" => "tokio",
        _ => "sqlx",
    };
    // The name of a feature that extends an adapter begins with the name of the adapter.
    feature == "full" || feature.split('-').next() == Some(adapter)
}

/// axum also depends on tokio itself.
const LIBRARIES: [&str; 6] = ["axum", "caracal-tokio", "failsafe", "metrics", "moka", "sqlx-core"];

/// Compiles and runs each program, and checks its dependencies.
pub(crate) fn check(workspace: &Workspace) -> Result<()> {
    let facade = workspace.publishable().into_iter().find(|package| package.name == FACADE);
    let facade = facade.context("there is no facade")?;
    let features: BTreeSet<_> = facade.features.keys().filter(|name| *name != "default").collect();
    for feature in features {
        run(workspace, feature).with_context(|| format!("a service with `{feature}` alone"))?;
    }
    for program in [NONE, THIRD_PARTY] {
        run(workspace, program).with_context(|| format!("the program `{program}`"))?;
    }
    Ok(())
}

/// Writes a package with this program.
fn package(
    workspace: &Workspace,
    feature: &str,
    libraries: &Libraries,
    folder: &Path,
    program: &Path,
) -> Result<PathBuf> {
    let sh = &workspace.shell;
    sh.create_dir(folder.join("src"))?;
    let path = folder.join("Cargo.toml");
    // In one target folder, Cargo distinguishes packages by their names and not by their paths. If two had
    // the same name, it would not compile the second one.
    let name = folder.file_name().and_then(|stem| stem.to_str()).context("it has no name")?;
    let features: &[&str] = match feature {
        NONE => &[],
        THIRD_PARTY => &["conformance"],
        feature => &[feature],
    };
    let name = format!("consumer-{name}");
    let manifest = manifest(workspace, &name, features, libraries)?;
    sh.write_file(&path, manifest.to_string())?;
    // The versions are those of the workspace, so that its compiled dependencies are reused.
    sh.copy_file("Cargo.lock", folder.join("Cargo.lock"))?;
    sh.copy_file(program, folder.join("src/main.rs"))?;
    Ok(path)
}

fn run(workspace: &Workspace, feature: &str) -> Result<()> {
    let sh = &workspace.shell;
    let folder = workspace.scratch().join("consumers").join(feature);
    // With sqlx 0.8, a program differs only in the name of the module.
    let name = feature.replace("sqlx-0_8", "sqlx");
    let program = Path::new("xtask/consumers").join(&name).with_extension("rs");
    let manifest = package(workspace, feature, &needs(workspace, feature)?, &folder, &program)?;
    if name != feature {
        let main = folder.join("src/main.rs");
        let text = sh.read_file(&main)?;
        sh.write_file(
            main,
            text.replace("caracal_metrics::sqlx::", "caracal_metrics::sqlx_0_8::"),
        )?;
    }
    let target = &workspace.metadata.target_directory;
    cmd!(sh, "cargo run --quiet --offline --manifest-path {manifest} --target-dir {target}")
        .run()?;
    let format = "{p}";
    let tree = cmd!(
        sh,
        "cargo tree --offline --manifest-path {manifest} --package {FACADE} --edges normal
         --prefix none --format {format}"
    );
    let tree = tree.quiet().read()?;
    let crates: BTreeSet<_> =
        tree.lines().filter_map(|line| line.split_whitespace().next()).collect();
    for library in LIBRARIES {
        let (there, expected) = (crates.contains(library), brought_by(library, feature));
        let verb = if there { "brings" } else { "does not bring" };
        ensure!(there == expected, "the feature {feature} {verb} {library}");
    }
    Ok(())
}

/// The manifest of a package outside of the workspace. It has the profile of the workspace, so that compiled
/// dependencies are shared.
pub(crate) fn manifest(
    workspace: &Workspace,
    name: &str,
    features: &[&str],
    libraries: &Libraries,
) -> Result<toml::Table> {
    let root = &workspace.metadata.workspace_root;
    let mut dependencies = toml::Table::from_iter([(
        FACADE.to_owned(),
        dependency("path", root.join(FACADE).as_str(), features),
    )]);
    for (library, features) in libraries {
        // There may be several versions. Most of the workspace uses the newest one.
        let (library, version) = library.split_once('@').unwrap_or((library, ""));
        let versions = workspace.metadata.packages.iter().filter(|p| p.name == library);
        let versions = versions.map(|package| &package.version);
        let newest = versions.filter(|v| v.to_string().starts_with(version)).max();
        let newest = newest.with_context(|| format!("{library} is no dependency here"))?;
        dependencies
            .insert(library.to_owned(), dependency("version", &format!("={newest}"), features));
    }
    let workspace_manifest: toml::Table = fs::read_to_string(root.join("Cargo.toml"))?.parse()?;
    let profile = workspace_manifest.get("profile").context("the workspace has no profiles")?;
    let package = toml::toml! {
        [package]
        name = (name)
        version = "0.0.0"
        edition = "2024"
        publish = false

        [workspace]
    };
    let mut manifest = package;
    manifest.insert("dependencies".to_owned(), dependencies.into());
    manifest.insert("profile".to_owned(), profile.clone());
    Ok(manifest)
}

fn dependency(source: &str, value: &str, features: &[impl AsRef<str>]) -> toml::Value {
    let features: Vec<_> =
        features.iter().map(|feature| toml::Value::from(feature.as_ref())).collect();
    let table = toml::Table::from_iter([
        (source.to_owned(), value.into()),
        ("default-features".to_owned(), false.into()),
        ("features".to_owned(), features.into()),
    ]);
    table.into()
}
