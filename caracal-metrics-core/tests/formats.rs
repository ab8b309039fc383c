//! Which format an `Accept` header gets, and what OpenMetrics looks like.

mod support;

use std::time::Duration;

use caracal_metrics_core::{Format, MetricsRegistry};
use prometheus::{Counter, Histogram, HistogramOpts, Opts};
use proptest::prelude::*;
use support::parse;

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
        // Both alike: who names OpenMetrics knows what it is.
        ("text/plain,application/openmetrics-text", Om),
        ("application/openmetrics-text;q=0.3,text/plain;q=0.4", Text),
        // q=0 is a refusal, also of what a wildcard would allow.
        ("application/openmetrics-text;q=0,*/*", Text),
        ("text/plain;q=0,*/*", Om),
        ("text/plain;q=0.0,application/openmetrics-text;q=0.001", Om),
        // The more specific range decides, not the better one.
        ("application/*;q=1,application/openmetrics-text;q=0.1,text/plain;q=0.2", Text),
        (
            "application/openmetrics-text;version=1.0.0;q=0.1,application/openmetrics-text,text/plain;q=0.5",
            Text,
        ),
        // Versions, charsets and types that we don't have: text, never an error.
        ("application/openmetrics-text;version=2.0.0", Text),
        ("application/openmetrics-text;version=0.0.1", Text),
        ("text/plain;version=0.0.3", Text),
        ("application/openmetrics-text;charset=utf-16", Text),
        ("image/png", Text),
        ("text/plain;q=0", Text),
        // Not of the grammar: passed over, and the rest counts.
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
        let _ = Format::negotiate(&accept);
    }

    /// Two ranges with their qualities: the better one wins, whatever else is in the header.
    #[test]
    fn the_better_liked_format_wins(text in 0..=1000_u16, om in 0..=1000_u16, other in "[a-z]{1,8}/[a-z]{1,8}", swap: bool) {
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

/// Media ranges, and how specific each is about text, OpenMetrics and protobuf: the table of RFC
/// 9110, section 12.5.1, for our offers.
const RANGES: &[(&str, [Option<u8>; 3])] = &[
    ("*/*", [Some(0), Some(0), None]),
    ("text/*", [Some(1), None, None]),
    ("application/*", [None, Some(1), None]),
    ("text/plain", [Some(2), None, None]),
    ("TEXT/Plain ; Version=0.0.4", [Some(3), None, None]),
    ("text/plain;version=1.0.0", [None, None, None]),
    ("application/openmetrics-text", [None, Some(2), None]),
    ("application/openmetrics-text;version=\"1.0.0\"", [None, Some(3), None]),
    ("application/openmetrics-text;version=0.0.1", [None, None, None]),
    ("application/openmetrics-text;version=1.0.0;escaping=allow-utf-8", [None, Some(3), None]),
    (
        "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited",
        [None, None, Some(2)],
    ),
    (
        "application/vnd.google.protobuf;encoding=compact-text;proto=io.prometheus.client.MetricFamily",
        [None, None, None],
    ),
    ("application/vnd.google.protobuf", [None, None, None]),
    ("image/png", [None, None, None]),
];

proptest! {
    #[test]
    fn any_combination_of_ranges(ranges in proptest::collection::vec((0..RANGES.len(), 0..=1000_u16), 0..6)) {
        let header: Vec<_> = ranges
            .iter()
            .map(|(range, q)| format!("{};q={}.{:03}", RANGES[*range].0, q / 1000, q % 1000))
            .collect();
        // The most specific range that matches has the say, of equally specific ones the best.
        let [text, om, protobuf] = [0, 1, 2].map(|offer| {
            ranges.iter().filter_map(|(range, q)| Some((RANGES[*range].1[offer]?, *q))).max()
        });
        let quality = |liked: Option<(u8, u16)>| liked.map_or(0, |(_, q)| q);
        let om_named = om.is_some_and(|(specificity, _)| specificity >= 2);
        let expected = if cfg!(feature = "protobuf") && quality(protobuf) > quality(om).max(quality(text)) {
            "Protobuf"
        } else if quality(om) > quality(text) || (om_named && quality(om) == quality(text) && quality(om) > 0) {
            "OpenMetrics"
        } else {
            "Text"
        };
        let header = header.join(" ,\t");
        prop_assert_eq!(format!("{:?}", Format::negotiate(&header)), expected, "{}", header);
    }
}

fn page(m: &MetricsRegistry, format: Format) -> String {
    let mut page = Vec::new();
    m.encode(format, &mut page);
    String::from_utf8(page).unwrap()
}

#[test]
fn openmetrics_has_its_own_headers_and_the_same_samples() {
    let m = MetricsRegistry::builder().const_label("service", "a\"b").build().unwrap();
    let counter = Counter::with_opts(Opts::new("app_jobs", "Jobs \"done\" \\ \n all")).unwrap();
    let histogram = HistogramOpts::new("app_seconds", "Took").buckets(vec![1.0, 2.5]);
    let histogram = Histogram::with_opts(histogram).unwrap();
    m.prometheus_registry().register(Box::new(counter.clone())).unwrap();
    m.prometheus_registry().register(Box::new(histogram.clone())).unwrap();
    counter.inc_by(2.5);
    histogram.observe(2.0);
    m.record_gateway_request("GET", 200, "jwt", Duration::from_millis(7));
    m.record_replay_block("nonce_reused");

    let text = page(&m, Format::Text);
    let om = page(&m, Format::OpenMetrics);
    assert!(om.ends_with("\n# EOF\n") && om.matches("# EOF").count() == 1);
    for line in [
        "# HELP caracal_gateway_requests Total number of gateway requests",
        "# TYPE caracal_gateway_requests counter",
        "# TYPE caracal_gateway_request_duration_seconds histogram",
        "# UNIT caracal_gateway_request_duration_seconds seconds",
        "# HELP app_jobs Jobs \\\"done\\\" \\\\ \\n all",
        "# TYPE app_jobs counter",
        "app_jobs_total 2.5",
        "app_seconds_bucket{le=\"1.0\"} 0",
    ] {
        assert!(om.lines().any(|found| found == line), "{line}\n{om}");
    }
    assert!(text.contains("# HELP app_jobs Jobs \"done\" \\\\ \\n all\n"), "{text}");
    assert!(!om.lines().any(str::is_empty), "OpenMetrics allows no blank line");

    let samples = |page: &str| {
        let mut lines: Vec<String> = page
            .lines()
            .filter(|line| !line.starts_with('#'))
            .map(|line| line.replace("app_jobs_total ", "app_jobs "))
            .collect();
        lines.sort();
        lines
    };
    assert_eq!(samples(&text), samples(&om));
    parse(text.as_bytes());
}

/// What OpenMetrics calls its families, in the page's order.
fn families(page: &str) -> Vec<&str> {
    page.lines().filter_map(|line| line.strip_prefix("# TYPE ")).collect()
}

#[test]
fn names_that_only_openmetrics_gives_twice() {
    let m = MetricsRegistry::new();
    let register = |collector| m.prometheus_registry().register(collector).unwrap();
    for (name, value) in [("app_jobs_total", 1.0), ("app_tasks", 2.0), ("app_tasks_total", 3.0)] {
        let counter = Counter::with_opts(Opts::new(name, "Counts")).unwrap();
        counter.inc_by(value);
        register(Box::new(counter));
    }
    for name in ["app_jobs", "caracal_gateway_replay_blocks"] {
        register(Box::new(
            prometheus::Gauge::with_opts(Opts::new(name, "Goes up and down")).unwrap(),
        ));
    }
    let om = page(&m, Format::OpenMetrics);
    let own: Vec<_> =
        families(&om).into_iter().filter(|family| !family.starts_with("caracal_")).collect();
    // The gauge had the name first; the counter keeps the one that text 0.0.4 shows.
    assert_eq!(own, ["app_jobs gauge", "app_jobs_total unknown", "app_tasks counter"]);
    assert!(om.contains("\napp_jobs_total 1\n") && om.contains("\napp_tasks_total 3\n"), "{om}");
    // Two families that could have no name of their own.
    assert_eq!(om.matches("# TYPE caracal_gateway_replay_blocks ").count(), 1, "{om}");
    assert!(om.contains("\ncaracal_metrics_collection_errors_total 2\n"), "{om}");

    let text = page(&m, Format::Text);
    for sample in ["app_jobs 0", "app_jobs_total 1", "app_tasks 2", "app_tasks_total 3"] {
        assert!(text.lines().any(|line| line == sample), "{sample}\n{text}");
    }
}

#[test]
fn bounds_are_canonical_in_the_users_families_too() {
    let m = MetricsRegistry::new();
    let options = HistogramOpts::new("app_bytes", "Sizes").buckets(vec![0.00001, 1.0, 1e6, 2.5e9]);
    m.register(Box::new(Histogram::with_opts(options).unwrap())).unwrap();
    for format in [Format::Text, Format::OpenMetrics] {
        let page = page(&m, format);
        let bounds: Vec<_> =
            page.lines().filter_map(|line| line.strip_prefix("app_bytes_bucket{le=")).collect();
        let expected =
            ["\"1e-05\"} 0", "\"1.0\"} 0", "\"1e+06\"} 0", "\"2.5e+09\"} 0", "\"+Inf\"} 0"];
        assert_eq!(bounds, expected);
    }
}

#[test]
fn families_asked_for_by_name() {
    let m = MetricsRegistry::new();
    m.register(Box::new(Counter::with_opts(Opts::new("app_jobs_total", "Jobs")).unwrap())).unwrap();
    let ask = |format, names: &[&str]| {
        let mut page = Vec::new();
        m.encode_named(format, names, &mut page);
        String::from_utf8(page).unwrap()
    };
    let names = ["app_jobs_total", "caracal_policy_cache_hits_total", "nobody"];
    let om = ask(Format::OpenMetrics, &names);
    assert_eq!(families(&om), ["app_jobs counter", "caracal_policy_cache_hits counter"]);
    assert!(om.ends_with("# EOF\n"));
    let text = ask(Format::Text, &names);
    assert_eq!(
        families(&text),
        ["app_jobs_total counter", "caracal_policy_cache_hits_total counter"]
    );
    assert_eq!(ask(Format::Text, &["nobody"]), "");
    assert_eq!(ask(Format::OpenMetrics, &["app_jobs"]), "# EOF\n");
    assert_eq!(ask(Format::Text, &[]), page(&m, Format::Text));
}
