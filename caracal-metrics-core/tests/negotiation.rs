//! The format and the content type for an `Accept` header.

use caracal_metrics_core::{Format, Negotiated};
use proptest::prelude::*;

const PROMETHEUS_2_42: &str = "application/openmetrics-text;version=1.0.0,\
     application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
const PROMETHEUS_3: &str = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,\
     application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,\
     text/plain;version=0.0.4;q=0.3,*/*;q=0.2";

#[test]
fn negotiation_follows_rfc_9110() {
    use Format::{OpenMetrics as Om, Text};
    for (accept, expected) in [
        (PROMETHEUS_2_42, Om),
        (PROMETHEUS_3, Om),
        ("", Text),
        ("*/*", Text),
        ("text/*", Text),
        ("application/*", Om),
        ("text/plain", Text),
        ("application/openmetrics-text", Om),
        ("application/openmetrics-text; version=1.0.0; charset=utf-8", Om),
        ("Application/OpenMetrics-Text;Version=1.0.0", Om),
        ("application/openmetrics-text;version=\"1.0.0\"", Om),
        ("application/openmetrics-text;version=\"1\\.0.0\"", Om),
        (" application/openmetrics-text \t;\tversion=1.0.0 ; q=0.9 , text/plain;q=0.8", Om),
        // Both have the same quality: a client that names OpenMetrics can read it.
        ("text/plain,application/openmetrics-text", Om),
        ("application/openmetrics-text;q=0.3,text/plain;q=0.4", Text),
        // q=0 is a refusal, even if a wildcard would allow the type.
        ("application/openmetrics-text;q=0,*/*", Text),
        ("text/plain;q=0,*/*", Om),
        ("text/plain;q=0.0,application/openmetrics-text;q=0.001", Om),
        // The more specific range decides, and not the one with the higher quality.
        ("application/*;q=1,application/openmetrics-text;q=0.1,text/plain;q=0.2", Text),
        (
            "application/openmetrics-text;version=1.0.0;q=0.1,application/openmetrics-text,text/plain;q=0.5",
            Text,
        ),
        // Versions, charsets and types that we do not have get text, and never an error.
        ("application/openmetrics-text;version=2.0.0", Text),
        ("application/openmetrics-text;version=0.0.1", Text),
        ("text/plain;version=0.0.3", Text),
        ("text/plain;version=1.0.0,application/openmetrics-text;q=0.9", Text),
        ("application/openmetrics-text;charset=utf-16", Text),
        ("image/png", Text),
        ("text/plain;q=0", Text),
        // Ranges that do not match the grammar are ignored, and the others count.
        (",,;q=1,application/openmetrics-text", Om),
        ("application/openmetrics-text;q=2,text/plain", Text),
        ("application/openmetrics-text;q=0.1234,text/plain;q=0.1", Text),
        ("application/openmetrics-text;q=1.001", Text),
        ("application/openmetrics-text;q=", Text),
        ("a=\",application/openmetrics-text,\"", Text),
        ("nonsense", Text),
    ] {
        assert_eq!(Format::negotiate(accept), expected, "{accept}");
    }
}

proptest! {
    #[test]
    fn any_header_gets_an_answer(accept in any::<String>()) {
        let negotiated = Negotiated::from_accept(&accept);
        prop_assert_eq!(negotiated.format(), Format::negotiate(&accept));
    }

    /// Two ranges with their qualities: the one with the higher quality wins, whatever else is in the header.
    #[test]
    fn the_preferred_format_wins(text in 0..=1000_u16, om in 0..=1000_u16, other in "[a-z]{1,8}/[a-z]{1,8}", swap: bool) {
        prop_assume!(text > 0 || om > 0);
        prop_assume!(text != om);
        let q = |quality: u16| if quality == 1000 { "1.000".to_owned() } else { format!("0.{quality:03}") };
        let mut ranges = vec![
            format!("text/plain;version=0.0.4;q={}", q(text)),
            format!("application/openmetrics-text;version=1.0.0;q={}", q(om)),
        ];
        if swap {
            ranges.reverse();
        }
        ranges.insert(1, format!("{other};q=1"));
        let expected = if om > text { Format::OpenMetrics } else { Format::Text };
        prop_assert_eq!(Format::negotiate(&ranges.join(", ")), expected);
    }
}

const OM: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const PLAIN: &str = "text/plain; version=0.0.4; charset=utf-8";
const PLAIN_1: &str = "text/plain; version=1.0.0; charset=utf-8";

