//! Native buckets while threads start and end, pages are made, and resolutions are halved.

#[path = "support/model.rs"]
mod model;
#[path = "support/native.rs"]
mod native;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

use caracal_metrics_core::{
    DurationHistogram, Family, Histogram, MetricsRegistry, Resolution, labels,
};
use model::decode;
use native::{Native, assert_agree};

static TOOK: Family<DurationHistogram> = Family::duration_histogram("took_seconds", "Took.")
    .buckets(&[Duration::from_micros(7), Duration::from_millis(25), Duration::from_secs(1)]);
static SIZE: Family<Histogram> =
    Family::histogram("size", "Sizes.").buckets(&[-1.0, 0.0, 0.3, 2e6]);

labels! { struct Route<'a> { route: &'a str } }
static ROUTES: Family<DurationHistogram, Route<'_>> =
    Family::duration_histogram("routes_seconds", "Took.").buckets(&[Duration::from_millis(25)]);

/// Returns the histogram of a family with one series.
fn only(m: &MetricsRegistry, name: &str) -> model::Histogram {
    let [family] = &decode(m, &[name])[..] else {
        panic!("{name} is not on the page exactly once")
    };
    let [metric] = &family.metric[..] else {
        panic!("not exactly one series: {:?}", family.metric)
    };
    metric.histogram.clone().expect("a histogram")
}

/// Returns a number that differs in each step of each thread. The numbers have all sizes.
fn mixed(thread: u64, step: u64) -> u64 {
    let number = (thread << 32 | step).wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let number = (number ^ number >> 31).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    number >> 12 >> (step % 44)
}

/// The number of threads per generation. Each of them makes the following number of observations.
const THREADS: u64 = 4;
const GENERATIONS: u64 = 6;
const TIMES: u64 = 3_000;

/// Checks that the last page has all observations, and that every page agrees with itself and is not below the
/// previous one.
fn storm(name: &str, m: &MetricsRegistry, observe: impl Fn(u64, u64) -> f64 + Sync) {
    let is_over = AtomicBool::new(false);
    let pages = AtomicU64::new(0);
    let values = thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let (mut count, mut schema) = (0, 8);
            while !is_over.load(Relaxed) {
                let page = only(m, name);
                assert_agree(&page);
                assert!(page.sample_count >= count, "{} after {count}", page.sample_count);
                assert!(page.schema <= Some(schema), "{:?} after {schema}", page.schema);
                (count, schema) = (page.sample_count, page.schema.unwrap());
                pages.fetch_add(1, Relaxed);
            }
        });
        let mut values = Vec::new();
        for generation in 0..GENERATIONS {
            let observe = &observe;
            let threads = (0..THREADS).map(|thread| generation * THREADS + thread);
            let threads: Vec<_> = threads
                .map(|thread| {
                    let observed = move || (0..TIMES).map(|step| observe(thread, step)).collect();
                    scope.spawn(observed)
                })
                .collect();
            for thread in threads {
                values.extend::<Vec<f64>>(thread.join().unwrap());
            }
        }
        is_over.store(true, Relaxed);
        reader.join().unwrap();
        values
    });
    let page = only(m, name);
    assert_agree(&page);
    let native = Native::of(&page);
    assert!(pages.load(Relaxed) > 0);
    assert!(native.schema < 8, "the storm reaches many octaves");
    assert_eq!(native, Native::expected(native.schema, values.iter().copied()));
    for bucket in &page.bucket {
        let expected = values.iter().filter(|value| **value <= bucket.upper_bound).count();
        assert_eq!(bucket.cumulative_count, expected as u64);
    }
}

fn registry() -> MetricsRegistry {
    MetricsRegistry::builder().native_histograms(Resolution::schema(8)).build().unwrap()
}

#[test]
fn durations() {
    let m = registry();
    let took = m.family(&TOOK).unwrap();
    storm("took_seconds", &m, |thread, step| {
        let nanos = mixed(thread, step);
        took.observe(Duration::from_nanos(nanos));
        nanos as f64 / 1e9
    });
    let nanos = (0..THREADS * GENERATIONS)
        .flat_map(|thread| (0..TIMES).map(move |step| mixed(thread, step)));
    let sum = nanos.map(u128::from).sum::<u128>() as f64 / 1e9;
    assert_eq!(only(&m, "took_seconds").sample_sum, sum, "exact to the nanosecond");
}

#[test]
fn durations_by_label() {
    let m = registry();
    let routes = m.family(&ROUTES).unwrap();
    // The series is on the page from now on.
    drop(routes.with(Route { route: "/pay" }));
    storm("routes_seconds", &m, |thread, step| {
        let nanos = mixed(thread, step);
        routes.observe(Route { route: "/pay" }, Duration::from_nanos(nanos));
        nanos as f64 / 1e9
    });
}

#[test]
fn numbers_of_both_signs() {
    let m = registry();
    let size = m.family(&SIZE).unwrap();
    storm("size", &m, |thread, step| {
        let number = mixed(thread, step) as f64 * if step % 3 == 0 { -1e-3 } else { 1e-6 };
        size.observe(number);
        number
    });
}
