//! A snapshot has the same contents as a page.

mod support;

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

use caracal_metrics_core::adapter::{InstanceKind, Sampled};
use caracal_metrics_core::snapshot::{FamilySnapshot, FamilyType, SeriesValue};
use caracal_metrics_core::{
    Counter, DurationHistogram, Exemplar, Family, FloatCounter, FloatGauge, Gauge, Histogram,
    MetricsRegistry, Snapshot, labels,
};
use prometheus::core::{Collector, Desc};
use prometheus::proto;
use support::{labels as pairs, parse};

labels! {
    enum Payment { Card => "card", Invoice => "invoice" }
    struct Order<'a> { payment: Payment, tenant: &'a str, coupon: Option<&'a str> }
    struct Tenant<'a> { tenant: &'a str }
}

static ORDERS: Family<Counter, Order<'_>> = Family::counter("orders_total", "Orders \"placed\".\n");
static VOLUME: Family<FloatCounter, Tenant<'_>> = Family::float_counter("volume_total", "Litres.");
static DEPTH: Family<Gauge, Tenant<'_>> = Family::gauge("depth", "Orders that wait.");
static LOAD: Family<FloatGauge> = Family::float_gauge("load", "Load.");
static PACKING: Family<DurationHistogram, Tenant<'_>> =
    Family::duration_histogram("packing_duration_seconds", "Time.")
        .buckets(&[Duration::from_millis(5), Duration::from_millis(50)]);
static WEIGHT: Family<Histogram, Tenant<'_>> =
    Family::histogram("weight", "Kilograms.").buckets(&[-1.0, 0.5, 2.0]);

/// A summary. The `prometheus` crate can pass one on, but not create one.
struct Waits(Desc);

impl Collector for Waits {
    fn desc(&self) -> Vec<&Desc> {
        vec![&self.0]
    }

    fn collect(&self) -> Vec<proto::MetricFamily> {
        let mut quantile = proto::Quantile::default();
        quantile.set_quantile(0.5);
        quantile.set_value(1.25);
        let mut summary = proto::Summary::default();
        summary.set_sample_count(7);
        summary.set_sample_sum(9.5);
        summary.set_quantile(vec![quantile]);
        let mut metric = proto::Metric::from_label(Vec::new());
        metric.set_summary(summary);
        let mut family = proto::MetricFamily::default();
        family.set_name("waits".to_owned());
        family.set_help("Waits.".to_owned());
        family.set_field_type(proto::MetricType::SUMMARY);
        family.set_metric(vec![metric]);
        vec![family]
    }
}

fn everything() -> MetricsRegistry {
    let metrics = MetricsRegistry::builder().const_label("region", "eu").build().unwrap();
    let orders = metrics.family(&ORDERS).unwrap();
    for tenant in ["acme", "a\"c\\me\n", "", "\0\u{1}", "acme/eu"] {
        for coupon in [None, Some("spring")] {
            orders.inc(Order { payment: Payment::Card, tenant, coupon });
            orders.inc_by(Order { payment: Payment::Invoice, tenant, coupon }, 1 << 53);
        }
        metrics.family(&VOLUME).unwrap().inc_by(Tenant { tenant }, 0.1);
        metrics.family(&DEPTH).unwrap().set(Tenant { tenant }, -3);
        metrics.family(&WEIGHT).unwrap().observe(Tenant { tenant }, -0.25);
        let packing = metrics.family(&PACKING).unwrap();
        packing.observe(Tenant { tenant }, Duration::from_millis(7));
        packing.observe(Tenant { tenant }, Duration::from_secs(70));
    }
    metrics.family(&LOAD).unwrap().set(f64::NAN);

    let registry = metrics.prometheus_registry();
    let jobs = prometheus::HistogramVec::new(
        prometheus::HistogramOpts::new("jobs", "Jobs.").buckets(vec![0.1, 1.0]),
        &["queue"],
    );
    let jobs = jobs.unwrap();
    jobs.with_label_values(&["mail, \"fast\""]).observe(0.5);
    jobs.with_label_values(&["log"]).observe(5.0);
    registry.register(Box::new(jobs)).unwrap();
    let restarts = prometheus::Counter::new("restarts_total", "Restarts.").unwrap();
    restarts.inc_by(2.5);
    registry.register(Box::new(restarts)).unwrap();
    let heat = prometheus::IntGauge::new("heat", "Degrees.").unwrap();
    heat.set(-4);
    registry.register(Box::new(heat)).unwrap();
    let waits = Desc::new("waits".into(), "Waits.".into(), vec![], HashMap::new()).unwrap();
    registry.register(Box::new(Waits(waits))).unwrap();
    metrics
}

