//! OpenMetrics, and its differences from the text format 0.0.4.

mod support;

use std::time::Duration;

use caracal_metrics_core::{Format, MetricsRegistry};
use prometheus::{Counter, Histogram, HistogramOpts, Opts};
use support::parse;

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

/// Returns the names of the families in OpenMetrics, in the order on the page.
fn families(page: &str) -> Vec<&str> {
    page.lines().filter_map(|line| line.strip_prefix("# TYPE ")).collect()
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
fn families_requested_by_name() {
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
