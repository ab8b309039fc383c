//! `docs/families.json`: every family that the crates of this workspace declare.
//!
//! The metric reference, the dashboard and the alerts are checked against this file. After you change a
//! family, `cargo xtask docs` writes it again.

use std::{env, fs};

use caracal_metrics::{
    Buckets, FamilySpec, LabelValues, MetricsRegistry, REGISTRY_FAMILIES, adapters, catalogue,
};
use serde_json::{Value, json};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/families.json");

/// The namespace of a registry with default settings.
const NAMESPACE: &str = "caracal";

/// Each family that the crates declare.
fn declared() -> Vec<Value> {
    let adapters = adapters();
    let of_adapters = adapters.iter().flat_map(|adapter| adapter.declares.iter().copied());
    let all = catalogue::families().chain(REGISTRY_FAMILIES).chain(of_adapters);
    all.map(|spec| family(spec, &fed_by(spec))).collect()
}

#[test]
fn the_file_has_every_family() {
    let mut families = declared();
    // Another crate in the build may turn on `serde_json/preserve_order`.
    families.iter_mut().for_each(serde_json::Value::sort_all_objects);
    let mut now = serde_json::to_string_pretty(&families).unwrap();
    now.push('\n');

    let before = fs::read_to_string(FILE).unwrap_or_default();
    if env::var_os("CARACAL_REWRITE").is_some() && env::var_os("CI").is_none() {
        fs::write(FILE, now).unwrap();
    } else {
        assert!(before == now, "docs/families.json is stale: run `cargo xtask docs`");
    }
}

/// The overview of the live page finds families by their names.
#[test]
fn the_live_page_knows_names_that_exist() {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../caracal-axum/live/script/names.js");
    let script = fs::read_to_string(script).unwrap();
    let list = script.split("const NAMES = {").nth(1).and_then(|rest| rest.split("};").next());
    let names = list.unwrap().lines().filter_map(|line| line.split('\'').nth(1));
    let names: Vec<_> = names.map(|name| name.replace('*', NAMESPACE)).collect();
    assert!(names.len() > 20, "{names:?}");

    let metrics = MetricsRegistry::builder().process_metrics().build().unwrap();
    let page = String::from_utf8(metrics.generate_metrics()).unwrap();
    // Not read from the file, because the other test may be writing it.
    let declared = declared();
    for name in names {
        let is_declared = declared.iter().any(|f| f["name"] == name.as_str());
        let is_of_the_process = page.contains(&format!("# TYPE {name} "));
        assert!(is_declared || is_of_the_process, "no family has the name {name}");
    }
}

/// What feeds a family: adapters, the registry itself, or otherwise the recorders.
fn fed_by(spec: &FamilySpec) -> Vec<&'static str> {
    if REGISTRY_FAMILIES.contains(&spec) {
        return vec!["registry"];
    }
    let mut features: Vec<_> = adapters()
        .iter()
        .filter(|adapter| adapter.declares.contains(&spec) || adapter.feeds.contains(&spec))
        .map(|adapter| adapter.feature)
        .collect();
    if features.is_empty() {
        features.push("recorders");
    }
    features
}

fn family(spec: &FamilySpec, fed_by: &[&str]) -> Value {
    let name = spec.exposed_name(NAMESPACE);
    let labels: Vec<_> = spec
        .labels
        .iter()
        .map(|label| {
            let values = match label.values {
                LabelValues::Open => json!("open"),
                LabelValues::Optional => json!("optional"),
                LabelValues::StatusCode => json!("status code"),
                // All status codes, and none.
                LabelValues::Closed(["", "100", ..]) => json!("sent status code"),
                // All server errors, and others.
                LabelValues::Closed(["", "client_closed", ..]) => json!("error type"),
                LabelValues::Closed(values) => json!(values),
                other => panic!("no word for {other:?}"),
            };
            json!({ "name": label.name, "values": values })
        })
        .collect();
    let buckets = match spec.buckets {
        Buckets::None => Value::Null,
        buckets => json!(buckets.iter().collect::<Vec<_>>()),
    };
    json!({
        "name": name,
        "type": spec.kind.as_str(),
        "unit": spec.unit,
        "help": spec.help,
        "labels": labels,
        "buckets": buckets,
        "shown_once_used": spec.shown_once_used,
        "fed_by": fed_by,
    })
}
