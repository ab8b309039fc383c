//! Families that need the same name: a page has each name once, and all formats have the same families.

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use caracal_metrics_core::{Format, MetricsRegistry, PolicyDecisionType};
use prometheus::core::{Collector, Desc};
use prometheus::proto::{self, MetricFamily, MetricType};
use prometheus::{Histogram, HistogramOpts, IntCounter, IntGauge, Registry};
use proptest::prelude::*;
use support::{Family, open_metrics, parse};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Counter,
    Gauge,
    Histogram,
    Summary,
}

fn collector(name: &str, kind: Kind) -> Box<dyn Collector> {
    match kind {
        Kind::Counter => {
            let counter = IntCounter::new(name, "Counts").unwrap();
            counter.inc();
            Box::new(counter)
        }
        Kind::Gauge => {
            let gauge = IntGauge::new(name, "Goes up and down").unwrap();
            gauge.set(1);
            Box::new(gauge)
        }
        Kind::Histogram => {
            let opts = HistogramOpts::new(name, "Observes").buckets(vec![1.0]);
            let histogram = Histogram::with_opts(opts).unwrap();
            histogram.observe(0.5);
            Box::new(histogram)
        }
        Kind::Summary => Box::new(Summary(
            Desc::new(name.to_owned(), "Sums up".to_owned(), vec![], [].into()).unwrap(),
        )),
    }
}

/// The `prometheus` crate has no summary that can be registered, but it can gather one.
struct Summary(Desc);

impl Collector for Summary {
    fn desc(&self) -> Vec<&Desc> {
        vec![&self.0]
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let mut summary = proto::Summary::default();
        summary.set_sample_count(3);
        summary.set_sample_sum(7.5);
        let mut metric = proto::Metric::from_label(vec![]);
        metric.set_summary(summary);
        let mut family = MetricFamily::default();
        family.set_name(self.0.fq_name.clone());
        family.set_help(self.0.help.clone());
        family.set_field_type(MetricType::SUMMARY);
        family.set_metric(vec![metric]);
        vec![family]
    }
}

/// The pages of a registry in all formats, checked by the strict readers.
struct Pages {
    text: BTreeMap<String, Family>,
    open_metrics: BTreeMap<String, Family>,
    /// The errors that were counted for this set of pages.
    errors: f64,
}

fn errors(families: &BTreeMap<String, Family>, name: &str) -> f64 {
    support::value(families, name, &[])
}

fn pages(m: &MetricsRegistry) -> Pages {
    let encode = |format| {
        let mut page = Vec::new();
        m.encode(format, &mut page);
        page
    };
    let before = errors(&parse(&encode(Format::Text)), "caracal_metrics_collection_errors_total");
    let text = parse(&encode(Format::Text));
    let counted = errors(&text, "caracal_metrics_collection_errors_total");
    let open_metrics = open_metrics::parse(&encode(Format::OpenMetrics));
    let again = errors(&open_metrics, "caracal_metrics_collection_errors_total");
    assert_eq!(
        counted - before,
        again - counted,
        "the families that are left out do not depend on the format"
    );
    assert!(samples(&text) == samples(&open_metrics), "not the same samples");
    #[cfg(feature = "protobuf")]
    {
        let names: BTreeSet<_> = text.keys().cloned().collect();
        assert_eq!(support::protobuf::names(&encode(Format::Protobuf)), names);
    }
    Pages { text, open_metrics, errors: counted - before }
}

/// Returns the samples of a page, sorted and without the differences between the formats: OpenMetrics adds the
/// suffix `_total` to the sample of a counter, and is the only one with `_created`.
fn samples(page: &BTreeMap<String, Family>) -> Vec<String> {
    let mut all = Vec::new();
    for (family, Family { kind, samples, .. }) in page {
        let created = format!("{family}_created");
        for (name, labels) in samples.keys() {
            if !(matches!(&**kind, "counter" | "histogram") && *name == created) {
                all.push(format!("{}{labels:?}", name.strip_suffix("_total").unwrap_or(name)));
            }
        }
    }
    all.sort();
    all
}

