//! Attaching to a `prometheus::Registry`: the user's families are on our page, and ours are in its `gather()`.

mod support;

use std::time::Duration;

use caracal_metrics_core::{BuildError, Format, MetricsRegistry};
use prometheus::core::Collector;
use prometheus::{
    Encoder, Gauge, GaugeVec, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec,
    Opts, Registry, TextEncoder,
};
use proptest::prelude::*;
use support::{parse, value};

fn encode(registry: &Registry) -> String {
    let mut page = Vec::new();
    TextEncoder::new().encode(&registry.gather(), &mut page).expect("families with series");
    String::from_utf8(page).expect("UTF-8")
}

#[test]
fn each_family_is_once_in_both_outputs() {
    let mine = Registry::new();
    let before = IntCounter::new("app_before_total", "Registered before").unwrap();
    mine.register(Box::new(before.clone())).unwrap();
    let m = MetricsRegistry::builder().registry(mine.clone()).build().unwrap();
    let after = IntCounter::new("zebra_total", "Registered after").unwrap();
    m.prometheus_registry().register(Box::new(after.clone())).unwrap();
    before.inc();
    after.inc_by(2);
    m.record_gateway_request("GET", 200, "jwt", Duration::from_millis(7));
    m.record_replay_block("say \"no\"\\\n");

    let page = parse(&m.generate_metrics());
    assert_eq!(value(&page, "app_before_total", &[]), 1.0);
    assert_eq!(value(&page, "zebra_total", &[]), 2.0);
    let request = [("method", "GET"), ("status_code", "200"), ("auth_method", "jwt")];
    assert_eq!(value(&page, "caracal_gateway_requests_total", &request), 1.0);

    let gathered = encode(&mine);
    for line in [
        "app_before_total 1",
        "zebra_total 2",
        r#"caracal_gateway_requests_total{method="GET",status_code="200",auth_method="jwt"} 1"#,
        r#"caracal_gateway_replay_blocks_total{reason="say \"no\"\\\n"} 1"#,
        r#"caracal_gateway_request_duration_seconds_bucket{method="GET",status_code="200",le="0.01"} 1"#,
        r#"caracal_gateway_request_duration_seconds_bucket{method="GET",status_code="200",le="+Inf"} 1"#,
        r#"caracal_gateway_request_duration_seconds_sum{method="GET",status_code="200"} 0.007"#,
    ] {
        assert_eq!(
            gathered.lines().filter(|found| *found == line).count(),
            1,
            "{line}\n{gathered}"
        );
    }
}

#[test]
fn our_families_outlive_the_handle_in_the_users_registry() {
    let mine = Registry::new();
    let m = MetricsRegistry::builder().registry(mine.clone()).build().unwrap();
    m.record_degraded_mode_request();
    drop(m);
    assert!(encode(&mine).contains("caracal_gateway_degraded_mode_requests_total 1"));
}

#[test]
fn numbers_of_the_users_families_are_canonical() {
    let m = MetricsRegistry::new();
    let buckets =
        HistogramOpts::new("app_seconds", "le=\"1\" is not a bound").buckets(vec![0.5, 1.0]);
    let histogram = Histogram::with_opts(buckets).unwrap();
    let gauge = Gauge::new("app_gauge", "Goes everywhere").unwrap();
    let labelled =
        IntCounterVec::new(Opts::new("app_total", "Looks like a bound"), &["le_", "x"]).unwrap();
    for collector in [
        Box::new(histogram.clone()) as Box<dyn prometheus::core::Collector>,
        Box::new(gauge.clone()),
        Box::new(labelled.clone()),
    ] {
        m.prometheus_registry().register(collector).unwrap();
    }
    histogram.observe(0.75);
    gauge.set(f64::INFINITY);
    labelled.with_label_values(&["1", "a,le=\"1\"} 3"]).inc();
    let text = String::from_utf8(m.generate_metrics()).unwrap();
    let page = parse(text.as_bytes());
    assert!(text.contains("app_seconds_bucket{le=\"1.0\"} 1\n"), "{text}");
    assert!(text.contains("app_seconds_bucket{le=\"0.5\"} 0\n"), "{text}");
    assert!(text.contains("app_gauge +Inf\n"), "{text}");
    assert_eq!(value(&page, "app_total", &[("le_", "1"), ("x", "a,le=\"1\"} 3")]), 1.0);
    assert_eq!(m.sample("app_seconds_bucket", &[("le", "1.0")]), Some(1.0));
}

#[test]
fn a_family_of_the_user_with_our_name_joins_ours() {
    let m = MetricsRegistry::builder().const_label("service", "a").build().unwrap();
    let other = Opts::new(
        "caracal_gateway_replay_blocks_total",
        "Total number of requests blocked by replay protection",
    )
    .const_label("service", "b");
    let other = IntCounterVec::new(other, &["reason"]).unwrap();
    m.prometheus_registry().register(Box::new(other.clone())).unwrap();
    other.with_label_values(&["nonce_reused"]).inc_by(3);
    m.record_replay_block("nonce_reused");
    let page = parse(&m.generate_metrics());
    for (service, blocks) in [("a", 1.0), ("b", 3.0)] {
        let labels = [("reason", "nonce_reused"), ("service", service)];
        assert_eq!(value(&page, "caracal_gateway_replay_blocks_total", &labels), blocks);
    }
}