#[test]
fn the_requested_escaping_scheme_is_repeated() {
    for (accept, media_type, escaping) in [
        (PROMETHEUS_2_42, OM, None),
        (PROMETHEUS_3, OM, Some("allow-utf-8")),
        ("application/openmetrics-text;escaping=underscores", OM, Some("underscores")),
        ("application/openmetrics-text;escaping=\"values\"", OM, Some("values")),
        ("text/plain;escaping=allow-utf-8;q=0.5", PLAIN, Some("allow-utf-8")),
        ("text/plain;version=0.0.4;escaping=underscores", PLAIN, Some("underscores")),
        ("*/*;escaping=values", PLAIN, Some("values")),
        // Only the range that decides matters.
        ("text/plain;q=0.9,application/openmetrics-text;escaping=values;q=0.8", PLAIN, None),
        ("*/*;escaping=values;q=0.1,text/plain", PLAIN, None),
        ("text/plain;escaping=values,text/plain;escaping=underscores", PLAIN, Some("values")),
        ("text/plain;escaping=values;q=0", PLAIN, None),
        // Our names do not comply with `dots`, which doubles each underscore.
        ("application/openmetrics-text;version=1.0.0;escaping=dots", OM, None),
        ("application/openmetrics-text;escaping=Values", OM, None),
        ("application/openmetrics-text;escaping=other;version=1.0.0", OM, None),
        ("text/plain;escaping=", PLAIN, None),
        // Text 1.0.0 always has a scheme, and is sent to clients that name it and prefer it.
        ("text/plain;version=1.0.0;escaping=allow-utf-8", PLAIN_1, Some("allow-utf-8")),
        ("text/plain;version=1.0.0;escaping=dots", PLAIN_1, Some("underscores")),
        ("text/plain;version=1.0.0", PLAIN_1, Some("underscores")),
        ("text/plain;version=1.0.0,text/plain;version=0.0.4;q=0.9", PLAIN_1, Some("underscores")),
        ("text/plain;version=1.0.0,text/plain;version=0.0.4", PLAIN, None),
        ("text/plain;version=1.0.0;q=0.5,*/*", PLAIN, None),
        ("text/plain;version=1.0.0;q=0", PLAIN, None),
        ("text/plain;version=2.0.0", PLAIN, None),
    ] {
        let content_type = match escaping {
            Some(escaping) => format!("{media_type}; escaping={escaping}"),
            None => media_type.to_owned(),
        };
        assert_eq!(Negotiated::from_accept(accept).content_type(), content_type, "{accept}");
    }
}

/// Media ranges, and how specific each of them is for text 0.0.4, text 1.0.0, OpenMetrics and protobuf: the
/// table of RFC 9110, section 12.5.1, for our formats.
const RANGES: &[(&str, [Option<u8>; 4])] = &[
    ("*/*", [Some(0), None, Some(0), None]),
    ("text/*", [Some(1), None, None, None]),
    ("application/*", [None, None, Some(1), None]),
    ("text/plain", [Some(2), None, None, None]),
    ("TEXT/Plain ; Version=0.0.4", [Some(3), None, None, None]),
    ("text/plain;version=1.0.0", [None, Some(3), None, None]),
    ("application/openmetrics-text", [None, None, Some(2), None]),
    ("application/openmetrics-text;version=\"1.0.0\"", [None, None, Some(3), None]),
    ("application/openmetrics-text;version=0.0.1", [None, None, None, None]),
    (
        "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited",
        [None, None, None, Some(2)],
    ),
    (
        "application/vnd.google.protobuf;encoding=compact-text;proto=io.prometheus.client.MetricFamily",
        [None, None, None, None],
    ),
    ("application/vnd.google.protobuf", [None, None, None, None]),
    ("image/png", [None, None, None, None]),
];

/// Values of `escaping`, and the value in the content type for each.
const SCHEMES: &[(&str, Option<&str>)] = &[
    ("", None),
    (";escaping=allow-utf-8", Some("allow-utf-8")),
    ("; escaping=underscores", Some("underscores")),
    (";Escaping=\"values\"", Some("values")),
    (";escaping=dots", None),
    (";escaping=nonsense", None),
];

