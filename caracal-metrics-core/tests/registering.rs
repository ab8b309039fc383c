//! Clashing names are refused as soon as they are known: when a registry is attached, or when a collector is
//! registered.

mod support;

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use caracal_metrics_core::{
    BuildError, Counter, Family, FamilyError, MetricsRegistry, RegisterError,
};
use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;
use prometheus::{
    Histogram, HistogramOpts, HistogramVec, IntCounter, IntGauge, IntGaugeVec, Opts, Registry,
};
use support::parse;

static CACHE_REMOVALS: Family<Counter> =
    Family::counter("cache_removals_total", "Removals").namespaced().shown_once_used();

fn gauge(name: &str) -> Box<dyn Collector> {
    Box::new(IntGauge::new(name, "Goes up and down").unwrap())
}

fn counter(name: &str) -> Box<dyn Collector> {
    Box::new(IntCounter::new(name, "Counts").unwrap())
}

fn histogram(name: &str) -> Box<dyn Collector> {
    Box::new(Histogram::with_opts(HistogramOpts::new(name, "Observes")).unwrap())
}

fn name_clash(name: &str, other: &str, shared: &str) -> RegisterError {
    let [name, other, shared] = [name, other, shared].map(str::to_owned);
    RegisterError::NameClash { name, other, shared }
}

#[test]
fn a_registry_with_one_of_our_names_is_refused() {
    let cases: [(Box<dyn Collector>, &str, &str, &str); 6] = [
        // The samples of a histogram, with and without a series of the user.
        (
            gauge("caracal_gateway_request_duration_seconds_count"),
            "caracal_gateway_request_duration_seconds_count",
            "caracal_gateway_request_duration_seconds",
            "caracal_gateway_request_duration_seconds_count",
        ),
        (
            Box::new(
                IntGaugeVec::new(
                    Opts::new("caracal_policy_evaluation_duration_seconds_bucket", "No series"),
                    &["le"],
                )
                .unwrap(),
            ),
            "caracal_policy_evaluation_duration_seconds_bucket",
            "caracal_policy_evaluation_duration_seconds",
            "caracal_policy_evaluation_duration_seconds_bucket",
        ),
        // The names of a counter in OpenMetrics.
        (
            gauge("caracal_gateway_requests"),
            "caracal_gateway_requests",
            "caracal_gateway_requests_total",
            "caracal_gateway_requests",
        ),
        (
            counter("caracal_gateway_requests_created"),
            "caracal_gateway_requests_created",
            "caracal_gateway_requests_total",
            "caracal_gateway_requests_created",
        ),
        // The families of the user have derived names, too.
        (
            histogram("caracal_gateway_requests"),
            "caracal_gateway_requests",
            "caracal_gateway_requests_total",
            "caracal_gateway_requests",
        ),
        (
            Box::new(
                IntGauge::with_opts(
                    Opts::new("caracal_policy_cache_hits", "Also where it has a constant label")
                        .const_label("region", "eu"),
                )
                .unwrap(),
            ),
            "caracal_policy_cache_hits",
            "caracal_policy_cache_hits_total",
            "caracal_policy_cache_hits",
        ),
    ];
    for (collector, name, other, shared) in cases {
        let mine = Registry::new();
        mine.register(collector).unwrap();
        let refused = MetricsRegistry::builder().registry(mine.clone()).build().unwrap_err();
        let [name, other, shared] = [name, other, shared].map(str::to_owned);
        assert_eq!(refused, BuildError::NameClash { name: name.clone(), other, shared });
        assert!(refused.to_string().ends_with(&format!(": rename {name:?}")), "{refused}");
        // Nothing of ours is left behind.
        mine.register(histogram("caracal_gateway_request_duration_seconds")).unwrap();
    }
}

#[test]
fn a_family_with_a_name_from_the_registry_is_refused() {
    let name = "caracal_cache_removals";
    let labelled = IntGauge::with_opts(Opts::new(name, "Labelled").const_label("region", "eu"));
    let theirs: [Box<dyn Collector>; 5] = [
        gauge(name),
        histogram(name),
        Box::new(labelled.unwrap()),
        counter("caracal_cache_removals_created"),
        counter("caracal_cache_removals_total"),
    ];
    for collector in theirs {
        let mine = Registry::new();
        mine.register(collector).unwrap();
        let m = MetricsRegistry::builder().registry(mine).build().unwrap();
        let before = m.generate_metrics();
        let refused = m.family(&CACHE_REMOVALS).unwrap_err();
        let name = "caracal_cache_removals_total".to_owned();
        assert_eq!(refused, FamilyError::NameInPrometheusRegistry { name });
        assert_eq!(m.generate_metrics(), before);
    }
}

