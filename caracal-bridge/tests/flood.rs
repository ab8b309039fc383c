//! A flood of label sets and of names stays within bounds.

use std::alloc::System;

use caracal_bridge::RecorderExt;
use caracal_metrics_core::MetricsRegistry;
use metrics::{counter, gauge, with_local_recorder};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const LIMIT: usize = 1_000;
const FLOOD: u64 = 50_000;

/// The memory that the flood may add beyond what the limits allow.
const ROOM: usize = 256 * 1024;

fn kept(record: impl FnOnce()) -> usize {
    let region = Region::new(ALLOCATOR);
    record();
    let change = region.change();
    change.bytes_allocated.saturating_sub(change.bytes_deallocated)
}

#[test]
fn neither_label_sets_nor_names_grow_without_bound() {
    let registry = MetricsRegistry::builder().max_series_per_family(LIMIT).build().unwrap();
    let recorder = registry.recorder();
    let flood = |from: u64, to: u64| {
        with_local_recorder(&recorder, || {
            for user in from..to {
                counter!("requests", "user" => format!("user-{user}")).increment(1);
                gauge!("depth", "user" => format!("user-{user}")).set(1.0);
                // The names of labels vary too.
                counter!("requests", format!("user_{user}") => "x").increment(1);
                counter!(format!("requests_of_{user}")).increment(1);
            }
        });
    };
    flood(0, 5_000);
    let kept = kept(|| flood(5_000, FLOOD));
    assert!(kept < ROOM, "{kept} bytes for {FLOOD} label sets past the limit of {LIMIT}");

    let page = String::from_utf8(registry.generate_metrics()).unwrap();
    let values = |start: &str| -> Vec<f64> {
        let lines = page.lines().filter(|line| line.starts_with(start));
        lines.map(|line| line.rsplit_once(' ').unwrap().1.parse().unwrap()).collect()
    };
    // The sum is complete: by user, by 64 label names, and all others.
    let requests = values("requests_total{");
    assert_eq!(requests.iter().sum::<f64>(), 2.0 * FLOOD as f64);
    assert!(requests.len() <= LIMIT + 66, "{} series", requests.len());
    assert!(page.contains("requests_total{user=\"aggregated\"} "), "the names stay");
    assert!(page.contains("requests_total{labels=\"aggregated\"} "), "but not all of them");
    // Gauges can't be added up.
    assert_eq!(values("depth{").len(), LIMIT);
    assert_eq!(page.matches("# TYPE requests_of_").count(), 998);
    let limited = |metric: &str| {
        registry.sample("caracal_metrics_series_limited_total", &[("metric", metric)]).unwrap()
    };
    assert_eq!(limited("requests_total"), (2 * FLOOD - LIMIT as u64) as f64);
    assert_eq!(limited("depth"), (FLOOD - LIMIT as u64) as f64);
    let refused = values("caracal_facade_refused_records_total{");
    assert_eq!(refused.iter().sum::<f64>(), FLOOD as f64 - 998.0);
}
