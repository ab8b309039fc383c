//! The standard `process_*` families.
#![cfg(target_os = "linux")]

mod support;

use std::fs::File;

use caracal_metrics_core::{BuildError, MetricsRegistry};
use prometheus::process_collector::ProcessCollector;
use prometheus::{IntGauge, IntGaugeVec, Opts, Registry};
use support::{parse, value};

const FAMILIES: &[&str] = &[
    "process_cpu_seconds_total",
    "process_max_fds",
    "process_open_fds",
    "process_resident_memory_bytes",
    "process_start_time_seconds",
    "process_threads",
    "process_virtual_memory_bytes",
];

fn page(metrics: &MetricsRegistry) -> String {
    String::from_utf8(metrics.generate_metrics()).expect("UTF-8")
}

fn families(page: &str) -> Vec<&str> {
    let types = page.lines().filter_map(|line| line.strip_prefix("# TYPE process_"));
    types.collect()
}

#[test]
fn nothing_is_exposed_by_default() {
    let page = page(&MetricsRegistry::new());
    assert_eq!(families(&page), Vec::<&str>::new());
}

#[test]
fn all_seven_families_describe_this_process() {
    let metrics = MetricsRegistry::builder().process_metrics().build().unwrap();
    let page = page(&metrics);
    for family in FAMILIES {
        let count = page.lines().filter(|line| line.starts_with(&format!("{family} "))).count();
        assert_eq!(count, 1, "{family}\n{page}");
    }
    assert_eq!(families(&page).len(), FAMILIES.len());

    let open = |metrics: &MetricsRegistry| {
        value(&parse(&metrics.generate_metrics()), "process_open_fds", &[])
    };
    let resident = value(&parse(page.as_bytes()), "process_resident_memory_bytes", &[]);
    assert!((1e6..1e12).contains(&resident), "{resident}");
    // This is more than any other test of this process opens or closes at the same time.
    let before = open(&metrics);
    let files: Vec<_> =
        (0..100).map(|_| File::open("/proc/self/stat").expect("Linux has it")).collect();
    assert!(open(&metrics) > before + 50.0);
    drop(files);
}

/// The collector of the `prometheus` crate has whole seconds. A service that uses a tenth of a processor would
/// show one step every ten seconds.
#[test]
fn seconds_of_the_processor_have_fractions() {
    let metrics = MetricsRegistry::builder().process_metrics().build().unwrap();
    let used = || metrics.sample("process_cpu_seconds_total", &[]).unwrap();
    let before = used();
    assert!(before > 0.0);
    let mut turns = 0_u64;
    // Less than a second of work is visible, and is neither lost nor counted twice.
    while used() < before + 0.05 {
        turns = std::hint::black_box(turns + 1);
    }
    let after = used();
    assert!(after < before + 60.0 && after.fract() != 0.0, "{before} {after}");
    let page = page(&metrics);
    let help = "# HELP process_cpu_seconds_total Total user and system CPU time spent in seconds.";
    assert_eq!(page.matches(help).count(), 1, "{page}");
}

#[test]
fn an_existing_collector_is_left_alone() {
    let mine = Registry::new();
    mine.register(Box::new(ProcessCollector::for_self())).unwrap();
    let metrics = MetricsRegistry::builder().registry(mine).process_metrics().build().unwrap();
    assert_eq!(families(&page(&metrics)).len(), FAMILIES.len());
}

#[test]
fn the_default_registry_already_has_them() {
    let registry = prometheus::default_registry().clone();
    let metrics = MetricsRegistry::builder().registry(registry).process_metrics().build().unwrap();
    assert_eq!(families(&page(&metrics)).len(), FAMILIES.len());
}

#[test]
fn a_family_of_the_user_without_series_is_found_too() {
    let mine = Registry::new();
    let threads = IntGaugeVec::new(Opts::new("process_threads", "Mine"), &["kind"]).unwrap();
    mine.register(Box::new(threads)).unwrap();
    let error = MetricsRegistry::builder().registry(mine).process_metrics().build();
    assert_eq!(error.unwrap_err(), BuildError::NameTaken { name: "process_threads".to_owned() });
}

#[test]
fn a_clash_with_a_family_of_the_user_leaves_nothing_behind() {
    let mine = Registry::new();
    let threads = IntGauge::new("process_threads", "Mine").unwrap();
    mine.register(Box::new(threads.clone())).unwrap();
    let error = MetricsRegistry::builder().registry(mine.clone()).process_metrics().build();
    assert_eq!(error.unwrap_err(), BuildError::NameTaken { name: "process_threads".to_owned() });
    assert_eq!(mine.gather().len(), 1);

    // Neither its families nor their names are left behind: without the cause, it works.
    mine.unregister(Box::new(threads)).unwrap();
    let metrics = MetricsRegistry::builder().registry(mine.clone()).build().unwrap();
    let fds = IntGauge::new("process_open_fds", "Mine too").unwrap();
    mine.register(Box::new(fds)).unwrap();
    assert_eq!(families(&page(&metrics)), ["open_fds gauge"]);
}
