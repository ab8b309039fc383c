//! The rows of a protobuf page overwrite the previous ones: each row has its own labels and its own number,
//! whatever it has in common with the previous one.

use std::collections::BTreeMap;

use caracal_metrics_core::{Counter, Family, Format, Metric, MetricsRegistry, labels};
use proptest::prelude::*;
use prost::Message;

#[derive(Clone, PartialEq, Message)]
struct MetricFamily {
    #[prost(message, repeated, tag = "4")]
    metric: Vec<Row>,
}

#[derive(Clone, PartialEq, Message)]
struct Row {
    #[prost(message, repeated, tag = "1")]
    label: Vec<Pair>,
    #[prost(message, optional, tag = "3")]
    counter: Option<Number>,
}

#[derive(Clone, PartialEq, Message)]
struct Pair {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(string, tag = "2")]
    value: String,
}

#[derive(Clone, PartialEq, Message)]
struct Number {
    #[prost(double, optional, tag = "1")]
    value: Option<f64>,
}

labels! {
    /// The last label is the first one by name.
    struct First<'a> { m: &'a str, z: &'a str, a: &'a str }
    struct Middle<'a> { a: &'a str, z: &'a str, m: &'a str }
    struct Last<'a> { a: &'a str, m: &'a str, z: &'a str }
    struct Only<'a> { m: &'a str }
}

static FIRST: Family<Counter, First<'_>> = Family::counter("first_total", "Last label first.");
static MIDDLE: Family<Counter, Middle<'_>> = Family::counter("middle_total", "It is between.");
static LAST: Family<Counter, Last<'_>> = Family::counter("last_total", "It is last.");
static ONLY: Family<Counter, Only<'_>> = Family::counter("only_total", "There is no other one.");

/// The numbers of a family on a page, by labels, which are sorted by name.
type Rows = BTreeMap<Vec<(String, String)>, f64>;

fn rows(metrics: &MetricsRegistry, family: &str) -> Rows {
    let mut page = Vec::new();
    metrics.encode_named(Format::Protobuf, &[family], &mut page);
    let family = MetricFamily::decode_length_delimited(&*page).expect("a family");
    let all = family.metric.len();
    let pairs =
        |row: &Row| row.label.iter().map(|it| (it.name.clone(), it.value.clone())).collect();
    let rows = family.metric.iter().map(|row| {
        (pairs(row), row.counter.as_ref().and_then(|it| it.value).expect("the number of a counter"))
    });
    let rows: Rows = rows.collect();
    assert_eq!(rows.len(), all, "some labels occur twice");
    rows
}

/// Values with the same beginning, and with all lengths around the one from which a length takes two bytes.
/// Those that come last have the same length. Some contain characters that text escapes.
fn value() -> impl Strategy<Value = String> {
    let few = "[ab]{0,3}";
    let long =
        (prop::sample::select(vec![80_usize, 90, 100, 110, 120, 127, 128, 140]), "[ab]{0,2}")
            .prop_map(|(len, end)| "x".repeat(len) + &end);
    prop_oneof![6 => few, 3 => "y[abc]{3}", 2 => long, 1 => "[a\"\\\\\n\u{1}ü]{1,3}"]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn every_row_has_its_labels_and_its_number(
        sets in prop::collection::btree_set([value(), value(), value()], 1..60),
        const_labels in prop::sample::subsequence(vec!["b", "n", "zz"], 0..=3),
    ) {
        let mut builder = MetricsRegistry::builder();
        for name in &const_labels {
            builder = builder.const_label(*name, "same");
        }
        let metrics = builder.build().unwrap();
        let families: (Metric<Counter, First<'_>>, _, Metric<Counter, Last<'_>>, _) = (
            metrics.family(&FIRST).unwrap(),
            metrics.family(&MIDDLE).unwrap(),
            metrics.family(&LAST).unwrap(),
            metrics.family(&ONLY).unwrap(),
        );
        let mut expected: BTreeMap<&str, Rows> = BTreeMap::new();
        for (place, [one, two, three]) in sets.iter().enumerate() {
            let number = place as u64 + 1;
            families.0.inc_by(First { m: one, z: two, a: three }, number);
            families.1.inc_by(Middle { a: one, z: two, m: three }, number);
            families.2.inc_by(Last { a: one, m: two, z: three }, number);
            families.3.inc_by(Only { m: three }, number);
            let mut expect = |family, labels: &[(&str, &String)]| {
                let own = labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).clone()));
                let added = const_labels.iter().map(|it| ((*it).to_owned(), "same".to_owned()));
                let mut labels: Vec<_> = own.chain(added).collect();
                labels.sort();
                *expected.entry(family).or_default().entry(labels).or_default() += number as f64;
            };
            expect("first_total", &[("m", one), ("z", two), ("a", three)]);
            expect("middle_total", &[("a", one), ("z", two), ("m", three)]);
            expect("last_total", &[("a", one), ("m", two), ("z", three)]);
            expect("only_total", &[("m", three)]);
        }
        for (family, expected) in expected {
            prop_assert_eq!(rows(&metrics, family), expected, "{}", family);
        }
    }
}
