//! Counters at the end of their range.

use std::thread;

use caracal_metrics_core::{Counter, Family, MetricsRegistry};

static HITS: Family<Counter> = Family::counter("hits_total", "Hits.");

/// Returns the digits on the page, because an `f64` can't distinguish these numbers.
fn hits(m: &MetricsRegistry) -> String {
    let page = String::from_utf8(m.generate_metrics()).expect("a page is UTF-8");
    let line = page.lines().find_map(|line| line.strip_prefix("hits_total ").map(str::to_owned));
    line.expect("the counter is on the page")
}

#[test]
fn a_counter_wraps_around_to_zero() {
    let m = MetricsRegistry::new();
    let counter = m.family(&HITS).expect("the name is free");
    counter.inc_by(u64::MAX);
    assert_eq!(hits(&m), "18446744073709551615");
    counter.inc();
    assert_eq!(hits(&m), "0");
    counter.inc_by(u64::MAX - 1);
    assert_eq!(hits(&m), "18446744073709551614");
    // The words of several threads wrap around like their sum, even after one of the threads has ended.
    let (added, is_read) = (std::sync::Barrier::new(2), std::sync::Barrier::new(2));
    thread::scope(|scope| {
        scope.spawn(|| {
            counter.inc_by(5);
            added.wait();
            is_read.wait();
        });
        added.wait();
        assert_eq!(hits(&m), "3");
        is_read.wait();
    });
    assert_eq!(hits(&m), "3");
}
