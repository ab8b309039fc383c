//! A `prometheus::Registry` that adds labels or a prefix to what it gathers: either its `gather()` and our page
//! agree, or it is refused.

mod support;

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use caracal_metrics_core::{BuildError, Format, MetricsRegistry, MetricsRegistryBuilder};
use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;
use prometheus::{HistogramOpts, HistogramVec, IntCounter, Registry, TextEncoder};
use support::{Family, Labels, open_metrics, parse};

fn custom(prefix: Option<&str>, labels: &[(&str, &str)]) -> Registry {
    let labels: HashMap<_, _> =
        labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Registry::new_custom(prefix.map(str::to_owned), Some(labels)).unwrap()
}

/// A collector that panics may print a backtrace, which takes long on a busy machine.
fn attach(registry: &Registry) -> MetricsRegistryBuilder {
    let builder = MetricsRegistry::builder().registry(registry.clone());
    builder.collection_timeout(Duration::from_secs(60))
}

fn page(m: &MetricsRegistry, format: Format) -> Vec<u8> {
    let mut page = Vec::new();
    m.encode(format, &mut page);
    page
}

fn all_samples(page: &BTreeMap<String, Family>) -> BTreeMap<(String, Labels), f64> {
    page.values().flat_map(|family| family.samples.clone()).collect()
}

/// Returns what the registry itself gathers. Its encoder writes the bound of one second as `1`.
fn gathered(registry: &Registry) -> BTreeMap<(String, Labels), f64> {
    let page = TextEncoder::new().encode_to_string(&registry.gather()).unwrap();
    let samples = all_samples(&parse(page.as_bytes())).into_iter();
    let canonical = samples.map(|((name, mut labels), value)| {
        if let Some(le) = labels.get_mut("le").filter(|le| !le.contains(['.', 'e', 'I'])) {
            le.push_str(".0");
        }
        ((name, labels), value)
    });
    canonical.collect()
}

#[test]
fn labels_of_the_registry_are_on_the_page_too() {
    let mine = custom(None, &[("cluster", "blue \"1\""), ("zone", "eu"), ("a_first", "x")]);
    let jobs = IntCounter::new("jobs_total", "Jobs").unwrap();
    jobs.inc();
    mine.register(Box::new(jobs)).unwrap();
    let sizes = HistogramOpts::new("sizes", "Sizes").buckets(vec![0.5, 1.0]);
    let sizes = HistogramVec::new(sizes, &["kind"]).unwrap();
    sizes.with_label_values(&["mail"]).observe(0.75);
    mine.register(Box::new(sizes)).unwrap();
    let m = attach(&mine).const_label("service", "gateway").build().unwrap();
    m.record_replay_block("nonce_reused");
    m.record_gateway_request("GET", 200, "jwt", std::time::Duration::from_millis(7));

    let text = all_samples(&parse(&page(&m, Format::Text)));
    assert_eq!(text, gathered(&mine));
    assert!(text.keys().all(|(name, labels)| {
        let added = ["cluster", "zone", "a_first"].map(|name| labels[name].as_str());
        added == ["blue \"1\"", "eu", "x"]
            && (!name.contains("caracal") || labels["service"] == "gateway")
    }));
    let om = all_samples(&open_metrics::parse(&page(&m, Format::OpenMetrics)));
    assert_eq!(om.len(), text.len());
    assert!(om.keys().all(|(_, labels)| labels["cluster"] == "blue \"1\""));
    let labels = [
        ("reason", "nonce_reused"),
        ("service", "gateway"),
        ("cluster", "blue \"1\""),
        ("zone", "eu"),
        ("a_first", "x"),
    ];
    assert_eq!(m.sample("caracal_gateway_replay_blocks_total", &labels), Some(1.0));

    // The check leaves nothing behind, and a second attachment is refused as before.
    assert!(!mine.gather().iter().any(|family| family.name().contains("marker")));
    assert!(matches!(attach(&mine).build().unwrap_err(), BuildError::NameTaken { .. }));
}

