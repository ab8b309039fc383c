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