type Samples = BTreeMap<(String, support::Labels), f64>;

/// Returns the samples that a page would have.
fn samples(snapshot: &Snapshot) -> BTreeMap<String, (String, String, Samples)> {
    let family = |family: &FamilySnapshot| {
        let name = family.name();
        let mut samples = Samples::new();
        for series in family.series() {
            let own: Vec<_> = series.labels().collect();
            let mut add = |suffix: &str, extra: Option<(&str, String)>, value: f64| {
                let mut labels = pairs(&own);
                labels.extend(extra.map(|(name, value)| (name.to_owned(), value)));
                assert!(samples.insert((format!("{name}{suffix}"), labels), value).is_none());
            };
            match series.value() {
                SeriesValue::Histogram(histogram) => {
                    for (bound, count) in histogram.buckets() {
                        let le =
                            if bound.is_infinite() { "+Inf".into() } else { format!("{bound:?}") };
                        add("_bucket", Some(("le", le)), count as f64);
                    }
                    add("_sum", None, histogram.sum());
                    add("_count", None, histogram.count() as f64);
                }
                SeriesValue::Summary(summary) => {
                    for (quantile, value) in summary.quantiles() {
                        add("", Some(("quantile", format!("{quantile:?}"))), value);
                    }
                    add("_sum", None, summary.sum());
                    add("_count", None, summary.count() as f64);
                }
                value => add("", None, value.as_f64()),
            }
        }
        (name.to_owned(), (family.kind().to_string(), family.help().to_owned(), samples))
    };
    snapshot.families().iter().map(family).collect()
}

#[test]
fn it_has_the_families_and_samples_of_the_page() {
    let metrics = everything();
    let page = parse(&metrics.generate_metrics());
    let snapshot = metrics.snapshot();
    let names: Vec<_> = snapshot.families().iter().map(FamilySnapshot::name).collect();
    assert!(names.is_sorted(), "{names:?}");
    let found = samples(&snapshot);
    assert!(found.keys().eq(page.keys()), "{:?} and {:?}", found.keys(), page.keys());
    for (name, family) in page {
        let (kind, help, samples) = &found[&name];
        assert_eq!((kind, help), (&family.kind, &family.help), "{name}");
        assert!(samples.keys().eq(family.samples.keys()), "{name}: {samples:?} {family:?}");
        for (sample, value) in &family.samples {
            let found = samples[sample];
            assert!(found == *value || (found.is_nan() && value.is_nan()), "{sample:?}: {found}");
        }
    }
}

