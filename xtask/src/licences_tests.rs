use cargo_metadata::Package;
use serde_json::{Value, json};

use super::{Findings, Policy};

const REGISTRY: &str = "registry+https://registry.test/index";

/// The shape of our own deny.toml, with contents for the tests.
const POLICY: &str = r#"
    [graph]
    all-features = true

    [licenses]
    allow = ["MIT", "Apache-2.0"]
    exceptions = [{ crate = "icu", allow = ["Unicode-3.0"] }]

    [bans]
    multiple-versions = "warn"
    wildcards = "deny"
    allow-wildcard-paths = true
    deny = [{ crate = "openssl-sys", reason = "needs a system library" }]

    [sources]
    unknown-registry = "deny"
    unknown-git = "deny"
    allow-registry = ["https://registry.test/index"]
    allow-git = []
"#;

/// A crate that the policy has nothing against, but for what `changes` says.
fn package(name: &str, changes: &Value) -> Package {
    let mut package = json!({
        "name": name,
        "version": "1.0.0",
        "id": format!("{name}@1.0.0"),
        "license": "MIT",
        "source": REGISTRY,
        "dependencies": [],
        "targets": [],
        "features": {},
        "manifest_path": "/Cargo.toml",
    });
    for (key, value) in changes.as_object().unwrap() {
        package[key] = value.clone();
    }
    serde_json::from_value(package).unwrap()
}

fn findings(packages: &[Package]) -> Findings {
    let policy: Policy = toml::from_str(POLICY).unwrap();
    policy.findings(packages).unwrap()
}

fn errors(name: &str, changes: &Value) -> Vec<String> {
    findings(&[package(name, changes)]).errors
}

#[test]
fn an_allowed_crate_passes() {
    assert!(errors("serde", &json!({})).is_empty());
    assert!(errors("serde", &json!({"license": "MIT OR GPL-3.0-only"})).is_empty());
    assert!(errors("serde", &json!({"license": "MIT/Apache-2.0"})).is_empty());
}

#[test]
fn a_licence_that_is_not_allowed_fails() {
    assert_eq!(
        errors("readline", &json!({"license": "GPL-3.0-only"})),
        ["readline@1.0.0 has the licence GPL-3.0-only"]
    );
    assert_eq!(
        errors("both", &json!({"license": "MIT AND GPL-3.0-only"})),
        ["both@1.0.0 has the licence MIT AND GPL-3.0-only"]
    );
    assert_eq!(errors("none", &json!({"license": null})), ["none@1.0.0 names no licence"]);
}

#[test]
fn an_exception_is_for_its_crate_alone() {
    assert!(errors("icu", &json!({"license": "Unicode-3.0"})).is_empty());
    assert_eq!(errors("other", &json!({"license": "Unicode-3.0"})).len(), 1);
}

#[test]
fn a_banned_crate_fails() {
    assert_eq!(
        errors("openssl-sys", &json!({})),
        ["openssl-sys@1.0.0 is banned: needs a system library"]
    );
}

#[test]
fn a_git_source_fails() {
    assert_eq!(
        errors("fork", &json!({"source": "git+https://git.test/fork?branch=main#0a1b2c"})),
        ["fork@1.0.0 comes from git+https://git.test/fork?branch=main#0a1b2c"]
    );
}

#[test]
fn another_registry_fails() {
    assert_eq!(
        errors("private", &json!({"source": "registry+https://elsewhere.test/index"})),
        ["private@1.0.0 comes from registry+https://elsewhere.test/index"]
    );
}

#[test]
fn the_workspace_s_own_packages_have_no_source() {
    assert!(errors("ours", &json!({"source": null})).is_empty());
}

#[test]
fn a_dependency_on_any_version_fails_unless_it_is_our_own() {
    let any = |path: Option<&str>| {
        json!({"dependencies": [{
            "name": "serde", "source": null, "req": "*", "kind": null, "rename": null,
            "optional": false, "uses_default_features": true, "features": [], "target": null,
            "path": path,
        }]})
    };
    assert_eq!(errors("lax", &any(None)), ["lax@1.0.0 takes any version of serde"]);
    assert!(errors("ours", &any(Some("/ours/serde"))).is_empty());
}

#[test]
fn two_versions_of_a_crate_are_a_warning() {
    let both = [package("rand", &json!({})), package("rand", &json!({"version": "2.0.0"}))];
    let findings = findings(&both);
    assert!(findings.errors.is_empty());
    assert_eq!(findings.warnings, ["in more than one version: rand"]);
}

#[test]
fn a_setting_that_is_not_understood_is_an_error() {
    let with_wrappers = POLICY.replace("reason =", "wrappers = [], reason =");
    assert!(toml::from_str::<Policy>(&with_wrappers).is_err());
}
