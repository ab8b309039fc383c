//! Families that are declared at run time, in which each series has its own labels.

mod support;

use std::thread;
use std::time::Duration;

use caracal_metrics_core::adapter::{RuntimeFamily, RuntimeMetric};
use caracal_metrics_core::{
    Counter, DurationHistogram, Family, FamilyError, FloatCounter, FloatGauge, Format, Gauge,
    Histogram, MetricsRegistry, labels,
};
use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;
use prometheus::{IntCounter, TextEncoder};
use support::{open_metrics, parse};

labels! { struct Queue<'a> { queue: &'a str } }

static JOBS: Family<Counter, Queue<'_>> = Family::counter("jobs_total", "Jobs.");

fn counter(metrics: &MetricsRegistry, name: &str) -> RuntimeMetric<Counter> {
    metrics.runtime_family(RuntimeFamily::<Counter>::counter(name, "Help.")).unwrap()
}

fn page(metrics: &MetricsRegistry, format: Format) -> Vec<u8> {
    let mut page = Vec::new();
    metrics.encode(format, &mut page);
    page
}

/// Records into all kinds of families, with and without labels.
fn record_all(metrics: &MetricsRegistry) {
    let labels: [&[(&str, &str)]; 3] = [&[], &[("b", "x"), ("a", "\"\\\n\0\u{1}é")], &[("c", "y")]];
    macro_rules! record {
        ($family:expr, $record:expr) => {
            let metric = metrics.runtime_family($family).unwrap();
            for labels in labels {
                $record(metric.with(labels).unwrap());
            }
        };
    }
    record!(RuntimeFamily::<Counter>::counter("r_counter_total", "A."), |c: Counter| c.inc());
    record!(
        RuntimeFamily::<FloatCounter>::float_counter("r_bytes_total", "B.").unit("bytes"),
        |c: FloatCounter| c.inc_by(0.5)
    );
    record!(RuntimeFamily::<Gauge>::gauge("r_gauge", "C."), |g: Gauge| g.set(-3));
    record!(RuntimeFamily::<FloatGauge>::float_gauge("r_ratio", "D."), |g: FloatGauge| g.set(0.25));
    record!(
        RuntimeFamily::<DurationHistogram>::duration_histogram("r_wait_seconds", "E.")
            .buckets(&[Duration::from_millis(5), Duration::from_secs(1)]),
        |h: DurationHistogram| h.observe(Duration::from_millis(7))
    );
    record!(
        RuntimeFamily::<Histogram>::histogram("r_size", "F.").buckets(&[1.0, 2.0]),
        |h: Histogram| h.observe_many(1.5, 4)
    );
}

#[test]
fn every_kind_is_on_the_page_in_every_format() {
    let metrics = MetricsRegistry::builder().const_label("region", "eu").build().unwrap();
    record_all(&metrics);
    let text = parse(&page(&metrics, Format::Text));
    let value = |family: &str, sample: &str, labels: &[(&str, &str)]| {
        text[family].samples[&(sample.to_owned(), support::labels(labels))]
    };
    let region = ("region", "eu");
    let odd = [("a", "\"\\\n\0\u{1}é"), ("b", "x"), region];
    for labels in [&[region][..], &odd, &[("c", "y"), region]] {
        assert_eq!(value("r_counter_total", "r_counter_total", labels), 1.0);
        assert_eq!(value("r_bytes_total", "r_bytes_total", labels), 0.5);
        assert_eq!(value("r_gauge", "r_gauge", labels), -3.0);
        assert_eq!(value("r_ratio", "r_ratio", labels), 0.25);
        assert_eq!(value("r_wait_seconds", "r_wait_seconds_sum", labels), 0.007);
        assert_eq!(value("r_size", "r_size_count", labels), 4.0);
        assert_eq!(value("r_size", "r_size_sum", labels), 6.0);
    }
    let open_metrics = open_metrics::parse(&page(&metrics, Format::OpenMetrics));
    let all = |page: &std::collections::BTreeMap<String, support::Family>| -> usize {
        page.values().map(|family| family.samples.len()).sum()
    };
    assert_eq!(all(&open_metrics), all(&text));

    // A registry of the user gathers this.
    let gathered = TextEncoder::new().encode_to_string(&metrics.prometheus_registry().gather());
    let gathered = parse(gathered.unwrap().as_bytes());
    assert_eq!(all(&gathered), all(&text));
}

