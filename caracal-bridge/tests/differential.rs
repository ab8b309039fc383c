//! Ours and the facade's own exporter give the same samples for the same operations.
//!
//! The intended differences are tested in `recorder.rs`: labels with empty values, numbers that are
//! not finite, units that come after the first record, the unit percent (which the exporter calls a
//! ratio), colons in names, and backslashes in values (the exporter writes some pairs of them as
//! one). If there are two descriptions, the exporter uses the first or the last one, depending on
//! when it was rendered.

use std::collections::{BTreeMap, BTreeSet};

use caracal_bridge::RecorderBuilder;
use caracal_metrics_core::MetricsRegistry;
use metrics::{Key, KeyName, Label, Level, Metadata, Recorder, Unit};
use metrics_exporter_prometheus::PrometheusBuilder;
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

const COUNTERS: [&str; 4] = ["c.requests", "c-sent.bytes", "c_jobs_total", "1c größe"];
const GAUGES: [&str; 3] = ["g.depth", "g_wait.seconds", "g_threads_total"];
const HISTOGRAMS: [&str; 3] = ["h.time", "h_size_bytes", "h"];
const BOUNDS: [f64; 4] = [-1.0, 0.25, 1.0, 10.0];
const UNITS: [Unit; 5] =
    [Unit::Count, Unit::Seconds, Unit::Bytes, Unit::Milliseconds, Unit::BitsPerSecond];

/// Numbers whose sums are exact in any order.
fn number() -> impl Strategy<Value = f64> {
    (-64..64_i32).prop_map(|quarters| f64::from(quarters) / 4.0)
}

#[derive(Clone, Debug)]
enum Operation {
    Describe(&'static str, String),
    Increment(usize, Labels, u64),
    Absolute(usize, Labels, u64),
    GaugeAdd(usize, Labels, f64),
    GaugeSubtract(usize, Labels, f64),
    GaugeSet(usize, Labels, f64),
    Record(usize, Labels, f64),
    RecordMany(usize, Labels, f64, usize),
}

type Labels = BTreeMap<&'static str, String>;

fn labels() -> impl Strategy<Value = Labels> {
    let name = prop::sample::select(vec!["a", "b.c", "path", "1st", "ü"]);
    btree_map(name, "[ab\"\n,={}ü ]{1,3}", 0..4)
}

fn operation() -> impl Strategy<Value = Operation> {
    use Operation::{
        Absolute, Describe, GaugeAdd, GaugeSet, GaugeSubtract, Increment, Record, RecordMany,
    };
    let all: Vec<_> = COUNTERS.into_iter().chain(GAUGES).chain(HISTOGRAMS).collect();
    let (counter, gauge, histogram) = (0..COUNTERS.len(), 0..GAUGES.len(), 0..HISTOGRAMS.len());
    prop_oneof![
        1 => (prop::sample::select(all), "[a\"\n ü]{1,5}").prop_map(|(n, h)| Describe(n, h)),
        4 => (counter.clone(), labels(), 0..50_u64).prop_map(|(n, l, v)| Increment(n, l, v)),
        2 => (counter, labels(), 0..200_u64).prop_map(|(n, l, v)| Absolute(n, l, v)),
        2 => (gauge.clone(), labels(), number()).prop_map(|(n, l, v)| GaugeAdd(n, l, v)),
        2 => (gauge.clone(), labels(), number()).prop_map(|(n, l, v)| GaugeSubtract(n, l, v)),
        2 => (gauge, labels(), number()).prop_map(|(n, l, v)| GaugeSet(n, l, v)),
        4 => (histogram.clone(), labels(), number()).prop_map(|(n, l, v)| Record(n, l, v)),
        1 => (histogram, labels(), number(), 0..5_usize)
            .prop_map(|(n, l, v, times)| RecordMany(n, l, v, times)),
    ]
}

fn key(name: &'static str, labels: &Labels) -> Key {
    let labels: Vec<_> =
        labels.iter().map(|(name, value)| Label::new(*name, value.clone())).collect();
    Key::from_parts(name, labels)
}

const METADATA: Metadata<'static> = Metadata::new("test", Level::INFO, None);

fn describe(recorder: &dyn Recorder, name: &'static str, unit: Option<Unit>, help: &str) {
    recorder.describe_gauge(KeyName::from(name), unit, help.to_owned().into());
}

fn apply(operation: &Operation, recorder: &dyn Recorder) {
    use Operation::{
        Absolute, Describe, GaugeAdd, GaugeSet, GaugeSubtract, Increment, Record, RecordMany,
    };
    let counter =
        |name: usize, labels| recorder.register_counter(&key(COUNTERS[name], labels), &METADATA);
    let gauge =
        |name: usize, labels| recorder.register_gauge(&key(GAUGES[name], labels), &METADATA);
    let histogram = |name: usize, labels| {
        recorder.register_histogram(&key(HISTOGRAMS[name], labels), &METADATA)
    };
    match operation {
        Describe(name, help) => describe(recorder, name, None, help),
        Increment(name, labels, value) => counter(*name, labels).increment(*value),
        Absolute(name, labels, value) => counter(*name, labels).absolute(*value),
        GaugeAdd(name, labels, value) => gauge(*name, labels).increment(*value),
        GaugeSubtract(name, labels, value) => gauge(*name, labels).decrement(*value),
        GaugeSet(name, labels, value) => gauge(*name, labels).set(*value),
        Record(name, labels, value) => histogram(*name, labels).record(*value),
        RecordMany(name, labels, value, times) => {
            histogram(*name, labels).record_many(*value, *times);
        }
    }
}

/// The content of a page: types and described texts by family, and values by name and labels.
#[derive(Debug, Default, PartialEq)]
struct Page {
    types: BTreeMap<String, String>,
    helps: BTreeMap<String, String>,
    samples: BTreeMap<(String, Vec<(String, String)>), f64>,
}

fn parse(page: &str) -> Page {
    let mut parsed = Page::default();
    for line in page.lines().filter(|line| !line.is_empty()) {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').unwrap();
            parsed.types.insert(name.to_owned(), kind.to_owned());
        } else if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, help) = rest.split_once(' ').unwrap();
            if !help.ends_with(", recorded through the metrics facade") {
                parsed.helps.insert(name.to_owned(), help.to_owned());
            }
        } else {
            let (series, value) = line.rsplit_once(' ').unwrap();
            let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
            let labels = pairs(labels.strip_suffix('}').unwrap());
            let sample = (name.to_owned(), labels);
            let before = parsed.samples.insert(sample.clone(), value.parse().unwrap());
            assert_eq!(before, None, "{sample:?} is on the page twice");
        }
    }
    parsed
}