/// Registers families with the attached registry directly. Returns which of them are on the page, and their
/// names in OpenMetrics.
fn shown(families: &[(&str, Kind)]) -> (Vec<String>, Vec<String>, f64) {
    let m = MetricsRegistry::builder().created_lines().build().unwrap();
    for (name, kind) in families {
        m.prometheus_registry().register(collector(name, *kind)).unwrap();
    }
    let pages = pages(&m);
    let own = |page: &BTreeMap<String, Family>| {
        let own = page.iter().filter(|(name, _)| !name.starts_with("caracal_"));
        own.map(|(name, family)| format!("{name} {}", family.kind)).collect()
    };
    (own(&pages.text), own(&pages.open_metrics), pages.errors)
}

#[test]
fn sample_names_belong_to_their_histogram() {
    use Kind::{Counter, Gauge, Histogram, Summary};
    for kind in [Histogram, Summary] {
        let text = if kind == Histogram { "job histogram" } else { "job summary" };
        for suffix in ["_sum", "_count", "_created"] {
            for other in [Counter, Gauge, Histogram] {
                let families = [("job", kind), (&*format!("job{suffix}"), other)];
                let (in_text, in_open_metrics, errors) = shown(&families);
                assert_eq!(in_text, [text], "{families:?}");
                assert_eq!(in_open_metrics, [text], "{families:?}");
                assert_eq!(errors, 1.0, "{families:?}");
            }
        }
    }
    let (in_text, in_open_metrics, errors) = shown(&[("job_bucket", Gauge), ("job", Histogram)]);
    assert_eq!(
        (in_text, in_open_metrics, errors),
        (vec!["job histogram".to_owned()], vec!["job histogram".to_owned()], 1.0)
    );
    // No sample of a gauge, a counter or a summary has these names.
    for (families, expected) in [
        ([("job", Summary), ("job_bucket", Gauge)], ["job summary", "job_bucket gauge"]),
        ([("job", Gauge), ("job_count", Gauge)], ["job gauge", "job_count gauge"]),
        ([("job", Gauge), ("job_created", Gauge)], ["job gauge", "job_created gauge"]),
    ] {
        let (in_text, in_open_metrics, errors) = shown(&families);
        assert_eq!(
            (&*in_text, &*in_open_metrics, errors),
            (&expected.map(str::to_owned)[..], &expected.map(str::to_owned)[..], 0.0)
        );
    }
}

/// OpenMetrics calls the counter `x_total` `x`, reserves `x_created`, and adds the sample `x_total` to the
/// counter `x`. The text format 0.0.4 does none of this, and loses nothing.
#[test]
fn a_counter_whose_openmetrics_names_are_taken_has_no_type_there() {
    use Kind::{Counter, Gauge, Histogram};
    for (families, expected) in [
        ([("jobs", Gauge), ("jobs_total", Counter)], ["jobs gauge", "jobs_total unknown"]),
        ([("jobs", Histogram), ("jobs_total", Counter)], ["jobs histogram", "jobs_total unknown"]),
        ([("jobs", Counter), ("jobs_total", Gauge)], ["jobs unknown", "jobs_total gauge"]),
        ([("jobs", Counter), ("jobs_total", Counter)], ["jobs unknown", "jobs_total unknown"]),
        (
            [("jobs_total", Counter), ("jobs_created", Gauge)],
            ["jobs_created gauge", "jobs_total unknown"],
        ),
        (
            [("users_total", Counter), ("users_created_total", Counter)],
            ["users counter", "users_created_total unknown"],
        ),
        (
            [("batch", Histogram), ("batch_count_total", Counter)],
            ["batch histogram", "batch_count_total unknown"],
        ),
    ] {
        let (in_text, in_open_metrics, errors) = shown(&families);
        assert_eq!(in_open_metrics, expected, "{families:?}");
        assert_eq!(in_text.len(), 2, "{families:?}");
        assert_eq!(errors, 0.0, "{families:?}");
    }
}

