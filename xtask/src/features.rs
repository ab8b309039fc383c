//! Compiles the published crates with each set of features that a user can choose.
//!
//! Clippy stands in for `cargo check`: it compiles the same and denies warnings in our crates only, where
//! `RUSTFLAGS` would recompile every dependency.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, ensure};
use cargo_metadata::Package;
use serde::Deserialize;
use xshell::cmd;

use crate::workspace::Workspace;

/// Up to this many sets are compiled; of a crate with more, each feature alone, each pair, and all.
const MOST_SETS: usize = 64;

/// What a crate's manifest says about its features under `[package.metadata.caracal]`.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
struct Rules {
    /// The crate means to compile only with one of these on.
    at_least_one_of: Vec<String>,
}

type Features = BTreeMap<String, Vec<String>>;
type Set = BTreeSet<String>;

/// Compiles each published crate by itself with its default features, tests and examples included.
pub(crate) fn check_alone(workspace: &Workspace) -> Result<()> {
    let sh = &workspace.shell;
    for package in workspace.publishable() {
        let name = package.name.as_str();
        cmd!(sh, "cargo clippy --quiet --package {name} --all-targets -- -D warnings").run()?;
    }
    Ok(())
}

/// Compiles each published crate with every set of its features.
pub(crate) fn check_every_set(workspace: &Workspace) -> Result<()> {
    let sh = &workspace.shell;
    for package in workspace.publishable() {
        let name = package.name.as_str();
        for set in sets(&package.features, &rules(package)?) {
            let features = Vec::from_iter(set).join(",");
            cmd!(
                sh,
                "cargo clippy --quiet --package {name} --lib --no-default-features
                 --features {features} -- -D warnings"
            )
            .run()?;
        }
    }
    Ok(())
}

/// Compiles the published crates that use `prometheus` with its `protobuf` feature on.
pub(crate) fn check_protobuf(workspace: &Workspace) -> Result<()> {
    let sh = &workspace.shell;
    let on_prometheus =
        |package: &&Package| package.dependencies.iter().any(|d| d.name == "prometheus");
    let users: Vec<_> = workspace.publishable().into_iter().filter(on_prometheus).collect();
    ensure!(!users.is_empty(), "no published crate depends on prometheus: this checks nothing");
    for package in users {
        let name = package.name.as_str();
        cmd!(
            sh,
            "cargo clippy --quiet --package {name} --all-targets --features prometheus/protobuf
             -- -D warnings"
        )
        .run()?;
    }
    Ok(())
}

fn rules(package: &Package) -> Result<Rules> {
    let Some(rules) = package.metadata.get("caracal") else {
        return Ok(Rules::default());
    };
    let rules: Rules = serde_json::from_value(rules.clone())
        .with_context(|| format!("{}: [package.metadata.caracal]", package.name))?;
    for feature in &rules.at_least_one_of {
        ensure!(
            package.features.contains_key(feature),
            "{}: [package.metadata.caracal] names the feature {feature}, which does not exist",
            package.name
        );
    }
    Ok(rules)
}

/// The sets to compile, the smallest first: of those that turn on the same features in the end, one.
fn sets(features: &Features, rules: &Rules) -> Vec<Set> {
    // `default` is a set of the others, and the one that every other check compiles.
    let names: Vec<&String> = features.keys().filter(|name| *name != "default").collect();
    let all = names.iter().map(|name| (*name).clone()).collect();
    let mut candidates = vec![Set::new()];
    if names.len() <= MOST_SETS.ilog2() as usize {
        for name in &names {
            let with = |set: &Set| set.iter().chain([*name]).cloned().collect();
            let extended: Vec<Set> = candidates.iter().map(with).collect();
            candidates.extend(extended);
        }
    } else {
        for (index, first) in names.iter().enumerate() {
            candidates.extend(
                names[index..]
                    .iter()
                    .map(|second| Set::from_iter([first, second].map(|name| (*name).clone()))),
            );
        }
        candidates.push(all);
    }
    candidates.sort_by_key(Set::len);
    let mut seen = BTreeSet::new();
    candidates.retain(|set| {
        let on = enabled_by(set, features);
        let any_required = &rules.at_least_one_of;
        let allowed = any_required.is_empty() || any_required.iter().any(|one| on.contains(one));
        allowed && seen.insert(on)
    });
    candidates
}

/// The features that a set turns on, those that its members imply included.
fn enabled_by(set: &Set, features: &Features) -> Set {
    let mut on = Set::new();
    let mut open: Vec<&String> = set.iter().collect();
    while let Some(name) = open.pop() {
        if on.insert(name.clone()) {
            let implied = features.get(name).into_iter().flatten();
            open.extend(implied.filter(|implied| features.contains_key(*implied)));
        }
    }
    on
}

#[cfg(test)]
mod tests {
    use super::*;

    fn features(table: &[(&str, &[&str])]) -> Features {
        let owned = |list: &&[&str]| list.iter().map(ToString::to_string).collect();
        table.iter().map(|(name, implied)| ((*name).to_owned(), owned(implied))).collect()
    }

    fn joined(features: &Features, rules: &Rules) -> Vec<String> {
        sets(features, rules).into_iter().map(|set| Vec::from_iter(set).join("+")).collect()
    }

    #[test]
    fn every_set_is_there_once_and_default_is_not() {
        let features = features(&[("default", &["a"]), ("a", &[]), ("b", &["dep:b"])]);
        assert_eq!(joined(&features, &Rules::default()), ["", "a", "b", "a+b"]);
    }

    #[test]
    fn sets_that_turn_on_the_same_are_one() {
        let features = features(&[("a", &[]), ("b", &["a", "core/b"]), ("full", &["a", "b"])]);
        assert_eq!(joined(&features, &Rules::default()), ["", "a", "b", "full"]);
    }

    #[test]
    fn a_required_choice_leaves_out_the_sets_without_it() {
        let features = features(&[("future", &[]), ("sync", &[]), ("extra", &[])]);
        let rules = Rules { at_least_one_of: vec!["sync".to_owned(), "future".to_owned()] };
        let sets = joined(&features, &rules);
        assert_eq!(
            sets,
            ["future", "sync", "extra+future", "extra+sync", "future+sync", "extra+future+sync"]
        );
    }

    #[test]
    fn many_features_are_compiled_alone_in_pairs_and_together() {
        let names = ["a", "b", "c", "d", "e", "f", "g"];
        let table: Vec<(&str, &[&str])> = names.map(|name| (name, &[][..])).into();
        let sets = sets(&features(&table), &Rules::default());
        assert_eq!(sets.len(), 1 + 7 + 21 + 1);
        assert_eq!(sets.last().unwrap().len(), 7);
    }

    #[test]
    fn a_misspelt_rule_is_an_error() {
        let misspelt = serde_json::json!({"at-least-one": ["sync"]});
        assert!(serde_json::from_value::<Rules>(misspelt).is_err());
    }
}
