//! Random input for the parser of a header, and for the writer of text that others provide. `cargo xtask fuzz`
//! runs this for as long as you like.

mod support;

use std::collections::BTreeMap;

use caracal_metrics_core::{Format, MetricsRegistry, Negotiated};
use proptest::prelude::*;
use support::{Family, labels, open_metrics, parse};

/// The words of an `Accept` header, and characters that break them.
const OF_ACCEPT: [&str; 30] = [
    "application/openmetrics-text",
    "text/plain",
    "*/*",
    "text/*",
    "application/*",
    "application/vnd.google.protobuf",
    ";proto=io.prometheus.client.MetricFamily",
    ";encoding=delimited",
    ";version=0.0.4",
    ";version=1.0.0",
    ";version=\"1.0.0",
    ";escaping=allow-utf-8",
    ";escaping=\"values\"",
    ";q=0",
    ";q=1",
    ";q=0.5",
    ";q=1.001",
    ";q=",
    ";",
    "=",
    ",",
    "\"",
    "\\",
    "\\\"",
    " ",
    "\t",
    "/",
    "*",
    "é",
    "\0",
];

/// Characters that the formats escape, and text that looks like an escape.
const OF_VALUES: [&str; 18] = [
    "\\", "\"", "\n", "\r", "\\n", "\\\"", "{", "}", ",", "=", " ", "#", "# EOF\n", "\0", "🐆",
    "n", "\u{2028}", "\u{85}",
];

fn made_of(fragments: &'static [&'static str]) -> impl Strategy<Value = String> {
    let parts = prop::collection::vec(prop::sample::select(fragments), 0..12);
    prop_oneof![3 => parts.prop_map(|parts| parts.concat()), 1 => any::<String>()]
}

/// The possible answers to a header.
const MEDIA_TYPES: [(Format, &str); 2] =
    [(Format::OpenMetrics, "application/openmetrics-text"), (Format::Text, "text/plain")];

proptest! {
    #[test]
    fn any_accept_gets_a_format_that_it_does_not_refuse(
        accept in made_of(&OF_ACCEPT),
        refused in prop::sample::select(&MEDIA_TYPES[..]),
    ) {
        let negotiated = Negotiated::from_accept(&accept);
        prop_assert_eq!(negotiated.format(), Format::negotiate(&accept));
        let content_type = negotiated.content_type();
        prop_assert!(content_type.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{}", content_type);
        if let Some((_, media_type)) = MEDIA_TYPES.iter().find(|(f, _)| *f == negotiated.format()) {
            prop_assert!(content_type.starts_with(media_type), "{}", content_type);
        }
        // A refusal at the end applies, whatever comes before, unless a quote swallows it or a range names a
        // format more specifically.
        let other = MEDIA_TYPES.iter().find(|other| **other != refused).unwrap();
        let named = ["openmetrics", "text/plain", "protobuf", "\""].iter().any(|name| accept.contains(name));
        if !named {
            let header = format!("{accept},{};q=0,{};q=1", refused.1, other.1);
            prop_assert_eq!(Format::negotiate(&header), other.0, "{}", header);
        }
    }

    #[test]
    fn any_label_value_reads_back_in_every_format(
        values in prop::collection::btree_map(
            (made_of(&OF_VALUES), made_of(&OF_VALUES)), 1..4_u32, 1..6,
        ),
        service in made_of(&OF_VALUES),
    ) {
        let m = MetricsRegistry::builder().const_label("service", &service).build().unwrap();
        for ((method, reason), count) in &values {
            for _ in 0..*count {
                m.record_auth_failure(method, reason);
            }
        }
        let expected: BTreeMap<_, _> = values
            .iter()
            .map(|((method, reason), count)| {
                let pairs = [("auth_method", &**method), ("reason", reason), ("service", &service)];
                (labels(&pairs), f64::from(*count))
            })
            .collect();
        let name = "caracal_gateway_auth_failures_total";
        let of = |family: &Family| -> BTreeMap<_, _> {
            let own = family.samples.iter().filter(|((sample, _), _)| sample == name);
            own.map(|((_, labels), value)| (labels.clone(), *value)).collect()
        };
        prop_assert_eq!(of(&parse(&m.generate_metrics())[name]), expected.clone());
        let mut page = Vec::new();
        m.encode(Format::OpenMetrics, &mut page);
        let page = open_metrics::parse(&page);
        prop_assert_eq!(of(&page["caracal_gateway_auth_failures"]), expected.clone());
        #[cfg(feature = "protobuf")]
        {
            let mut page = Vec::new();
            m.encode(Format::Protobuf, &mut page);
            prop_assert_eq!(support::protobuf::counters(&page, name), expected);
        }
    }
}
