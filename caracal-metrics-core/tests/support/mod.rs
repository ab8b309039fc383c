//! A strict reader of the text format 0.0.4. It was written from the specification, and not from our writer.
#![allow(dead_code, reason = "each test binary uses its part")]

pub(crate) mod lines;
pub(crate) mod open_metrics;
#[cfg(feature = "protobuf")]
pub(crate) mod protobuf;

use std::collections::BTreeMap;

pub(crate) use lines::Labels;
use lines::{Names, series};

#[derive(Debug, Default, PartialEq)]
pub(crate) struct Family {
    pub(crate) kind: String,
    pub(crate) help: String,
    pub(crate) samples: BTreeMap<(String, Labels), f64>,
}

/// Parses a page. Panics with the reason at the first line that does not have the format.
pub(crate) fn parse(page: &[u8]) -> BTreeMap<String, Family> {
    let page = std::str::from_utf8(page).expect("a page is UTF-8");
    assert!(page.is_empty() || page.ends_with('\n'), "the last line has no end");
    let mut families: BTreeMap<String, Family> = BTreeMap::new();
    let mut names = Names::default();
    let mut current = String::new();
    for line in page.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, help) = rest.split_once(' ').unwrap_or((rest, ""));
            assert!(!families.contains_key(name), "{name} occurs twice");
            assert!(families.keys().next_back().is_none_or(|last| **last < *name), "{name}: order");
            name.clone_into(&mut current);
            let help = help.replace("\\n", "\n").replace("\\\\", "\\");
            families.insert(current.clone(), Family { help, ..Family::default() });
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').expect("a type");
            let family = families.get_mut(name).expect("HELP comes before TYPE");
            assert!(name == current && family.kind.is_empty(), "{name}: header");
            kind.clone_into(&mut family.kind);
            names.take(name, suffixes(kind));
        } else {
            let (name, labels, value) =
                sample(line).unwrap_or_else(|| panic!("not a sample: {line:?}"));
            let family = families.get_mut(&current).expect("a sample after its header");
            let suffix =
                name.strip_prefix(&current).unwrap_or_else(|| panic!("{name} in {current}"));
            assert!(suffixes(&family.kind).contains(&suffix), "{name} in {current}");
            assert!(family.samples.insert((name, labels), value).is_none(), "twice: {line}");
        }
    }
    for (name, family) in &families {
        if family.kind == "histogram" {
            check_histogram(name, family);
        }
    }
    families
}

/// Checks that every bucket is at least as large as the previous one, and that `+Inf` equals the count.
fn check_histogram(name: &str, family: &Family) {
    let mut buckets: BTreeMap<Labels, Vec<(f64, f64)>> = BTreeMap::new();
    let mut counts = BTreeMap::new();
    for ((sample, labels), value) in &family.samples {
        let mut labels = labels.clone();
        if let Some(bound) = labels.remove("le") {
            let bound = bound.parse().expect("a bound");
            buckets.entry(labels).or_default().push((bound, *value));
        } else if sample.ends_with("_count") {
            counts.insert(labels, *value);
        }
    }
    assert!(buckets.keys().eq(counts.keys()), "{name}: buckets without a count, or the reverse");
    for (labels, mut buckets) in buckets {
        buckets.sort_by(|a, b| a.0.total_cmp(&b.0));
        let sorted = buckets.windows(2).all(|pair| pair[0].1 <= pair[1].1);
        assert!(sorted, "{name}{labels:?}: {buckets:?}");
        let last = buckets[buckets.len() - 1];
        assert_eq!(last, (f64::INFINITY, counts[&labels]), "{name}{labels:?}");
    }
}

/// Returns the suffixes of the samples of a type.
fn suffixes(kind: &str) -> &'static [&'static str] {
    match kind {
        "histogram" => &["_bucket", "_sum", "_count"],
        "summary" => &["", "_sum", "_count"],
        _ => &[""],
    }
}

fn sample(line: &str) -> Option<(String, Labels, f64)> {
    let (name, labels, rest) = series(line)?;
    let value = rest.strip_prefix(' ')?;
    assert!(!value.contains(' '), "unexpected timestamp: {line}");
    Some((name, labels, value.parse().ok()?))
}

/// Converts pairs to labels.
pub(crate) fn labels(pairs: &[(&str, &str)]) -> Labels {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// Returns the value of a sample. Panics with the contents of the family if there is none.
pub(crate) fn value(
    families: &BTreeMap<String, Family>,
    name: &str,
    pairs: &[(&str, &str)],
) -> f64 {
    let family = families
        .iter()
        .rev()
        .find(|(family, _)| name.starts_with(family.as_str()))
        .unwrap_or_else(|| panic!("no family of {name}"))
        .1;
    *family
        .samples
        .get(&(name.to_owned(), labels(pairs)))
        .unwrap_or_else(|| panic!("no {name}{pairs:?} in {:?}", family.samples))
}