#[cfg(all(feature = "process", target_os = "linux"))]
#[test]
fn process_metrics_have_the_labels_of_the_registry() {
    let mine = custom(None, &[("cluster", "blue")]);
    let m = attach(&mine).process_metrics().build().unwrap();
    let ours = parse(&page(&m, Format::Text));
    let threads = &ours["process_threads"].samples;
    assert!(threads.keys().all(|(_, labels)| labels["cluster"] == "blue"), "{threads:?}");
    assert!(gathered(&mine).keys().eq(all_samples(&ours).keys()));
}

#[test]
fn a_prefix_is_refused_and_leaves_nothing_behind() {
    for labels in [&[][..], &[("cluster", "blue")]] {
        let mine = custom(Some("shop"), labels);
        let jobs = IntCounter::new("jobs_total", "Jobs").unwrap();
        mine.register(Box::new(jobs)).unwrap();
        let before = gathered(&mine);
        let refused = attach(&mine).build().unwrap_err();
        assert_eq!(refused, BuildError::RegistryPrefix { prefix: "shop".to_owned() });
        for part in ["\"shop\"", "without a prefix", "Opts::namespace"] {
            assert!(refused.to_string().contains(part), "{refused}");
        }
        assert_eq!(gathered(&mine), before);
        let ours = IntCounter::new("caracal_gateway_replay_blocks_total", "Free").unwrap();
        mine.register(Box::new(ours)).unwrap();
    }
}

#[test]
fn labels_that_clash_with_ours_are_refused() {
    let refused = |label: &str| {
        let mine = custom(None, &[(label, "x")]);
        let refused = attach(&mine).const_label("service", "gateway").build().unwrap_err();
        assert!(mine.gather().is_empty());
        refused
    };
    for (name, other) in [
        ("service", "`const_label`"),
        ("method", "caracal_gateway_requests_total"),
        ("agent_id", "caracal_policy_evaluations_total"),
        ("le", "every histogram"),
        ("quantile", "every summary"),
    ] {
        let (name, other) = (name.to_owned(), other.to_owned());
        assert_eq!(refused(&name), BuildError::RegistryLabel { name: name.clone(), other });
    }
    // `prometheus` accepts any name.
    for name in ["a-b", "", "__name__", "1st"] {
        assert_eq!(refused(name), BuildError::InvalidRegistryLabel { name: name.to_owned() });
    }
}

/// What it reads does not exist yet.
struct NotReady(IntCounter);

impl Collector for NotReady {
    fn desc(&self) -> Vec<&Desc> {
        self.0.desc()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        panic!("deliberate: the collector is not ready")
    }
}

#[test]
fn a_collector_that_panics_hides_the_labels_and_nothing_else() {
    let mine = custom(None, &[("cluster", "blue")]);
    let jobs = NotReady(IntCounter::new("jobs_total", "Jobs").unwrap());
    mine.register(Box::new(jobs)).unwrap();
    let m = attach(&mine).build().unwrap();
    m.record_replay_block("nonce_reused");
    let labels = [("reason", "nonce_reused")];
    assert_eq!(m.sample("caracal_gateway_replay_blocks_total", &labels), Some(1.0));
}

#[test]
fn concurrent_gatherings_see_no_marker() {
    let mine = custom(None, &[("cluster", "blue")]);
    let jobs = IntCounter::new("jobs_total", "Jobs").unwrap();
    mine.register(Box::new(jobs)).unwrap();
    std::thread::scope(|scope| {
        let attaching = scope.spawn(|| {
            for _ in 0..200 {
                let conflicting = attach(&mine).const_label("cluster", "red").build();
                assert!(matches!(conflicting, Err(BuildError::RegistryLabel { .. })));
            }
        });
        while !attaching.is_finished() {
            assert_eq!(mine.gather().len(), 1);
        }
    });
}
