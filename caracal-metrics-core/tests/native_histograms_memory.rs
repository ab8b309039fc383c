//! The memory of native buckets.

use std::alloc::System;
use std::time::Duration;

use caracal_metrics_core::{DurationHistogram, Family, MetricsRegistry, Resolution, labels};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

labels! { struct Route<'a> { route: &'a str } }
static TOOK: Family<DurationHistogram, Route<'_>> =
    Family::duration_histogram("took_seconds", "Took.").buckets(&[
        Duration::from_millis(5),
        Duration::from_millis(10),
        Duration::from_millis(25),
    ]);

const SERIES: isize = 1_000;

/// Observes durations of five octaves, starting at a millisecond, in many series.
fn observe(m: &MetricsRegistry) {
    let took = m.family(&TOOK).unwrap();
    for series in 0..SERIES {
        let route = format!("/route-{series}");
        for step in 0..100 {
            let millis = 2_f64.powf(f64::from(step) / 20.0);
            took.observe(Route { route: &route }, Duration::from_secs_f64(millis / 1e3));
        }
    }
}

fn kept(region: &Region<'_, System>) -> isize {
    let change = region.change();
    change.bytes_allocated.cast_signed() - change.bytes_deallocated.cast_signed()
}

#[test]
fn five_octaves_take_a_kibibyte_and_are_released() {
    let of_a_series = |m: &MetricsRegistry| {
        let region = Region::new(ALLOCATOR);
        observe(m);
        kept(&region) / SERIES
    };
    let registry =
        || MetricsRegistry::builder().native_histograms(Resolution::default()).build().unwrap();
    let first = registry();
    let native = of_a_series(&first);
    let classic = of_a_series(&MetricsRegistry::new());
    // The words of the process and those of the thread, for four chunks of 16 intervals.
    assert!((800..1_800).contains(&(native - classic)), "{native}, and {classic} without");

    drop(first);
    let region = Region::new(ALLOCATOR);
    for _ in 0..20 {
        observe(&registry());
    }
    let kept = kept(&region) / SERIES;
    assert!(kept < 100, "dropped registries keep {kept} bytes per series");
}