/// Collects families that it does not describe, like a collector that passes on what another registry gathers.
struct Undescribed(Desc, Vec<(&'static str, Kind)>);

impl Collector for Undescribed {
    fn desc(&self) -> Vec<&Desc> {
        vec![&self.0]
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let families = self.1.iter().map(|(name, kind)| {
            let mut family = collector("any", *kind).collect().remove(0);
            family.set_name((*name).to_owned());
            family
        });
        families.collect()
    }
}

#[test]
fn our_names_stay_ours_whatever_is_collected() {
    let m = MetricsRegistry::new();
    let families = vec![
        ("caracal_gateway_request_duration_seconds_count", Kind::Gauge),
        ("caracal_gateway_request_duration_seconds_created", Kind::Gauge),
        ("caracal_gateway_requests", Kind::Histogram),
        ("caracal_gateway_replay_blocks_created", Kind::Counter),
        ("caracal_policy_cache_size", Kind::Counter),
        ("caracal_policy_evaluation_duration_seconds", Kind::Gauge),
        ("not a name", Kind::Gauge),
        ("app_level", Kind::Gauge),
        ("caracal_gateway_replay_blocks_created_total", Kind::Counter),
    ];
    let desc = Desc::new("app_undescribed".into(), "Nothing".into(), vec![], [].into()).unwrap();
    m.register(Box::new(Undescribed(desc, families))).unwrap();
    let pages = pages(&m);
    assert_eq!(pages.errors, 7.0);
    assert_eq!(pages.text["app_level"].kind, "gauge");
    assert_eq!(pages.text["caracal_policy_cache_size"].kind, "gauge");
    let untyped = &pages.open_metrics["caracal_gateway_replay_blocks_created_total"];
    assert_eq!(untyped.kind, "unknown");
}

/// Passes on what another registry gathers. It can't rename or relabel anything.
struct PassedOn(Desc, Registry);

impl Collector for PassedOn {
    fn desc(&self) -> Vec<&Desc> {
        vec![&self.0]
    }

    fn collect(&self) -> Vec<MetricFamily> {
        self.1.gather()
    }
}

#[test]
fn our_series_are_on_the_page_once() {
    let other = Registry::new();
    let theirs = MetricsRegistry::builder().registry(other.clone()).build().unwrap();
    theirs.record_replay_block("expired");
    theirs.record_replay_block("nonce_reused");
    theirs.record_policy_evaluation(PolicyDecisionType::Denied, "a", Duration::from_millis(1));
    let m = MetricsRegistry::new();
    m.record_replay_block("nonce_reused");
    m.record_replay_block("nonce_reused");
    let desc = Desc::new("app_passed_on".into(), "Nothing".into(), vec![], [].into()).unwrap();
    m.register(Box::new(PassedOn(desc, other))).unwrap();
    let pages = pages(&m);
    assert!(pages.errors > 0.0);
    for page in [&pages.text, &pages.open_metrics] {
        let value = |name, labels: &[(&str, &str)]| support::value(page, name, labels);
        // Our series is shown if both have it, and theirs if we have none.
        let name = "caracal_gateway_replay_blocks_total";
        assert_eq!(value(name, &[("reason", "nonce_reused")]), 2.0);
        assert_eq!(value(name, &[("reason", "expired")]), 1.0);
        let name = "caracal_policy_evaluation_duration_seconds_count";
        assert_eq!(value(name, &[("decision", "denied")]), 0.0);
    }
}

const BASES: &[&str] =
    &["a", "b", "caracal_policy_cache_hits", "caracal_policy_evaluation_duration_seconds"];
const SUFFIXES: &[&str] = &["", "_total", "_created", "_bucket", "_sum", "_count"];

fn family() -> impl Strategy<Value = (String, Kind)> {
    let kinds = vec![Kind::Counter, Kind::Gauge, Kind::Histogram, Kind::Summary];
    let suffix = || proptest::sample::select(SUFFIXES);
    (proptest::sample::select(BASES), suffix(), suffix(), proptest::sample::select(kinds))
        .prop_map(|(base, first, second, kind)| (format!("{base}{first}{second}"), kind))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Whatever is registered, through us or directly, a page has each name once, all formats have the same
    /// families, and each family is on the page, refused, or counted.
    #[test]
    fn any_set_of_names_is_resolved(families in proptest::collection::vec((family(), any::<bool>()), 0..8)) {
        let m = MetricsRegistry::builder().created_lines().build().unwrap();
        let mut accepted = BTreeSet::new();
        for ((name, kind), through_us) in families {
            let collector = collector(&name, kind);
            let registered = if through_us {
                m.register(collector).is_ok()
            } else {
                m.prometheus_registry().register(collector).is_ok()
            };
            if registered {
                accepted.insert(name);
            }
        }
        let pages = pages(&m);
        let missing = accepted.iter().filter(|name| !pages.text.contains_key(*name)).count();
        prop_assert_eq!(missing as f64, pages.errors);
    }
}
