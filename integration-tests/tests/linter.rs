//! Our linter and promtool's linter have the same findings.

use std::collections::{BTreeSet, HashMap};
use std::process::ExitCode;

use anyhow::{Result, ensure};
use caracal_metrics::testing::{Problem, lint};
use caracal_metrics::{Counter, Family, FloatGauge, Gauge, Histogram, MetricsRegistry, labels};
use integration_tests::{Needs, promtool_check, run, test};
use prometheus::core::{Collector, Desc};
use prometheus::proto::{self, MetricFamily, MetricType};

fn main() -> ExitCode {
    let needs = &[Needs::Prometheus];
    run(vec![
        test("promtool_finds_what_we_find_in_foreign_families", needs, foreign_families_agree),
        test("promtool_finds_what_we_find_in_our_families", needs, our_families_agree),
        test("promtool_finds_nothing_in_the_catalogue", needs, the_catalogue_is_clean),
    ])
}

/// Name, type, label, and whether there is a help text.
type Case = (&'static str, MetricType, &'static str, bool);

const C: MetricType = MetricType::COUNTER;
const G: MetricType = MetricType::GAUGE;
const H: MetricType = MetricType::HISTOGRAM;
const S: MetricType = MetricType::SUMMARY;

const CORPUS: [Case; 72] = [
    // Valid ones.
    ("orders_total", C, "tenant", true),
    ("orders_placed_total", C, "", true),
    ("busy_seconds_total", C, "worker", true),
    ("sent_bytes_total", C, "", true),
    ("queue_depth", G, "queue", true),
    ("temperature_celsius", G, "", true),
    ("color_temperature_kelvin", G, "", true),
    ("thermometers", G, "", true),
    ("backup_age_seconds", G, "", true),
    ("track_meters", G, "", true),
    ("track_metres", G, "", true),
    ("supply_volts", G, "", true),
    ("supply_amperes", G, "", true),
    ("energy_joules", G, "", true),
    ("parcel_grams", G, "", true),
    ("request_duration_seconds", H, "route", true),
    ("response_size_bytes", H, "", true),
    ("wait_seconds", S, "", true),
    ("build_info", G, "version", true),
    ("accounting", G, "", true),
    ("total_recall", G, "", true),
    ("countess", G, "", true),
    // Units.
    ("request_duration_milliseconds", H, "", true),
    ("backup_age_hours", G, "", true),
    ("uptime_days", G, "", true),
    ("uptime_weeks", G, "", true),
    ("session_minutes", G, "", true),
    ("lag_nanoseconds", G, "", true),
    ("lag_microseconds", G, "", true),
    ("disk_kilobytes", G, "", true),
    ("disk_gibibytes", G, "", true),
    ("disk_mebibytes", G, "", true),
    ("link_bits", G, "", true),
    ("link_megabits", G, "", true),
    ("oven_fahrenheit", G, "", true),
    ("oven_rankine", G, "", true),
    ("oven_kelvins", G, "", true),
    ("route_miles", G, "", true),
    ("route_yards", G, "", true),
    ("route_inches", G, "", true),
    ("route_kilometers", G, "", true),
    ("meal_calories", G, "", true),
    ("parcel_pounds", G, "", true),
    ("parcel_ounces", G, "", true),
    ("parcel_kilograms", G, "", true),
    ("dose_milligrams_total", C, "", true),
    // Abbreviations.
    ("request_duration_ms", H, "", true),
    ("lag_ns", G, "", true),
    ("cpu_sec_total", C, "", true),
    ("disk_gb", G, "", true),
    ("disk_mb_free", G, "", true),
    ("uptime_d", G, "", true),
    ("b", G, "", true),
    ("speed_M_per_hour", G, "", true),
    // `_total`.
    ("orders", C, "", true),
    ("orders_count_of_all", C, "", true),
    ("depth_total", G, "", true),
    ("latency_total", H, "", true),
    ("pauses_total", S, "", true),
    // Reserved names.
    ("fill_bucket", G, "", true),
    ("fills_bucket_total", C, "", true),
    ("order_count", G, "", true),
    ("order_sum", G, "", true),
    ("bounded", G, "le", true),
    ("quantiles", G, "quantile", true),
    // Types, colons, camel case.
    ("orders_counter_total", C, "", true),
    ("queue_gauge", G, "", true),
    ("latency_histogram_seconds", H, "", true),
    ("pause_summary", S, "", true),
    ("job:orders:rate5m", G, "", true),
    ("ordersPlaced_total", C, "tenantId", true),
    ("unexplained", G, "", false),
];

struct Corpus(Desc);

impl Collector for Corpus {
    fn desc(&self) -> Vec<&Desc> {
        vec![&self.0]
    }

    fn collect(&self) -> Vec<MetricFamily> {
        CORPUS.into_iter().map(family).collect()
    }
}