#[test]
fn a_family_of_the_user_with_our_name_is_shown_without_ours() {
    let m = MetricsRegistry::builder().const_label("service", "a").only_used_families();
    let m = m.build().unwrap();
    let help = "Total number of requests blocked by replay protection";
    let other = Opts::new("caracal_gateway_replay_blocks_total", help).const_label("service", "b");
    let other = IntCounterVec::new(other, &["reason"]).unwrap();
    m.prometheus_registry().register(Box::new(other.clone())).unwrap();
    other.with_label_values(&["nonce_reused"]).inc();
    let labels = [("reason", "nonce_reused"), ("service", "b")];
    assert_eq!(m.sample("caracal_gateway_replay_blocks_total", &labels), Some(1.0));
}

#[test]
fn two_registries_are_independent() {
    let (a, b) = (MetricsRegistry::new(), MetricsRegistry::new());
    a.record_degraded_mode_request();
    let _in_flight = b.track_gateway_request_in_flight();
    for (m, degraded, in_flight) in [(&a, 1.0, 0.0), (&b, 0.0, 1.0)] {
        assert_eq!(m.sample("caracal_gateway_degraded_mode_requests_total", &[]), Some(degraded));
        assert_eq!(m.sample("caracal_gateway_requests_in_flight", &[]), Some(in_flight));
    }
}

#[test]
fn a_second_registry_on_one_prometheus_registry_is_refused() {
    let mine = Registry::new();
    let first = MetricsRegistry::builder().registry(mine.clone()).build().unwrap();
    let refused = MetricsRegistry::builder().registry(mine.clone()).build().unwrap_err();
    assert!(
        matches!(&refused, BuildError::NameTaken { name } if name.starts_with("caracal_")),
        "{refused}"
    );
    first.record_degraded_mode_request();
    assert_eq!(
        encode(&mine).matches("\ncaracal_gateway_degraded_mode_requests_total 1").count(),
        1
    );
}

/// The user has a family with one of our names, with and without series, before our families are attached.
#[test]
fn a_refused_attachment_leaves_nothing_behind() {
    for const_labels in [false, true] {
        for with_series in [false, true] {
            let mine = Registry::new();
            let taken = Opts::new("caracal_replay_taken_total", "Mine");
            let taken = Opts { name: "caracal_gateway_replay_blocks_total".into(), ..taken };
            let taken = IntCounterVec::new(taken, &["other"]).unwrap();
            mine.register(Box::new(taken.clone())).unwrap();
            if with_series {
                taken.with_label_values(&["x"]).inc();
            }
            let before = encode(&mine);
            let mut builder = MetricsRegistry::builder().registry(mine.clone());
            if const_labels {
                builder = builder.const_label("service", "gateway");
            }
            let refused = builder.clone().build().unwrap_err();
            let name = "caracal_gateway_replay_blocks_total".to_owned();
            assert_eq!(refused, BuildError::NameTaken { name });
            assert_eq!(encode(&mine), before);

            // All other names of ours are still free for the user, with any help and labels.
            let own = caracal_metrics_core::REGISTRY_FAMILIES;
            for family in caracal_metrics_core::catalogue::families().chain(own) {
                let name = format!("caracal_{}", family.name);
                if name == "caracal_gateway_replay_blocks_total" {
                    continue;
                }
                let theirs = IntCounterVec::new(Opts::new(&name, "Theirs"), &["theirs"]).unwrap();
                mine.register(Box::new(theirs.clone())).unwrap_or_else(|e| panic!("{name}: {e}"));
                mine.unregister(Box::new(theirs)).unwrap();
            }
        }
    }
}

#[test]
fn a_refused_attachment_works_after_the_clash_is_removed() {
    let mine = Registry::new();
    let help = "Total number of requests processed in degraded mode (using cached policies)";
    let taken = IntCounter::new("caracal_gateway_degraded_mode_requests_total", help).unwrap();
    mine.register(Box::new(taken.clone())).unwrap();
    assert!(MetricsRegistry::builder().registry(mine.clone()).build().is_err());
    mine.unregister(Box::new(taken)).unwrap();
    let m = MetricsRegistry::builder().registry(mine).build().unwrap();
    m.record_degraded_mode_request();
    assert_eq!(m.sample("caracal_gateway_degraded_mode_requests_total", &[]), Some(1.0));
}

/// Derives its own metric from ours.
struct Derived {
    from: MetricsRegistry,
    hits: Gauge,
}

impl Collector for Derived {
    fn desc(&self) -> Vec<&prometheus::core::Desc> {
        self.hits.desc()
    }

    fn collect(&self) -> Vec<prometheus::proto::MetricFamily> {
        let ours = self.from.sample("caracal_policy_cache_hits_total", &[]);
        assert_eq!(
            self.from.sample("app_before_total", &[]),
            None,
            "the user's collectors are not called again"
        );
        self.hits.set(ours.expect("it exists from the start"));
        self.hits.collect()
    }
}