#[cfg(feature = "protobuf")]
#[test]
fn protobuf_has_the_labels_of_each_series() {
    let metrics = MetricsRegistry::new();
    record_all(&metrics);
    let page = page(&metrics, Format::Protobuf);
    let pair = |name: &str, value: &str| {
        let field = |number: u8, text: &str| {
            [&[number << 3 | 2, text.len() as u8], text.as_bytes()].concat()
        };
        field(1, &String::from_utf8([field(1, name), field(2, value)].concat()).unwrap())
    };
    // Sorted by name, in one message.
    let labels = [pair("a", "\"\\\n\0\u{1}é"), pair("b", "x")].concat();
    let times = page.windows(labels.len()).filter(|window| *window == labels).count();
    assert_eq!(times, 6, "once for each family");
}

#[test]
fn the_same_declaration_gives_the_same_series() {
    let metrics = MetricsRegistry::new();
    counter(&metrics, "jobs_total").with(&[("b", "2"), ("a", "1")]).unwrap().inc();
    counter(&metrics, "jobs_total").with(&[("a", "1"), ("b", "2"), ("c", "")]).unwrap().inc();
    assert_eq!(metrics.sample("jobs_total", &[("a", "1"), ("b", "2")]), Some(2.0));
    // The help text can be replaced once.
    let jobs = counter(&metrics, "jobs_total");
    for help in ["", "First.", "Second."] {
        jobs.describe(help);
    }
    let page = String::from_utf8(metrics.generate_metrics()).unwrap();
    assert!(page.contains("# HELP jobs_total First.\n"), "{page}");
    assert!(
        metrics.runtime_family(RuntimeFamily::<Counter>::counter("jobs_total", "Help.")).is_ok()
    );
}

#[test]
fn refused_declarations_name_both_sides() {
    let metrics = MetricsRegistry::new();
    metrics.family(&JOBS).unwrap();
    record_all(&metrics);
    let before = metrics.generate_metrics();
    let counter = |name: &str| {
        let family = RuntimeFamily::<Counter>::counter(name, "Help.");
        metrics.runtime_family(family).err().map(|error| error.to_string())
    };
    let gauge = |name: &str| {
        let family = RuntimeFamily::<Gauge>::gauge(name, "Help.");
        metrics.runtime_family(family).err().map(|error| error.to_string())
    };
    for (error, parts) in [
        (
            counter("jobs_total"),
            &["\"jobs_total\"", "the help \"Jobs.\"", "the help \"Help.\""][..],
        ),
        (counter("jobs"), &["\"jobs\"", "\"_total\"", "rename it"]),
        (counter("a.b_total"), &["\"a.b_total\"", "use letters"]),
        (gauge("jobs"), &["\"jobs\"", "\"jobs_total\"", "rename one of them"]),
        (gauge("r_size_count"), &["\"r_size_count\"", "\"r_size\"", "rename one of them"]),
        (gauge("r_counter_total"), &["\"r_counter_total\"", "the type Counter", "the type Gauge"]),
    ] {
        let error = error.expect("it was registered");
        assert!(parts.iter().all(|part| error.contains(part)), "{error}");
    }
    let error = metrics.runtime_family(RuntimeFamily::<Counter>::counter("jobs_total", "Jobs."));
    let error = error.unwrap_err().to_string();
    assert!(error.contains("[queue]") && error.contains("from series to series"), "{error}");
    let histogram = RuntimeFamily::<Histogram>::histogram("h", "H.").buckets(&[2.0, 1.0]);
    assert!(matches!(histogram.check_buckets(), Err(FamilyError::InvalidBound { .. })));
    assert!(matches!(metrics.runtime_family(histogram), Err(FamilyError::InvalidBound { .. })));
    assert_eq!(metrics.generate_metrics(), before);
}