fn family((name, kind, label, has_help): Case) -> MetricFamily {
    let mut labels = Vec::new();
    if !label.is_empty() {
        let mut pair = proto::LabelPair::default();
        pair.set_name(label.to_owned());
        pair.set_value("0.5".to_owned());
        labels.push(pair);
    }
    let mut metric = proto::Metric::from_label(labels);
    match kind {
        MetricType::COUNTER => {
            let mut counter = proto::Counter::default();
            counter.set_value(1.0);
            metric.set_counter(counter);
        }
        MetricType::HISTOGRAM => {
            let mut bucket = proto::Bucket::default();
            bucket.set_upper_bound(0.5);
            bucket.set_cumulative_count(1);
            let mut histogram = proto::Histogram::default();
            histogram.set_bucket(vec![bucket]);
            histogram.set_sample_count(2);
            histogram.set_sample_sum(1.5);
            metric.set_histogram(histogram);
        }
        MetricType::SUMMARY => {
            let mut summary = proto::Summary::default();
            summary.set_sample_count(2);
            summary.set_sample_sum(1.5);
            metric.set_summary(summary);
        }
        _ => {
            let mut gauge = proto::Gauge::default();
            gauge.set_value(1.0);
            metric.set_gauge(gauge);
        }
    }
    let mut family = MetricFamily::default();
    family.set_name(name.to_owned());
    family.set_help(if has_help { "What it is.".to_owned() } else { String::new() });
    family.set_field_type(kind);
    family.set_metric(vec![metric]);
    family
}

/// Families and their faults.
type Found = BTreeSet<(String, String)>;

/// The findings of promtool on the page of a registry.
fn promtool(metrics: &MetricsRegistry) -> Result<Found> {
    let page = String::from_utf8(metrics.generate_metrics())?;
    // promtool accepts an empty help text. Libraries without a help text write no line.
    let has_help = |line: &&str| !(line.starts_with("# HELP ") && line.ends_with(' '));
    let page = page.lines().filter(has_help).collect::<Vec<_>>().join("\n") + "\n";
    let report = promtool_check(&page)?;
    ensure!([0, 3].contains(&report.code), "promtool can't read the page: {report:?}");
    let found: Found = report
        .output
        .lines()
        .filter_map(|line| line.split_once(' '))
        .map(|(family, text)| (family.to_owned(), text.to_owned()))
        .collect();
    ensure!(found.is_empty() == (report.code == 0), "{report:?}");
    Ok(found)
}

/// The findings of our linter by the rules that promtool has too.
fn ours(metrics: &MetricsRegistry) -> Found {
    let shared = lint(metrics).into_iter().filter(|problem| problem.rule.is_promlint());
    shared.map(|Problem { family, text, .. }| (family, text)).collect()
}

fn agree(metrics: &MetricsRegistry) -> Result<Found> {
    let (theirs, ours) = (promtool(metrics)?, ours(metrics));
    let missing: Vec<_> = theirs.difference(&ours).collect();
    let extra: Vec<_> = ours.difference(&theirs).collect();
    ensure!(
        missing.is_empty() && extra.is_empty(),
        "only promtool finds {missing:#?}, and only we find {extra:#?}"
    );
    Ok(theirs)
}

async fn foreign_families_agree() -> Result<()> {
    let metrics = MetricsRegistry::builder().namespace("shop").only_used_families().build()?;
    let desc = Desc::new("corpus".into(), "A corpus.".into(), vec![], HashMap::new())?;
    metrics.prometheus_registry().register(Box::new(Corpus(desc)))?;
    let on_page = metrics.snapshot();
    for (name, ..) in CORPUS {
        ensure!(on_page.family(name).is_some(), "the page lacks {name}");
    }
    let found = agree(&metrics)?;
    let bad: BTreeSet<_> = found.iter().map(|(family, _)| family).collect();
    ensure!((40..CORPUS.len()).contains(&bad.len()), "{} of them are bad: {bad:?}", bad.len());
    Ok(())
}

labels! { struct Camel<'a> { camel as "tenantId": &'a str } }

static MILLISECONDS: Family<Gauge> = Family::gauge("lag_milliseconds", "Lag.");
static ABBREVIATED: Family<FloatGauge> = Family::float_gauge("lag_ms", "Lag.");
static TYPE_IN_NAME: Family<Gauge> = Family::gauge("queue_gauge", "Depth.");
static LABELLED: Family<Counter, Camel<'_>> = Family::counter("orders_total", "Orders.");
static CAMEL: Family<Counter> = Family::counter("ordersPlaced_total", "Orders.");
static WEIGHT: Family<Histogram> =
    Family::histogram("parcel_kilograms", "Weight.").buckets(&[1.0, 10.0]);

async fn our_families_agree() -> Result<()> {
    let metrics = MetricsRegistry::builder().namespace("shop").build()?;
    metrics.family(&MILLISECONDS)?.set(1);
    metrics.family(&ABBREVIATED)?.set(1.0);
    metrics.family(&TYPE_IN_NAME)?.set(1);
    metrics.family(&LABELLED)?.inc(Camel { camel: "acme" });
    metrics.family(&CAMEL)?.inc();
    metrics.family(&WEIGHT)?.observe(3.0);
    let found = agree(&metrics)?;
    let bad: BTreeSet<_> = found.iter().map(|(family, _)| family).collect();
    ensure!(bad.len() == 6, "{bad:?}");
    Ok(())
}

async fn the_catalogue_is_clean() -> Result<()> {
    let metrics = MetricsRegistry::new();
    let found = agree(&metrics)?;
    ensure!(found.is_empty(), "{found:?}");
    Ok(())
}