#[test]
fn a_collector_may_read_our_metrics() {
    let mine = Registry::new();
    mine.register(Box::new(IntCounter::new("app_before_total", "Theirs").unwrap())).unwrap();
    let m = MetricsRegistry::builder().registry(mine.clone()).build().unwrap();
    let hits = Gauge::new("app_hits", "Derived").unwrap();
    m.register(Box::new(Derived { from: m.clone(), hits })).unwrap();
    m.record_policy_cache_hit();
    let page = parse(&m.generate_metrics());
    assert_eq!(value(&page, "app_hits", &[]), 1.0);
    assert_eq!(value(&page, "app_before_total", &[]), 0.0);
    assert_eq!(m.sample("app_hits", &[]), Some(1.0));
}

/// What it reads does not exist yet.
struct NotReady(IntCounter);

impl Collector for NotReady {
    fn desc(&self) -> Vec<&prometheus::core::Desc> {
        self.0.desc()
    }

    fn collect(&self) -> Vec<prometheus::proto::MetricFamily> {
        panic!("deliberate: the collector is not ready")
    }
}

#[test]
fn a_collector_that_panics_does_not_keep_a_registry_from_being_attached() {
    let mine = Registry::new();
    let counter = IntCounter::new("app_total", "Theirs").unwrap();
    mine.register(Box::new(NotReady(counter))).unwrap();
    // Printing the panic can take longer than a second on a busy machine.
    let patient = MetricsRegistry::builder().collection_timeout(Duration::from_mins(1));
    let m = patient.registry(mine).build().unwrap();
    assert_eq!(m.sample("caracal_metrics_collection_errors_total", &[]), Some(1.0));
}

/// `le` and `quantile` are numbers only in the samples of histograms and summaries. In other families, they are
/// labels of the user with text values.
#[test]
fn label_values_of_the_user_are_never_rewritten() {
    let m = MetricsRegistry::new();
    let latency = GaugeVec::new(Opts::new("app_latency", "Computed elsewhere"), &["quantile"]);
    let latency = latency.unwrap();
    let shoes = IntCounterVec::new(Opts::new("app_shoes_total", "Sold"), &["le"]).unwrap();
    m.prometheus_registry().register(Box::new(latency.clone())).unwrap();
    m.prometheus_registry().register(Box::new(shoes.clone())).unwrap();
    let values = ["0.50", "0.5", "1", "1.0", "1000000", "nan", "inf", "+Inf", "1e3", ""];
    for (index, value) in (1_u8..).zip(values) {
        latency.with_label_values(&[value]).set(f64::from(index));
        shoes.with_label_values(&[value]).inc_by(index.into());
    }
    for (index, value) in (1_u8..).zip(values) {
        for page in [parse(&m.generate_metrics()), open_metrics_as_text(&m)] {
            let index = f64::from(index);
            assert_eq!(support::value(&page, "app_latency", &[("quantile", value)]), index);
            assert_eq!(support::value(&page, "app_shoes_total", &[("le", value)]), index);
        }
        assert_eq!(m.sample("app_latency", &[("quantile", value)]), Some(index.into()));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// For any label in any kind of family, the page shows the given value.
    #[test]
    fn any_label_value_reads_back(
        name in proptest::sample::select(vec!["le", "quantile", "version"]),
        value in prop_oneof![any::<String>(), any::<f64>().prop_map(|v| v.to_string()), "[0-9]{1,3}\\.[0-9]0"],
        histogram: bool,
    ) {
        // The `prometheus` crate has no histogram with a label `le`.
        prop_assume!(!(histogram && name == "le"));
        let m = MetricsRegistry::new();
        if histogram {
            let opts = HistogramOpts::new("app_seconds", "Took").buckets(vec![1.0]);
            let vec = HistogramVec::new(opts, &[name]).unwrap();
            vec.with_label_values(&[&value]).observe(0.5);
            m.prometheus_registry().register(Box::new(vec)).unwrap();
        } else {
            let vec = GaugeVec::new(Opts::new("app_level", "Level"), &[name]).unwrap();
            vec.with_label_values(&[&value]).set(1.0);
            m.prometheus_registry().register(Box::new(vec)).unwrap();
        }
        for page in [parse(&m.generate_metrics()), open_metrics_as_text(&m)] {
            if histogram {
                let labels = [(name, value.as_str()), ("le", "1.0")];
                prop_assert_eq!(support::value(&page, "app_seconds_bucket", &labels), 1.0);
                prop_assert_eq!(support::value(&page, "app_seconds_sum", &labels[..1]), 0.5);
            } else {
                prop_assert_eq!(support::value(&page, "app_level", &[(name, &value)]), 1.0);
            }
        }
    }
}

/// Returns the families of the OpenMetrics page with the names of the text format 0.0.4, read by the strict
/// reader.
fn open_metrics_as_text(
    m: &MetricsRegistry,
) -> std::collections::BTreeMap<String, support::Family> {
    let mut page = Vec::new();
    m.encode(Format::OpenMetrics, &mut page);
    support::open_metrics::parse(&page)
}
