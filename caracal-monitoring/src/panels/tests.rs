//! Compares the panels with the families that the crates of the workspace declare.

use std::collections::BTreeMap;
use std::fs;

use serde::Deserialize;

use super::{AFTER, BEFORE, Panel, WITHOUT_PANEL};
use crate::promql;

/// A family of `docs/families.json`, which a test of the facade keeps up to date.
#[derive(Deserialize)]
struct Family {
    name: String,
    #[serde(rename = "type")]
    kind: String,
}

/// The types of the families, by the names of their samples.
fn declared() -> BTreeMap<String, String> {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/families.json");
    let families: Vec<Family> = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
    families.into_iter().map(|family| (family.name, family.kind)).collect()
}

fn panels() -> impl Iterator<Item = &'static Panel> {
    BEFORE.into_iter().chain(AFTER).flat_map(|row| row.panels)
}

/// The families that panels query.
fn shown() -> Vec<String> {
    let declared = declared();
    let base = |sample: &str| {
        let suffixes = ["_bucket", "_sum", "_count"];
        let base = suffixes.iter().find_map(|suffix| sample.strip_suffix(suffix));
        let base = base.filter(|base| declared.get(*base).is_some_and(|kind| kind == "histogram"));
        base.unwrap_or(sample).to_owned()
    };
    panels().flat_map(Panel::metrics).map(base).collect()
}

#[test]
fn each_family_has_a_panel_or_is_listed_as_one_without() {
    let shown = shown();
    for name in declared().keys() {
        let is_listed = WITHOUT_PANEL.contains(&name.as_str());
        assert!(
            shown.contains(name) != is_listed,
            "{name} needs a panel in caracal-monitoring/src/panels, or else a line in WITHOUT_PANEL"
        );
    }
}

#[test]
fn each_panel_asks_for_families_that_are_declared() {
    let declared = declared();
    for name in shown() {
        assert!(
            declared.contains_key(&name) || name.starts_with("process_"),
            "{name} is not a family of any crate here"
        );
    }
    for name in WITHOUT_PANEL {
        assert!(declared.contains_key(name), "{name} is not a family of any crate here");
    }
    for quantiles in panels().filter_map(|panel| panel.quantiles) {
        let kind = declared.get(quantiles.metric).map(String::as_str);
        assert_eq!(kind, Some("histogram"), "{}", quantiles.metric);
    }
}

#[test]
fn each_panel_can_be_drawn() {
    for panel in panels() {
        let title = panel.title;
        assert!((1..=24).contains(&panel.width), "{title} does not fit");
        assert!(panel.thresholds.is_sorted(), "{title} has thresholds that do not rise");
        assert!(panel.thresholds.len() <= 2, "{title} has more thresholds than colours");
        let queries = panel.queries.len() + if panel.quantiles.is_some() { 3 } else { 0 };
        assert!((1..=26).contains(&queries), "{title} has {queries} queries");
        for (expression, legend) in panel.queries {
            assert!(!legend.is_empty(), "{title} has no legend for {expression}");
            assert!(!promql::metrics(expression).is_empty(), "{title} asks for nothing");
        }
    }
}