fn pairs(mut text: &str) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    while !text.is_empty() {
        let (name, rest) = text.split_once("=\"").unwrap();
        let mut is_escaped = false;
        let end = rest.find(|c| {
            let ends = c == '"' && !is_escaped;
            is_escaped = c == '\\' && !is_escaped;
            ends
        });
        let (value, rest) = rest.split_at(end.unwrap());
        let value = match (name, value.parse::<f64>()) {
            // The exporter writes `1`, we write `1.0`.
            ("le", Ok(bound)) => bound.to_string(),
            _ => value.to_owned(),
        };
        pairs.push((name.to_owned(), value));
        text = rest[1..].trim_start_matches(',');
    }
    pairs.sort();
    pairs
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn both_pages_say_the_same(
        units in vec(prop::option::of(prop::sample::select(UNITS.to_vec())), 10),
        mut operations in vec(operation(), 1..80),
    ) {
        let all = COUNTERS.into_iter().chain(GAUGES).chain(HISTOGRAMS);
        let with_unit = all.clone().zip(&units).filter(|(_, unit)| unit.is_some());
        let mut described: BTreeSet<_> = with_unit.map(|(name, _)| name).collect();
        operations.retain(|operation| match operation {
            Operation::Describe(name, _) => described.insert(name),
            _ => true,
        });
        let exporter = PrometheusBuilder::new()
            .set_buckets(&BOUNDS).unwrap()
            .with_recommended_naming(true)
            .build_recorder();
        let registry = MetricsRegistry::builder().only_used_families().build().unwrap();
        let bridge = RecorderBuilder::new(&registry).default_buckets(&BOUNDS).build().unwrap();
        for recorder in [&exporter as &dyn Recorder, &bridge] {
            for (name, unit) in all.clone().zip(&units) {
                if unit.is_some() {
                    describe(recorder, name, *unit, "described with its unit");
                }
            }
            for operation in &operations {
                apply(operation, recorder);
            }
        }
        prop_assert_eq!(bridge.refusals(), []);
        let mut ours = parse(&String::from_utf8(registry.generate_metrics()).unwrap());
        let theirs = parse(&exporter.handle().render());
        // The families in which the registry reports on itself.
        ours.types.retain(|name, _| !name.starts_with("caracal_"));
        ours.helps.retain(|name, _| !name.starts_with("caracal_"));
        ours.samples.retain(|(name, _), _| !name.starts_with("caracal_"));
        prop_assert_eq!(ours, theirs);
    }
}
