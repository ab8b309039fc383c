//! A strict reader of OpenMetrics 1.0 text. It was written from the specification. The names that a family
//! reserves are those for which `prometheus_client` for Python refuses pages.

use std::collections::BTreeMap;

use super::Family;
use super::lines::{Names, series};

/// Parses a page. Panics with the reason at the first line that does not have the format.
pub(crate) fn parse(page: &[u8]) -> BTreeMap<String, Family> {
    let page = std::str::from_utf8(page).expect("a page is UTF-8");
    let page = page.strip_suffix("# EOF\n").expect("the last line is `# EOF`");
    assert!(page.is_empty() || page.ends_with('\n'), "the last sample has no end");
    let mut families: BTreeMap<String, Family> = BTreeMap::new();
    let mut names = Names::default();
    let mut current = String::new();
    for line in page.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, help) = rest.split_once(' ').expect("a help text");
            name.clone_into(&mut current);
            let twice =
                families.insert(current.clone(), Family { help: help.into(), ..Family::default() });
            assert!(twice.is_none(), "{name} occurs twice");
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').expect("a type");
            let family = families.get_mut(name).expect("HELP comes before TYPE");
            assert!(name == current && family.kind.is_empty(), "{name}: header");
            kind.clone_into(&mut family.kind);
            let suffixes = suffixes(kind);
            names.take(name, suffixes);
        } else if let Some(rest) = line.strip_prefix("# UNIT ") {
            let (name, unit) = rest.split_once(' ').expect("a unit");
            assert!(name == current && name.ends_with(&format!("_{unit}")), "{line}");
        } else {
            assert!(!line.starts_with('#'), "OpenMetrics has no comments: {line}");
            let (name, labels, rest) =
                series(line).unwrap_or_else(|| panic!("not a sample: {line:?}"));
            let family = families.get_mut(&current).expect("a sample after its header");
            let suffix =
                name.strip_prefix(&current).unwrap_or_else(|| panic!("{name} in {current}"));
            assert!(suffixes(&family.kind).contains(&suffix), "{name} in {current}: {line}");
            let rest = rest.strip_prefix(' ').expect("a space before the value");
            let (sample, exemplar) = rest.split_once(" # ").unzip();
            assert!(exemplar.is_none() || suffix == "_bucket" || suffix == "_total", "{line}");
            let sample = sample.unwrap_or(rest);
            let value = sample.split(' ').next().and_then(|value| value.parse().ok());
            let value = value.unwrap_or_else(|| panic!("no value: {line}"));
            assert!(family.samples.insert((name, labels), value).is_none(), "twice: {line}");
        }
    }
    families
}

/// Returns the suffixes of the samples of a type.
fn suffixes(kind: &str) -> &'static [&'static str] {
    match kind {
        "counter" => &["_total", "_created"],
        "histogram" => &["_bucket", "_sum", "_count", "_created"],
        "summary" => &["", "_sum", "_count", "_created"],
        "gauge" | "unknown" => &[""],
        other => panic!("unexpected type {other}"),
    }
}