#[test]
fn our_names_are_refused_afterwards() {
    let m = MetricsRegistry::new();
    m.family(&CACHE_REMOVALS).unwrap();
    for (name, other) in [
        (
            "caracal_gateway_request_duration_seconds_sum",
            "caracal_gateway_request_duration_seconds",
        ),
        ("caracal_gateway_requests_created", "caracal_gateway_requests_total"),
        ("caracal_policy_cache_hits", "caracal_policy_cache_hits_total"),
        // Names of a family that was registered later.
        ("caracal_cache_removals", "caracal_cache_removals_total"),
    ] {
        let refused = m.register(gauge(name)).unwrap_err();
        assert_eq!(refused, name_clash(name, other, name));
        assert_eq!(
            refused.to_string(),
            format!("{name:?} and {other:?} both need the name {name:?}: rename {name:?}")
        );
        assert!(m.prometheus_registry().register(gauge(name)).is_err(), "{name}");
    }
    assert!(matches!(
        m.register(counter("caracal_gateway_requests_total")).unwrap_err(),
        RegisterError::Refused { names, .. } if names == "caracal_gateway_requests_total"
    ));
    assert_eq!(m.sample("caracal_metrics_collection_errors_total", &[]), Some(0.0));
}

#[test]
fn a_collector_that_clashes_with_another_is_refused() {
    for suffix in ["_bucket", "_sum", "_count", "_created"] {
        let name = format!("job{suffix}");
        for through_us in [true, false] {
            let register = |m: &MetricsRegistry, collector: Box<dyn Collector>| {
                if through_us {
                    m.register(collector).unwrap();
                } else {
                    m.prometheus_registry().register(collector).unwrap();
                }
            };
            let m = MetricsRegistry::new();
            register(&m, histogram("job"));
            let refused = m.register(gauge(&name)).unwrap_err();
            assert_eq!(refused, name_clash(&name, "job", &name));

            // The same in the other order, and with a collector that has no series yet.
            let m = MetricsRegistry::new();
            register(&m, gauge(&name));
            assert_eq!(m.register(histogram("job")).unwrap_err(), name_clash("job", &name, &name));
            let vec = HistogramVec::new(HistogramOpts::new("job", "Observes"), &["kind"]).unwrap();
            assert_eq!(m.register(Box::new(vec)).unwrap_err(), name_clash("job", &name, &name));
            // A gauge with this name needs none of the names of its samples.
            m.register(gauge("job")).unwrap();
            let page = parse(&m.generate_metrics());
            assert!(page.contains_key("job") && page.contains_key(&name));
        }
    }
}

#[test]
fn constant_labels_do_not_matter() {
    let m = MetricsRegistry::new();
    let opts = HistogramOpts::new("job", "Observes").const_label("zone", "eu");
    m.register(Box::new(Histogram::with_opts(opts).unwrap())).unwrap();
    let opts = Opts::new("job_count", "Clashes").const_label("zone", "us");
    let gauge = IntGauge::with_opts(opts).unwrap();
    let refused = m.register(Box::new(gauge)).unwrap_err();
    assert_eq!(refused, name_clash("job_count", "job", "job_count"));
}

/// `prometheus` would gather both as one family with one type, and would read 0 for the series of the other
/// type.
#[test]
fn one_name_has_one_type() {
    let m = MetricsRegistry::new();
    let opts = |zone: &str| Opts::new("jobs", "Jobs").const_label("zone", zone);
    m.register(Box::new(IntGauge::with_opts(opts("eu")).unwrap())).unwrap();
    m.register(Box::new(IntGauge::with_opts(opts("us")).unwrap())).unwrap();
    let refused = m.register(Box::new(IntCounter::with_opts(opts("asia")).unwrap())).unwrap_err();
    let name = "jobs".to_owned();
    assert_eq!(refused, RegisterError::TypeClash { name, kind: "counter", other: "gauge" });

    let help = "Current number of policies in cache";
    let ours = Opts::new("caracal_policy_cache_size", help).const_label("zone", "eu");
    let refused = m.register(Box::new(IntCounter::with_opts(ours).unwrap())).unwrap_err();
    assert!(matches!(refused, RegisterError::TypeClash { kind: "counter", other: "gauge", .. }));
}

