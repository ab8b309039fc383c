//! The names of the families and the counters of a protobuf page, read by an independent decoder.

use std::collections::{BTreeMap, BTreeSet};

use prost::Message;

use super::Labels;

/// `io.prometheus.client.MetricFamily`, with only the fields that are read.
#[derive(Clone, PartialEq, Message)]
struct MetricFamily {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(message, repeated, tag = "4")]
    metrics: Vec<Metric>,
}

#[derive(Clone, PartialEq, Message)]
struct Metric {
    #[prost(message, repeated, tag = "1")]
    labels: Vec<Label>,
    #[prost(message, optional, tag = "3")]
    counter: Option<Counter>,
}

#[derive(Clone, PartialEq, Message)]
struct Label {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(string, tag = "2")]
    value: String,
}

#[derive(Clone, PartialEq, Message)]
struct Counter {
    #[prost(double, tag = "1")]
    value: f64,
}

/// Returns the values of a family of counters by their labels.
pub(crate) fn counters(mut page: &[u8], name: &str) -> BTreeMap<Labels, f64> {
    let mut counters = BTreeMap::new();
    while !page.is_empty() {
        let family = MetricFamily::decode_length_delimited(&mut page).expect("a family");
        for metric in family.metrics.into_iter().filter(|_| family.name == name) {
            let labels = metric.labels.into_iter().map(|label| (label.name, label.value));
            let value = metric.counter.expect("a counter").value;
            assert!(counters.insert(labels.collect(), value).is_none(), "a series occurs twice");
        }
    }
    counters
}

pub(crate) fn names(mut page: &[u8]) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    while !page.is_empty() {
        let name = MetricFamily::decode_length_delimited(&mut page).expect("a family").name;
        assert!(!names.contains(&name), "{name} occurs twice");
        names.insert(name);
    }
    names
}
