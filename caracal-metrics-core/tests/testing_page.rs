//! Golden pages.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use caracal_metrics_core::testing::{assert_page, masked_page};
use caracal_metrics_core::{
    Counter, DurationHistogram, Family, FloatCounter, FloatGauge, Gauge, MetricsRegistry, labels,
};

labels! { struct Order<'a> { tenant: &'a str } }

static ORDERS: Family<Counter, Order<'_>> = Family::counter("orders_total", "Orders placed.");
static DEPTH: Family<Gauge> = Family::gauge("queue_depth", "Orders that wait.");
static AGE: Family<FloatGauge> = Family::float_gauge("backup_age_seconds", "Age of the backup.");
static BUSY: Family<FloatCounter> = Family::float_counter("busy_seconds_total", "Time at work.");
static PACKING: Family<DurationHistogram> =
    Family::duration_histogram("packing_duration_seconds", "Time to pack an order.")
        .buckets(&[Duration::from_millis(5), Duration::from_millis(50)]);

fn shop(packing: Duration) -> MetricsRegistry {
    let metrics = MetricsRegistry::builder().namespace("shop").only_used_families().build();
    let metrics = metrics.expect("valid settings");
    metrics.family(&ORDERS).unwrap().inc(Order { tenant: "a } # \"b\" 1" });
    metrics.family(&DEPTH).unwrap().set(3);
    metrics.family(&AGE).unwrap().set(packing.as_secs_f64());
    metrics.family(&BUSY).unwrap().inc_by(packing.as_secs_f64());
    metrics.family(&PACKING).unwrap().observe(packing);
    metrics
}

#[test]
fn a_page_is_compared_with_times_masked() {
    for packing in [Duration::from_millis(7), Duration::from_secs(70)] {
        assert_page!(shop(packing), "tests/golden_pages/shop.txt");
    }
}

#[test]
fn the_message_shows_the_differences() {
    let metrics = shop(Duration::from_millis(7));
    metrics.family(&DEPTH).unwrap().set(4);
    metrics.family(&PACKING).unwrap().observe(Duration::from_millis(1));
    let failed = catch_unwind(AssertUnwindSafe(|| {
        assert_page!(metrics, "tests/golden_pages/shop.txt");
    }));
    let message = failed.unwrap_err().downcast_ref::<String>().unwrap().clone();
    let (_, lines) = message.split_once('\n').unwrap();
    assert!(message.starts_with("the page differs from "), "{message}");
    assert_eq!(
        lines,
        "- packing_duration_seconds_bucket{le=\"+Inf\"} 1\n\
         - packing_duration_seconds_count 1\n\
         - queue_depth 3\n\
         + packing_duration_seconds_bucket{le=\"+Inf\"} 2\n\
         + packing_duration_seconds_count 2\n\
         + queue_depth 4\n\
         if the new page is correct, run the test with METRICS_REWRITE_PAGES=1\n"
    );
    // All values of named families are masked.
    let (ours, other) = (masked_page(&metrics, &["queue_*", "packing_duration_seconds"]), "*\n");
    assert!(ours.contains(&format!("queue_depth {other}")), "{ours}");
    assert!(ours.contains(&format!("packing_duration_seconds_count {other}")), "{ours}");
    assert!(ours.contains("orders_total{tenant=\"a } # \\\"b\\\" 1\"} 1\n"), "{ours}");
}