#[test]
fn refusals_by_prometheus_name_the_families() {
    let m = MetricsRegistry::new();
    m.register(counter("app_jobs_total")).unwrap();
    let refused = m.register(counter("app_jobs_total")).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "the prometheus registry refused the collector of app_jobs_total: Duplicate metrics \
         collector registration attempted"
    );
}

/// Counts how often it is read, and panics on request.
struct Counting {
    calls: Arc<AtomicUsize>,
    gauge: Box<dyn Collector>,
    panics: bool,
}

impl Collector for Counting {
    fn desc(&self) -> Vec<&Desc> {
        self.gauge.desc()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        self.calls.fetch_add(1, Relaxed);
        assert!(!self.panics, "deliberate: the collector is not ready");
        self.gauge.collect()
    }
}

/// A collector may be slow, or wait for something that its owner holds.
#[test]
fn a_collector_is_only_called_if_a_clash_is_possible() {
    let m = MetricsRegistry::new();
    let calls = Arc::new(AtomicUsize::new(0));
    let counting =
        |name, panics| Box::new(Counting { calls: Arc::clone(&calls), gauge: gauge(name), panics });
    m.register(counting("app_jobs", false)).unwrap();
    m.register(counting("app_queue", false)).unwrap();
    m.register(gauge("app_jobs_done")).unwrap();
    assert_eq!(calls.load(Relaxed), 0);
    // The type of a collector that is not ready is unknown. Pages find it out.
    m.register(counting("app_queue_count", true)).unwrap();
    assert!(calls.load(Relaxed) > 0);
}

/// Does not return until the other end is dropped.
struct Stuck(Box<dyn Collector>, Mutex<Receiver<()>>);

impl Collector for Stuck {
    fn desc(&self) -> Vec<&Desc> {
        self.0.desc()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let _ = self.1.lock().unwrap().recv();
        self.0.collect()
    }
}

#[test]
fn a_collector_that_does_not_return_does_not_block() {
    let timeout = Duration::from_millis(100);
    let m = MetricsRegistry::builder().collection_timeout(timeout).build().unwrap();
    let (open, wait) = channel();
    m.register(gauge("app_queue_count")).unwrap();
    // It clashes if it is a histogram, which only a page can find out.
    m.register(Box::new(Stuck(histogram("app_queue"), Mutex::new(wait)))).unwrap();
    // Collectors that are already registered are called, too.
    m.register(gauge("app_queue_sum")).unwrap();
    assert!(!parse(&m.generate_metrics()).contains_key("app_queue"));
    drop(open);
    let refused = loop {
        // After the collector has returned, its type is known.
        if let Err(refused) = m.register(gauge("app_queue_bucket")) {
            break refused;
        }
        let same = gauge("app_queue_bucket");
        m.prometheus_registry().unregister(same).unwrap();
    };
    assert_eq!(refused, name_clash("app_queue_bucket", "app_queue", "app_queue_bucket"));
}

/// Panics when it is dropped by the code that catches it.
struct Payload;

impl Drop for Payload {
    fn drop(&mut self) {
        panic!("deliberate: the payload must not be dropped");
    }
}

#[test]
fn a_payload_that_panics_when_it_is_dropped_leaves_the_collector_registered() {
    struct Panics(Box<dyn Collector>);

    impl Collector for Panics {
        fn desc(&self) -> Vec<&Desc> {
            self.0.desc()
        }

        fn collect(&self) -> Vec<MetricFamily> {
            std::panic::panic_any(Payload)
        }
    }

    let m = MetricsRegistry::new();
    m.register(gauge("app_jobs")).unwrap();
    m.register(Box::new(Panics(gauge("app_jobs_count")))).unwrap();
    let page = parse(&m.generate_metrics());
    assert!(page.contains_key("app_jobs") && !page.contains_key("app_jobs_count"));
}
