//! Protobuf, read by an independent decoder: the families and samples are the same as in the text format 0.0.4.

#[path = "support/model.rs"]
mod model;
mod support;

use std::collections::BTreeMap;
use std::time::Duration;

use caracal_metrics_core::adapter::{InstanceKind, Sampled};
use caracal_metrics_core::catalogue::{BreakerName, CIRCUIT_BREAKER_FAILURES};
use caracal_metrics_core::{
    CircuitBreakerState, DatabaseOperationType, Exemplar, Family as Declared, FloatCounter,
    FloatGauge, Format, Gauge as OwnGauge, Histogram as OwnHistogram, Method, MetricsRegistry,
    PolicyDecisionType, QueryStatus, labels,
};
use model::decode;
use prometheus::{
    CounterVec, Gauge, Histogram, HistogramOpts, HistogramVec, Opts,
    core::{Collector, Desc},
    proto::{self, MetricFamily},
};
use support::{Family, Labels, parse};

labels! { struct Route<'a> { route: &'a str, method: Method, zone: Option<&'a str> } }

static TRAFFIC: Declared<FloatCounter, Route<'_>> =
    Declared::float_counter("app_traffic_kilobytes_total", "Traffic").unit("kilobytes");
static RATIO: Declared<FloatGauge, Route<'_>> = Declared::float_gauge("app_ratio", "Ratio");
static BUSY: Declared<OwnGauge> = Declared::gauge("app_busy", "Busy");
static SIZE: Declared<OwnHistogram, Route<'_>> =
    Declared::histogram("app_size_kilobytes", "Sizes").buckets(&[-1.5, 0.0, 2.0]);

fn text(m: &MetricsRegistry) -> BTreeMap<String, Family> {
    parse(&m.generate_metrics())
}

fn bound(value: f64) -> String {
    if value == f64::INFINITY { "+Inf".to_owned() } else { format!("{value:?}") }
}

/// Returns the samples of the family in the text format 0.0.4.
fn samples(family: &model::MetricFamily) -> Family {
    let kind = ["counter", "gauge", "summary", "untyped", "histogram"]
        [usize::try_from(family.kind).unwrap()];
    let mut samples = BTreeMap::new();
    for metric in &family.metric {
        let labels: Labels =
            metric.label.iter().map(|pair| (pair.name.clone(), pair.value.clone())).collect();
        let mut add = |suffix: &str, step: Option<(&str, f64)>, value: f64| {
            let mut labels = labels.clone();
            labels.extend(step.map(|(name, step)| (name.to_owned(), bound(step))));
            let twice = samples.insert((format!("{}{suffix}", family.name), labels), value);
            assert!(twice.is_none(), "{metric:?}");
        };
        let one = metric.counter.as_ref().or(metric.gauge.as_ref());
        assert_eq!(metric.counter.is_some(), kind == "counter");
        assert_eq!(metric.gauge.is_some(), kind == "gauge");
        if let Some(one) = one {
            add("", None, one.value.expect("0 is written, too"));
        }
        if let Some(histogram) = &metric.histogram {
            for bucket in &histogram.bucket {
                add("_bucket", Some(("le", bucket.upper_bound)), bucket.cumulative_count as f64);
            }
            add("_sum", None, histogram.sample_sum);
            add("_count", None, histogram.sample_count as f64);
        }
        if let Some(summary) = &metric.summary {
            for quantile in &summary.quantile {
                add("", Some(("quantile", quantile.quantile)), quantile.value);
            }
            add("_sum", None, summary.sample_sum);
            add("_count", None, summary.sample_count as f64);
        }
    }
    Family { kind: kind.to_owned(), help: family.help.clone(), samples }
}

fn assert_same(m: &MetricsRegistry) {
    let decoded: BTreeMap<_, _> =
        decode(m, &[]).iter().map(|family| (family.name.clone(), samples(family))).collect();
    let text = text(m);
    assert!(decoded.keys().eq(text.keys()), "{:?} {:?}", decoded.keys(), text.keys());
    for (name, family) in &text {
        // This compares text, because NaN does not equal NaN.
        assert_eq!(format!("{:?}", decoded[name]), format!("{family:?}"));
    }
}

/// The `prometheus` crate has no summary that can be registered, but it can gather one.
struct Summaries(Desc);

impl Collector for Summaries {
    fn desc(&self) -> Vec<&Desc> {
        vec![&self.0]
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let mut quantile = proto::Quantile::default();
        quantile.set_quantile(0.5);
        quantile.set_value(2.5);
        let mut summary = proto::Summary::default();
        summary.set_sample_count(3);
        summary.set_sample_sum(7.5);
        summary.set_quantile(vec![quantile]);
        let mut metric = proto::Metric::from_label(vec![]);
        metric.set_summary(summary);
        let mut family = MetricFamily::default();
        family.set_name("app_summary".to_owned());
        family.set_help("A summary".to_owned());
        family.set_field_type(proto::MetricType::SUMMARY);
        family.set_metric(vec![metric]);
        vec![family]
    }
}

#[test]
fn the_same_samples_as_in_text() {
    let m = MetricsRegistry::builder().const_label("service", "a\"b\\c\nd").build().unwrap();
    assert_same(&m);
    m.record_gateway_request("GET", 200, "jwt", Duration::from_millis(7));
    m.record_gateway_request("BREW", 999, "\u{1f980}\"", Duration::from_nanos(1));
    // A float can't represent this exactly: text has all digits, and protobuf is rounded once.
    let longest = Duration::from_nanos(9_007_199_254_740_993);
    m.record_gateway_request("GET", 200, "jwt", longest);
    m.record_database_query(DatabaseOperationType::Select, "agents", QueryStatus::Error, longest);
    m.record_policy_evaluation(PolicyDecisionType::Denied, &"a".repeat(1_000), longest);
    m.set_policy_cache_size(u64::MAX);
    m.set_circuit_breaker_state("database", CircuitBreakerState::HalfOpen);
    let route = Route { route: "/agents/{id}", method: Method::new("GET"), zone: None };
    let (traffic, ratio) = (m.family(&TRAFFIC).unwrap(), m.family(&RATIO).unwrap());
    traffic.inc_by(route, 0.1);
    traffic.inc_by(Route { zone: Some("eu"), ..route }, 1e300);
    ratio.set(route, f64::NAN);
    ratio.set(Route { zone: Some("eu"), ..route }, -0.25);
    let busy = m.family(&BUSY).unwrap();
    busy.set(-3);
    drop(busy.track());
    let size = m.family(&SIZE).unwrap();
    for value in [-2.0, -1.5, 0.0, 1.0, 5e9] {
        size.observe(route, value);
    }

    let register = |collector| m.register(collector).unwrap();
    let counter =
        CounterVec::new(Opts::new("app_jobs", "Jobs \\ \n \"x\""), &["kind", "le"]).unwrap();
    counter.with_label_values(&["a\"b", "c,d=\"e\"}"]).inc_by(2.5);
    counter.with_label_values(&["", ""]).inc();
    register(Box::new(counter));
    let gauge = Gauge::with_opts(Opts::new("app_level", "Level")).unwrap();
    gauge.set(f64::NEG_INFINITY);
    register(Box::new(gauge));
    let histogram = HistogramOpts::new("app_seconds", "Took").buckets(vec![0.5, 1.0]);
    let histogram = Histogram::with_opts(histogram.const_label("zone", "eu")).unwrap();
    histogram.observe(0.75);
    histogram.observe(1e300);
    register(Box::new(histogram));
    let summary = Desc::new("app_summary".into(), "A summary".into(), vec![], [].into());
    register(Box::new(Summaries(summary.unwrap())));
    assert_same(&m);
}

#[test]
fn a_family_with_the_users_samples_is_one_message() {
    let m = MetricsRegistry::builder().const_label("service", "a").build().unwrap();
    m.record_replay_block("nonce_reused");
    let opts = Opts::new(
        "caracal_gateway_replay_blocks_total",
        "Total number of requests blocked by replay protection",
    );
    let theirs = CounterVec::new(opts.const_label("service", "b"), &["reason"]).unwrap();
    theirs.with_label_values(&["expired"]).inc();
    m.register(Box::new(theirs)).unwrap();
    let families = decode(&m, &["caracal_gateway_replay_blocks_total"]);
    assert_eq!(families.len(), 1);
    assert_eq!(families[0].metric.len(), 2);
}

/// Both feed the same label set. The series between others has two cells.
#[test]
fn a_series_of_recorders_and_of_an_instance_is_one_message() {
    let m = MetricsRegistry::new();
    for name in ["cache", "db", "queue"] {
        m.record_circuit_breaker_failure(name);
    }
    let kind = InstanceKind::new("circuit breaker");
    let mut builder = m.attach(kind, Some("db")).unwrap();
    let failures = builder.series(&CIRCUIT_BREAKER_FAILURES, BreakerName { name: "db" }).unwrap();
    let _instance = builder.on_scrape(|_| Sampled::Live);
    failures.inc_by(4);
    let families = decode(&m, &["caracal_circuit_breaker_failures_total"]);
    let counts: Vec<_> = families[0]
        .metric
        .iter()
        .map(|metric| (&*metric.label[0].value, metric.counter.as_ref().and_then(|one| one.value)))
        .collect();
    assert_eq!(counts, [("cache", Some(1.0)), ("db", Some(5.0)), ("queue", Some(1.0))]);
    assert_same(&m);
}

/// client_golang writes them in this order, and Prometheus stores them in it.
#[test]
fn the_labels_of_a_series_are_sorted_by_name() {
    let m = MetricsRegistry::builder().const_label("a_first", "x").build().unwrap();
    m.record_gateway_request("GET", 200, "jwt", Duration::from_millis(7));
    m.record_database_query(
        DatabaseOperationType::Select,
        "agents",
        QueryStatus::Success,
        Duration::from_millis(7),
    );
    let mine = CounterVec::new(Opts::new("app_jobs_total", "Jobs"), &["zone", "kind"]).unwrap();
    mine.with_label_values(&["eu", "mail"]).inc();
    m.register(Box::new(mine)).unwrap();
    let mine = HistogramOpts::new("app_seconds", "Took").const_label("zone", "eu");
    let mine = HistogramVec::new(mine.buckets(vec![0.5]), &["kind"]).unwrap();
    mine.with_label_values(&["mail"]).observe(1.0);
    m.register(Box::new(mine)).unwrap();
    let mut most = 0;
    for family in decode(&m, &[]) {
        for metric in &family.metric {
            let names: Vec<_> = metric.label.iter().map(|pair| pair.name.as_str()).collect();
            assert!(names.is_sorted(), "{}: {names:?}", family.name);
            most = most.max(names.len());
        }
    }
    assert_eq!(most, 4, "a request has three labels and the constant one");
    assert_same(&m);
}

#[test]
fn units_and_exemplars() {
    let m = MetricsRegistry::new();
    let exemplar = Exemplar::new(&[("trace_id", "a\"b"), ("span_id", "c")]).unwrap();
    let slow = Duration::from_millis(90_500);
    m.record_gateway_request_with_exemplar("GET", 200, "jwt", slow, &exemplar);
    let families =
        decode(&m, &["caracal_gateway_request_duration_seconds", "caracal_policy_cache_size"]);
    assert_eq!(families[0].unit, "seconds");
    assert_eq!(families[1].unit, "");
    let buckets = &families[0].metric[0].histogram.as_ref().unwrap().bucket;
    let (last, others) = buckets.split_last().unwrap();
    assert!(others.iter().all(|bucket| bucket.exemplar.is_none()));
    let exemplar = last.exemplar.as_ref().unwrap();
    assert_eq!(exemplar.value, 90.5);
    let labels: Vec<_> =
        exemplar.label.iter().map(|l| (l.name.as_str(), l.value.as_str())).collect();
    assert_eq!(labels, [("trace_id", "a\"b"), ("span_id", "c")]);
    assert!(exemplar.timestamp.as_ref().unwrap().seconds > 1_500_000_000);

    m.record_gateway_request_with_exemplar("GET", 200, "jwt", slow, &Exemplar::trace(0xab));
    let families = decode(&m, &["caracal_gateway_request_duration_seconds"]);
    let last = families[0].metric[0].histogram.as_ref().unwrap().bucket.last().unwrap();
    let labels = &last.exemplar.as_ref().unwrap().label;
    let labels: Vec<_> = labels.iter().map(|l| (l.name.as_str(), l.value.as_str())).collect();
    assert_eq!(labels, [("trace_id", "000000000000000000000000000000ab")]);
}

#[test]
fn only_clients_that_name_protobuf_get_it() {
    const NAMED: &str = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited";
    for (accept, expected) in [
        (NAMED.to_owned(), Format::Protobuf),
        // Prometheus 2.42 with native histograms.
        (
            format!(
                "{NAMED},application/openmetrics-text;version=1.0.0;q=0.8,\
                 application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
            ),
            Format::Protobuf,
        ),
        (format!("{NAMED};q=0"), Format::Text),
        (format!("{NAMED};q=0.5, text/plain;q=0.6"), Format::Text),
        // Equal qualities give the same result as without the feature.
        (format!("{NAMED}, application/openmetrics-text"), Format::OpenMetrics),
        (format!("{NAMED}, text/plain"), Format::Text),
        ("application/vnd.google.protobuf".to_owned(), Format::Text),
        ("application/vnd.google.protobuf;encoding=delimited".to_owned(), Format::Text),
        (NAMED.replace("delimited", "text"), Format::Text),
        (NAMED.replace("MetricFamily", "Other"), Format::Text),
        (
            format!(
                "{}, application/openmetrics-text;q=0",
                NAMED.replace("vnd.google.protobuf", "*")
            ),
            Format::Text,
        ),
        (NAMED.replace("application/vnd.google.protobuf", "*/*"), Format::Text),
        ("application/*".to_owned(), Format::OpenMetrics),
        ("text/plain;q=0, application/openmetrics-text;q=0, */*".to_owned(), Format::Text),
    ] {
        assert_eq!(Format::negotiate(&accept), expected, "{accept}");
    }
    assert_eq!(
        Format::Protobuf.content_type(),
        "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"
    );
}