#[test]
fn refused_labels_name_both_sides() {
    let builder = MetricsRegistry::builder().const_label("region", "eu").aggregate_label("tenant");
    let metrics = builder.max_label_value_bytes(64).build().unwrap();
    let jobs = counter(&metrics, "jobs_total");
    let long = "a".repeat(65);
    let many: Vec<_> = (0..65).map(|n| format!("label_{n}")).collect();
    let many: Vec<_> = many.iter().map(|name| (&**name, "x")).collect();
    let before = metrics.generate_metrics();
    for (labels, parts) in [
        (&[("region", "us")][..], &["\"region\"", "constant", "rename one of them"][..]),
        (&[("le", "1")], &["\"le\"", "reserved", "rename it"]),
        (&[("a.b", "1")], &["\"a.b\"", "use letters"]),
        (&[("__name__", "1")], &["\"__name__\"", "two underscores"]),
        (&[("a", "1"), ("b", "2"), ("a", "3")], &["\"a\" twice", "rename one of them"]),
        (&[(&*long, "1")], &["65 bytes", "64 are allowed", "shorten it"]),
        (&many, &["65 labels", "64 are allowed", "leave some out"]),
    ] {
        let error = jobs.with(labels).unwrap_err().to_string();
        assert!(error.contains("\"jobs_total\""), "{error}");
        assert!(parts.iter().all(|part| error.contains(part)), "{error}");
    }
    let gauge = metrics.runtime_family(RuntimeFamily::<Gauge>::gauge("depth", "D.")).unwrap();
    let error = gauge.with(&[("tenant", "acme")]).unwrap_err();
    assert!(matches!(error, FamilyError::AggregatedGauge { .. }), "{error}");
    assert_eq!(metrics.generate_metrics(), before);
}

#[test]
fn beyond_the_limit_the_label_names_stay() {
    let metrics = MetricsRegistry::builder().max_series_per_family(2).build().unwrap();
    let jobs = counter(&metrics, "jobs_total");
    for tenant in ["a", "b", "c", "d"] {
        jobs.with(&[("tenant", tenant), ("queue", "mail")]).unwrap().inc();
    }
    let aggregated = [("queue", "aggregated"), ("tenant", "aggregated")];
    assert_eq!(metrics.sample("jobs_total", &aggregated), Some(2.0));
    let limited = |metrics: &MetricsRegistry| {
        metrics.sample("caracal_metrics_series_limited_total", &[("metric", "jobs_total")])
    };
    assert_eq!(limited(&metrics), Some(2.0));
    // The total of one label set does not determine the sum of several.
    jobs.with(&[("tenant", "e"), ("queue", "mail")]).unwrap().raise_to(1000);
    assert_eq!(metrics.sample("jobs_total", &aggregated), Some(2.0));
    assert_eq!(limited(&metrics), Some(3.0));
}

#[test]
fn threads_that_declare_the_same_family_share_it() {
    let metrics = MetricsRegistry::new();
    thread::scope(|threads| {
        for _ in 0..4 {
            threads.spawn(|| {
                for n in 0..50 {
                    counter(&metrics, &format!("jobs_{n}_total"))
                        .with(&[("a", "b")])
                        .unwrap()
                        .inc();
                }
            });
        }
    });
    for n in 0..50 {
        let name = format!("jobs_{n}_total");
        assert_eq!(metrics.sample(&name, &[("a", "b")]), Some(4.0), "{name}");
    }
}

/// Declares a family while it is being collected.
struct Declares {
    counter: IntCounter,
    metrics: MetricsRegistry,
}

impl Collector for Declares {
    fn desc(&self) -> Vec<&Desc> {
        self.counter.desc()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        counter(&self.metrics, "declared_total").with(&[]).unwrap().inc();
        self.counter.collect()
    }
}

#[test]
fn a_collector_may_declare_a_family_while_it_is_collected_from() {
    let metrics = MetricsRegistry::new();
    let app = IntCounter::new("app_total", "App.").unwrap();
    let collector = Declares { counter: app, metrics: metrics.clone() };
    metrics.prometheus_registry().register(Box::new(collector)).unwrap();
    // A family that is declared as a constant would wait for the gathering of which it is a part.
    metrics.prometheus_registry().gather();
    let page = String::from_utf8(metrics.generate_metrics()).unwrap();
    assert!(page.contains("\napp_total 0\n"), "{page}");
    assert!(metrics.sample("declared_total", &[]).is_some_and(|declared| declared >= 2.0));
    assert_eq!(metrics.sample("caracal_metrics_collection_errors_total", &[]), Some(0.0));
}