#[test]
fn values_have_the_types_of_their_families() {
    let snapshot = everything().snapshot();
    let value = |name: &str, labels: &[(&str, &str)]| {
        let labels: Vec<_> = labels.iter().copied().chain([("region", "eu")]).collect();
        snapshot.family(name).unwrap().get(&labels).unwrap_or_else(|| panic!("{name}")).value()
    };
    let order = [("tenant", "acme"), ("payment", "invoice")];
    assert_eq!(value("orders_total", &order), SeriesValue::Counter(1 << 53));
    let acme = [("tenant", "acme")];
    assert_eq!(value("volume_total", &acme), SeriesValue::FloatCounter(0.1));
    assert_eq!(value("depth", &acme), SeriesValue::Gauge(-3));
    let SeriesValue::Histogram(packing) = value("packing_duration_seconds", &acme) else {
        panic!()
    };
    assert_eq!((packing.count(), packing.sum_nanos()), (2, Some(70_007_000_000)));
    assert_eq!(packing.bounds(), [0.005, 0.05]);
    assert_eq!(packing.cumulative_counts(), [0, 1]);

    let foreign = |name: &str| snapshot.family(name).unwrap();
    assert!(foreign("jobs").is_foreign() && !foreign("depth").is_foreign());
    assert_eq!(foreign("waits").kind(), FamilyType::Summary);
    assert_eq!(foreign("packing_duration_seconds").unit(), Some("seconds"));
    assert_eq!(foreign("orders_total").declared_labels(), ["payment", "tenant", "coupon"]);
    let heat = foreign("heat").get(&[]).unwrap();
    assert_eq!(heat.value(), SeriesValue::FloatGauge(-4.0));
    assert!(foreign("orders_total").get(&order).is_none(), "the constant label is missing");
}

#[test]
fn callbacks_run_for_it_and_exemplars_are_in_it() {
    const QUEUE: InstanceKind = InstanceKind::new("queue");
    let metrics = MetricsRegistry::new();
    let mut builder = metrics.attach(QUEUE, Some("mail")).unwrap();
    let depth = builder.sampled_gauge(&DEPTH, Tenant { tenant: "mail" }).unwrap();
    let instance = builder.on_scrape(move |gauges| {
        gauges.set(depth, 3);
        Sampled::Live
    });
    let packing = metrics.family(&PACKING).unwrap();
    let trace = Exemplar::trace(7);
    packing.observe_with_exemplar(Tenant { tenant: "acme" }, Duration::from_millis(7), &trace);

    let snapshot = metrics.snapshot_named(&["depth", "packing_duration_seconds", "none"]);
    assert_eq!(snapshot.families().len(), 2);
    let depth = snapshot.family("depth").unwrap().get(&[("tenant", "mail")]).unwrap();
    assert_eq!(depth.value(), SeriesValue::Gauge(3));
    let packing = snapshot.family("packing_duration_seconds").unwrap();
    let SeriesValue::Histogram(histogram) = packing.series().next().unwrap().value() else {
        panic!("{packing:?}")
    };
    let exemplars: Vec<_> = histogram.exemplars().collect();
    assert_eq!(exemplars.len(), 1);
    assert_eq!((exemplars[0].bucket(), exemplars[0].value()), (1, 0.007));
    let labels: Vec<_> = exemplars[0].labels().collect();
    assert_eq!(labels, [("trace_id", "00000000000000000000000000000007")]);

    drop(instance);
    let after = metrics.snapshot();
    assert!(after.family("depth").unwrap().get(&[("tenant", "mail")]).is_none());
}

/// The count of a histogram equals that of its buckets. A guard that was started before is never missing from
/// both the gauge and the counter.
#[test]
fn it_is_consistent_while_others_record() {
    let metrics = MetricsRegistry::new();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let packing = metrics.family(&PACKING).unwrap();
                while !done.load(Relaxed) {
                    packing.observe(Tenant { tenant: "acme" }, Duration::from_millis(7));
                    packing.observe(Tenant { tenant: "acme" }, Duration::from_millis(700));
                }
            });
        }
        let mut before = 0;
        for _ in 0..2_000 {
            let snapshot = metrics.snapshot();
            let Some(family) = snapshot.family("packing_duration_seconds") else { continue };
            let Some(series) = family.series().next() else { continue };
            let SeriesValue::Histogram(histogram) = series.value() else { panic!("{family:?}") };
            let counts: Vec<_> = histogram.buckets().map(|(_, count)| count).collect();
            assert!(counts.is_sorted() && counts[2] == histogram.count(), "{histogram:?}");
            assert!(histogram.count() >= before, "it fell");
            let nanos = histogram.sum_nanos().unwrap();
            assert!(nanos <= u128::from(histogram.count()) * 700_000_000);
            before = histogram.count();
        }
        done.store(true, Relaxed);
    });
}
