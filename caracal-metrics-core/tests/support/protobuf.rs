//! The names of a protobuf page's families, read by a decoder that is not ours.

use std::collections::BTreeSet;

use prost::Message;

/// `io.prometheus.client.MetricFamily`, of which only the name is read.
#[derive(Clone, PartialEq, Message)]
struct MetricFamily {
    #[prost(string, tag = "1")]
    name: String,
}

pub(crate) fn names(mut page: &[u8]) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    while !page.is_empty() {
        let name = MetricFamily::decode_length_delimited(&mut page).expect("a family").name;
        assert!(!names.contains(&name), "{name} stands twice");
        names.insert(name);
    }
    names
}