proptest! {
    #[test]
    fn any_combination_of_ranges(
        ranges in proptest::collection::vec((0..RANGES.len(), 0..SCHEMES.len(), 0..=1000_u16), 0..6),
    ) {
        let header: Vec<_> = ranges
            .iter()
            .map(|(range, scheme, q)| {
                format!("{}{};q={}.{:03}", RANGES[*range].0, SCHEMES[*scheme].0, q / 1000, q % 1000)
            })
            .collect();
        let header = header.join(" ,\t");
        // The most specific matching range decides. Among equally specific ranges, the one with the highest
        // quality decides, and among equal qualities the first one.
        let [text, text_1, om, protobuf] = [0, 1, 2, 3].map(|offer| {
            let matching = ranges.iter().rev().filter_map(|(range, scheme, q)| {
                Some((RANGES[*range].1[offer]?, *q, SCHEMES[*scheme].1))
            });
            matching.max_by_key(|(specificity, q, _)| (*specificity, *q)).unwrap_or_default()
        });
        let text_1_wins = text_1.1 > text.1;
        let (_, text_q, text_scheme) = if text_1_wins { text_1 } else { text };
        let (om_specificity, om_q, om_scheme) = om;
        let om_named = om_specificity >= 2;
        let (name, media_type, scheme) =
            if cfg!(feature = "protobuf") && protobuf.1 > om_q.max(text_q) {
                let media_type = "application/vnd.google.protobuf; \
                     proto=io.prometheus.client.MetricFamily; encoding=delimited";
                ("Protobuf", media_type, protobuf.2)
            } else if om_q > text_q || (om_named && om_q == text_q && om_q > 0) {
                ("OpenMetrics", OM, om_scheme)
            } else if text_1_wins {
                ("Text", PLAIN_1, text_scheme.or(Some("underscores")))
            } else {
                ("Text", PLAIN, text_scheme.filter(|_| text_q > 0))
            };
        let content_type = match scheme {
            Some(scheme) => format!("{media_type}; escaping={scheme}"),
            None => media_type.to_owned(),
        };
        let negotiated = Negotiated::from_accept(&header);
        prop_assert_eq!(format!("{:?}", negotiated.format()), name, "{}", header);
        prop_assert_eq!(negotiated.content_type(), content_type, "{}", header);
        if !header.to_lowercase().contains("escaping") && !text_1_wins {
            prop_assert_eq!(negotiated.content_type(), negotiated.format().content_type());
        }
    }
}

/// The protocols of Prometheus, as in `ScrapeProtocolsHeaders` in its `config/config.go`.
const PROTO: &str =
    "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited";
const OM_1: &str = "application/openmetrics-text;version=1.0.0";
const OM_0: &str = "application/openmetrics-text;version=0.0.1";
const TEXT_1: &str = "text/plain;version=1.0.0";
const TEXT_0: &str = "text/plain;version=0.0.4";

/// Builds a header like `acceptHeader` in `scrape/scrape.go`: the qualities go down from 0.6, which is one
/// tenth more than the number of protocols.
fn accept_header(protocols: &[&str], escaped: impl Fn(&str) -> bool) -> String {
    let weights = (1..=6).rev();
    let mut ranges: Vec<_> = protocols
        .iter()
        .zip(weights.clone())
        .map(|(protocol, weight)| {
            let escaping = if escaped(protocol) { ";escaping=allow-utf-8" } else { "" };
            format!("{protocol}{escaping};q=0.{weight}")
        })
        .collect();
    let weight = weights.clone().nth(protocols.len()).expect("a weight that is left");
    ranges.push(format!("*/*;q=0.{weight}"));
    ranges.join(",")
}

/// The headers of releases of Prometheus 3: `DefaultScrapeProtocols`, or `DefaultProtoFirstScrapeProtocols` if
/// they scrape native histograms. At first, each range requested escaping. Later, only the ranges of formats
/// that support it did.
#[test]
fn prometheus_3_gets_what_it_prefers() {
    let text_first = [OM_1, OM_0, TEXT_1, TEXT_0];
    let proto_first = [PROTO, OM_1, OM_0, TEXT_1, TEXT_0];
    let all = |_: &str| true;
    let newer = |protocol: &str| [OM_1, TEXT_1].contains(&protocol);
    let open_metrics = format!("{OM}; escaping=allow-utf-8");
    let expected = [
        // 3.0.
        (accept_header(&text_first, all), &*open_metrics),
        // 3.5, and 3.8 without native histograms.
        (accept_header(&text_first, newer), &*open_metrics),
    ];
    assert_eq!(expected[1].0, PROMETHEUS_3);
    for (accept, content_type) in expected {
        assert_eq!(Negotiated::from_accept(&accept).content_type(), content_type, "{accept}");
    }
    let protobuf = "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; \
                    encoding=delimited";
    let escaped = format!("{protobuf}; escaping=allow-utf-8");
    for (accept, with_protobuf) in [
        // 3.0 with `--enable-feature=native-histograms`.
        (accept_header(&proto_first, all), &*escaped),
        // 3.5 with that flag, 3.8 with `scrape_native_histograms: true`.
        (accept_header(&proto_first, newer), protobuf),
    ] {
        // Without the feature, this is the preferred one of the available formats.
        let expected = if cfg!(feature = "protobuf") { with_protobuf } else { &*open_metrics };
        assert_eq!(Negotiated::from_accept(&accept).content_type(), expected, "{accept}");
    }
}
