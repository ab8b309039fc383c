//! Checks the dependency graph against `deny.toml`, as cargo-deny would; compiling cargo-deny takes longer
//! than all other checks together.
//!
//! A setting of cargo-deny's that this file does not know is an error: what can't be checked must not
//! look as if it were.

use anyhow::{Context, Result, bail};
use cargo_metadata::Package;
use serde::Deserialize;
use serde::de::IgnoredAny;
use spdx::{Expression, Licensee, ParseMode};

use crate::workspace::Workspace;

/// The part of cargo-deny's configuration that is checked here.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Policy {
    licenses: Licenses,
    bans: Bans,
    sources: Sources,
    // How cargo-deny reads the graph; here it is always whole.
    #[serde(rename = "graph")]
    _graph: IgnoredAny,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Licenses {
    allow: Vec<String>,
    #[serde(default)]
    exceptions: Vec<Exception>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Exception {
    #[serde(rename = "crate")]
    name: String,
    allow: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Bans {
    multiple_versions: Level,
    wildcards: Level,
    allow_wildcard_paths: bool,
    deny: Vec<Ban>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Ban {
    #[serde(rename = "crate")]
    name: String,
    reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Sources {
    unknown_registry: Level,
    unknown_git: Level,
    allow_registry: Vec<String>,
    allow_git: Vec<String>,
}

#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Level {
    Allow,
    Warn,
    Deny,
}

/// Everything wrong, and everything worth a look.
#[derive(Default)]
struct Findings {
    errors: Vec<String>,
    warnings: Vec<String>,
}

impl Findings {
    fn add(&mut self, level: Level, finding: String) {
        match level {
            Level::Allow => {}
            Level::Warn => self.warnings.push(finding),
            Level::Deny => self.errors.push(finding),
        }
    }
}

/// Checks every package of the graph, with every feature on, for every platform.
pub(crate) fn check(workspace: &Workspace) -> Result<()> {
    let text = workspace.shell.read_file("deny.toml")?;
    let policy: Policy = toml::from_str(&text).context("deny.toml")?;
    let findings = policy.findings(&workspace.metadata.packages)?;
    for warning in findings.warnings {
        eprintln!("warning: {warning}");
    }
    if !findings.errors.is_empty() {
        bail!("deny.toml forbids what the dependencies are:\n{}", findings.errors.join("\n"));
    }
    eprintln!("{} packages are as deny.toml has them", workspace.metadata.packages.len());
    Ok(())
}

impl Policy {
    fn findings(&self, packages: &[Package]) -> Result<Findings> {
        let mut findings = Findings::default();
        for package in packages {
            self.license(package, &mut findings)?;
            self.bans(package, &mut findings);
            self.source(package, &mut findings);
        }
        let mut versions: Vec<_> = packages.iter().map(|p| (&p.name, &p.version)).collect();
        versions.sort();
        let same_name = versions.chunk_by(|a, b| a.0 == b.0);
        let repeated: Vec<_> =
            same_name.filter(|same| same.len() > 1).map(|same| same[0].0.as_str()).collect();
        if !repeated.is_empty() {
            let repeated = format!("in more than one version: {}", repeated.join(", "));
            findings.add(self.bans.multiple_versions, repeated);
        }
        Ok(findings)
    }

    fn license(&self, package: &Package, findings: &mut Findings) -> Result<()> {
        let exceptions = self.licenses.exceptions.iter().filter(|e| e.name == *package.name);
        let allowed = self.licenses.allow.iter().chain(exceptions.flat_map(|e| &e.allow));
        let allowed = allowed
            .map(|name| Licensee::parse(name).with_context(|| format!("deny.toml: licence {name}")))
            .collect::<Result<Vec<_>>>()?;
        let Some(text) = &package.license else {
            findings.errors.push(format!("{} names no licence", package.id));
            return Ok(());
        };
        // Older crates write `MIT/Apache-2.0`.
        let expression = Expression::parse_mode(text, ParseMode::LAX)
            .with_context(|| format!("{} has the licence {text}", package.id))?;
        if !expression.evaluate(|wanted| allowed.iter().any(|one| one.satisfies(wanted))) {
            findings.errors.push(format!("{} has the licence {text}", package.id));
        }
        Ok(())
    }

    fn bans(&self, package: &Package, findings: &mut Findings) {
        for ban in self.bans.deny.iter().filter(|ban| ban.name == *package.name) {
            findings.errors.push(format!("{} is banned: {}", package.id, ban.reason));
        }
        for dependency in &package.dependencies {
            let own_path = dependency.path.is_some() && self.bans.allow_wildcard_paths;
            if dependency.req.to_string() == "*" && !own_path {
                let open = format!("{} takes any version of {}", package.id, dependency.name);
                findings.add(self.bans.wildcards, open);
            }
        }
    }

    fn source(&self, package: &Package, findings: &mut Findings) {
        // A package of the workspace has none.
        let Some(source) = &package.source else {
            return;
        };
        let (kind, address) = source.repr.split_once('+').unwrap_or(("", &source.repr));
        // The commit, branch or tag that follows is no part of the repository's address.
        let address = address.split(['?', '#']).next().unwrap_or(address);
        let (allowed, level) = match kind {
            "git" => (&self.sources.allow_git, self.sources.unknown_git),
            _ => (&self.sources.allow_registry, self.sources.unknown_registry),
        };
        if !allowed.iter().any(|one| one == address) {
            findings.add(level, format!("{} comes from {}", package.id, source.repr));
        }
    }
}

#[cfg(test)]
#[path = "licences_tests.rs"]
mod tests;
