//! A service's own families while many threads record, end, flood and scrape: nothing is lost or counted twice.

mod support;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Barrier, Mutex};
use std::thread;
use std::time::Duration;

use caracal_metrics_core::{
    Counter, DurationHistogram, Family, FloatCounter, FloatGauge, Format, Gauge, Histogram,
    MetricsRegistry, labels,
};
use support::{parse, value};

const THREADS: usize = 8;
const SERIES_LIMITED: &str = "caracal_metrics_series_limited_total";

labels! {
    enum Payment { Card => "card", Invoice => "invoice" }
    struct Order<'a> { payment: Payment, tenant: &'a str }
    struct One<'a> { a: &'a str, payment: Payment }
    struct Two<'a> { a: &'a str, payment: Payment, b: &'a str }
    struct Three<'a> { a: &'a str, b: &'a str, payment: Payment, c: &'a str }
}

static ORDERS: Family<Counter, Order<'_>> = Family::counter("shop_orders_total", "Orders.");
static REVENUE: Family<FloatCounter, Order<'_>> =
    Family::float_counter("shop_revenue_euros_total", "Revenue.");
static VALUE: Family<Histogram, Order<'_>> =
    Family::histogram("shop_order_euros", "Value.").buckets(&[0.0, 0.25, 1.0]);
static WIDE: Family<Histogram> = Family::histogram("shop_wide", "More than one run.").buckets(&[
    0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0, 13.0, 14.0, 15.0, 16.0,
]);
static PACKING: Family<DurationHistogram, Order<'_>> =
    Family::duration_histogram("shop_packing_seconds", "Packing.")
        .buckets(&[Duration::from_millis(1), Duration::from_millis(2)]);
static BUSY: Family<Gauge> = Family::gauge("shop_busy", "Busy.");
static DEPTH: Family<Gauge> = Family::gauge("shop_depth", "Depth.");
static BALANCE: Family<FloatGauge> = Family::float_gauge("shop_balance_euros", "Balance.");

const ORDER: Order<'static> = Order { payment: Payment::Card, tenant: "acme" };
const ORDER_LABELS: [(&str, &str); 2] = [("payment", "card"), ("tenant", "acme")];

/// Sets the flag when it is dropped, including during a panic, so that nobody waits for a test that failed.
struct Done<'a>(&'a AtomicBool);

impl Drop for Done<'_> {
    fn drop(&mut self) {
        self.0.store(true, SeqCst);
    }
}

/// Runs `storm` while two threads read pages in every format. `check` is called with each text page.
fn under_scrapes(
    metrics: &MetricsRegistry,
    check: impl Fn(&BTreeMap<String, support::Family>) + Sync,
    storm: impl FnOnce(),
) {
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(SeqCst) {
                check(&parse(&metrics.generate_metrics()));
            }
        });
        scope.spawn(|| {
            let mut page = Vec::new();
            while !done.load(SeqCst) {
                page.clear();
                metrics.encode(Format::OpenMetrics, &mut page);
                support::open_metrics::parse(&page);
                assert!(!metrics.prometheus_registry().gather().is_empty());
            }
        });
        let _done = Done(&done);
        storm();
    });
}

/// Records into every family `times` times, by value and through handles.
fn record_all(metrics: &MetricsRegistry, times: u32) {
    let orders = metrics.family(&ORDERS).unwrap();
    let revenue = metrics.family(&REVENUE).unwrap();
    let order_value = metrics.family(&VALUE).unwrap();
    let wide = metrics.family(&WIDE).unwrap();
    let packing = metrics.family(&PACKING).unwrap();
    let busy = metrics.family(&BUSY).unwrap();
    let depth = metrics.family(&DEPTH).unwrap();
    let balance = metrics.family(&BALANCE).unwrap();
    let (one_order, one_value) = (orders.with(ORDER), order_value.with(ORDER));
    for _ in 0..times {
        let guard = busy.track();
        orders.inc(ORDER);
        one_order.inc_by(2);
        revenue.inc_by(ORDER, 0.25);
        order_value.observe(ORDER, 0.25);
        one_value.observe(0.75);
        wide.observe(16.25);
        packing.observe(ORDER, Duration::from_millis(2));
        depth.add(1);
        balance.add(-0.25);
        drop(guard);
    }
}

/// Asserts the results of `times` calls of [`record_all`].
#[track_caller]
fn assert_all(metrics: &MetricsRegistry, times: u32) {
    let page = parse(&metrics.generate_metrics());
    let times = f64::from(times);
    let of = |name: &str, pairs: &[(&str, &str)]| value(&page, name, pairs);
    assert_eq!(of("shop_orders_total", &ORDER_LABELS), 3.0 * times);
    assert_eq!(of("shop_revenue_euros_total", &ORDER_LABELS), 0.25 * times);
    assert_eq!(of("shop_order_euros_sum", &ORDER_LABELS), times);
    let bucket = |le| {
        let labels = [ORDER_LABELS[0], ORDER_LABELS[1], ("le", le)];
        of("shop_order_euros_bucket", &labels)
    };
    let buckets = ["0.0", "0.25", "1.0", "+Inf"].map(bucket);
    assert_eq!(buckets, [0.0, times, 2.0 * times, 2.0 * times]);
    assert_eq!(of("shop_wide_sum", &[]), 16.25 * times);
    assert_eq!(of("shop_wide_bucket", &[("le", "16.0")]), 0.0);
    assert_eq!(of("shop_wide_count", &[]), times);
    // The durations are whole nanoseconds, so this is the number nearest to the exact sum.
    assert_eq!(of("shop_packing_seconds_sum", &ORDER_LABELS), 2.0 * times / 1e3);
    assert_eq!(of("shop_packing_seconds_count", &ORDER_LABELS), times);
    assert_eq!(of("shop_busy", &[]), 0.0);
    assert_eq!(of("shop_depth", &[]), times);
    assert_eq!(of("shop_balance_euros", &[]), -0.25 * times);
}

#[test]
fn threads_that_record_and_end_during_scrapes_lose_and_double_nothing() {
    const RECORDS: u32 = 2_000;
    const SHORT_LIVED: u32 = 400;
    const RECORDS_OF_SHORT_LIVED: u32 = 5;
    let metrics = MetricsRegistry::new();
    record_all(&metrics, 1);
    let last = Mutex::new([0.0; 5]);
    let check = |page: &BTreeMap<String, support::Family>| {
        let orders = value(page, "shop_orders_total", &ORDER_LABELS);
        let revenue = value(page, "shop_revenue_euros_total", &ORDER_LABELS);
        let sum = value(page, "shop_order_euros_sum", &ORDER_LABELS);
        let count = value(page, "shop_order_euros_count", &ORDER_LABELS);
        let wide = value(page, "shop_wide_sum", &[]);
        let busy = value(page, "shop_busy", &[]);
        assert!(sum <= 0.75 * count, "a sum of {sum} with a count of {count}");
        assert!(wide <= 16.25 * value(page, "shop_wide_count", &[]), "{wide}");
        assert!((0.0..=(THREADS + 1) as f64).contains(&busy), "{busy}");
        let numbers = [orders, revenue, sum, count, wide];
        let before = std::mem::replace(&mut *last.lock().unwrap(), numbers);
        let grown = before.iter().zip(&numbers).all(|(before, number)| before <= number);
        assert!(grown, "from {before:?} to {numbers:?}");
    };
    under_scrapes(&metrics, check, || {
        thread::scope(|scope| {
            for _ in 0..THREADS {
                scope.spawn(|| record_all(&metrics, RECORDS));
            }
            for _ in 0..SHORT_LIVED {
                scope.spawn(|| record_all(&metrics, RECORDS_OF_SHORT_LIVED)).join().unwrap();
            }
        });
    });
    assert_all(&metrics, 1 + THREADS as u32 * RECORDS + SHORT_LIVED * RECORDS_OF_SHORT_LIVED);
}

/// There are more threads than can have their own words. The others share words.
#[test]
fn more_threads_at_once_than_have_their_own_words_lose_nothing() {
    const LIVE: usize = 1_100;
    const RECORDS: u32 = 50;
    let metrics = MetricsRegistry::new();
    let all_live = Barrier::new(LIVE);
    thread::scope(|scope| {
        for _ in 0..LIVE {
            scope.spawn(|| {
                record_all(&metrics, RECORDS);
                // No thread ends before all of them have recorded.
                all_live.wait();
                record_all(&metrics, RECORDS);
            });
        }
    });
    assert_all(&metrics, 2 * LIVE as u32 * RECORDS);
}

static ONE: Family<Counter, One<'_>> = Family::counter("shop_one_total", "One open label.");
static TWO: Family<FloatCounter, Two<'_>> = Family::float_counter("shop_two_total", "Two.");
static THREE: Family<Histogram, Three<'_>> =
    Family::histogram("shop_three", "Three.").buckets(&[1.0]);
static THREE_GAUGES: Family<Gauge, Three<'_>> = Family::gauge("shop_three_gauges", "Three.");

#[test]
fn floods_beyond_the_limit_are_folded_and_lose_nothing() {
    const LIMIT: usize = 40;
    const LABEL_SETS: u32 = 400;
    const ROUNDS: u32 = 3;
    let metrics = MetricsRegistry::builder().max_series_per_family(LIMIT).build().unwrap();
    let one = metrics.family(&ONE).unwrap();
    let two = metrics.family(&TWO).unwrap();
    let three = metrics.family(&THREE).unwrap();
    let gauges = metrics.family(&THREE_GAUGES).unwrap();
    let start = Barrier::new(THREADS);
    let flood = |thread: usize| {
        start.wait();
        for _ in 0..ROUNDS {
            // All threads flood with the same label sets. Each starts at a different one.
            for number in 0..LABEL_SETS {
                let number = (number + 50 * thread as u32) % LABEL_SETS;
                let payment =
                    if number.is_multiple_of(2) { Payment::Card } else { Payment::Invoice };
                let (text, same) = (format!("{number:017}"), "same");
                let as_handle = number.is_multiple_of(3);
                let labels = One { a: &text, payment };
                if as_handle {
                    one.with(labels).inc();
                } else {
                    one.inc(labels);
                }
                let labels = Two { a: same, payment, b: &text };
                if as_handle {
                    two.with(labels).inc_by(0.25);
                } else {
                    two.inc_by(labels, 0.25);
                }
                let labels = Three { a: same, b: &text, payment, c: same };
                if as_handle {
                    three.with(labels).observe(0.25);
                    gauges.with(labels).set(1);
                } else {
                    three.observe(labels, 0.25);
                    gauges.set(labels, 1);
                }
            }
        }
    };
    let flood = &flood;
    let check = |page: &BTreeMap<String, support::Family>| {
        // There is an aggregated series for each combination of closed labels.
        for name in ["shop_one_total", "shop_two_total"] {
            assert!(page[name].samples.len() <= LIMIT + 2, "{name}");
        }
        assert!(page["shop_three_gauges"].samples.len() <= LIMIT);
    };
    under_scrapes(&metrics, check, || {
        thread::scope(|scope| {
            for thread in 0..THREADS {
                scope.spawn(move || flood(thread));
            }
        });
    });

    let records = f64::from(THREADS as u32 * LABEL_SETS * ROUNDS);
    let page = parse(&metrics.generate_metrics());
    let limited = |name: &str| value(&page, SERIES_LIMITED, &[("metric", name)]);
    for (name, sample, open, step) in [
        ("shop_one_total", "shop_one_total", &["a"][..], 1.0),
        ("shop_two_total", "shop_two_total", &["a", "b"], 0.25),
        ("shop_three", "shop_three_sum", &["a", "b", "c"], 0.25),
        ("shop_three", "shop_three_count", &["a", "b", "c"], 1.0),
    ] {
        let samples: Vec<_> =
            page[name].samples.iter().filter(|((name, _), _)| name == sample).collect();
        assert_eq!(samples.len(), LIMIT + 2, "{sample}");
        assert_eq!(samples.iter().map(|(_, value)| **value).sum::<f64>(), step * records);
        let is_aggregated =
            |labels: &support::Labels| open.iter().all(|l| labels[*l] == "aggregated");
        let aggregated = samples.iter().filter(|((_, labels), _)| is_aggregated(labels));
        let aggregated: f64 = aggregated.map(|(_, value)| **value).sum();
        assert_eq!(aggregated, step * limited(name), "{sample}: each fold is counted");
        // A label set with its own series has all of its records in it.
        let own = samples.iter().filter(|((_, labels), _)| !is_aggregated(labels));
        let each = step * f64::from(THREADS as u32 * ROUNDS);
        let most = own.filter(|(_, value)| **value == each).count();
        assert_eq!(most, LIMIT, "{sample}");
    }
    let gauges = &page["shop_three_gauges"].samples;
    assert_eq!(gauges.len(), LIMIT);
    assert!(gauges.values().all(|value| *value == 1.0), "{gauges:?}");
    let set = f64::from(THREADS as u32 * ROUNDS) * LIMIT as f64;
    assert_eq!(limited("shop_three_gauges"), records - set);
}

#[test]
fn new_registries_start_at_zero() {
    const ROUNDS: u32 = 40;
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                let mut left_over: Vec<(Counter, Histogram)> = Vec::new();
                for round in 0..ROUNDS {
                    let metrics = MetricsRegistry::builder().only_used_families().build().unwrap();
                    record_all(&metrics, round);
                    // These are handles of dropped registries.
                    for (orders, values) in &left_over {
                        orders.inc();
                        values.observe(0.25);
                    }
                    thread::scope(|scope| scope.spawn(|| record_all(&metrics, 2)).join().unwrap());
                    assert_all(&metrics, round + 2);
                    let handles = (
                        metrics.family(&ORDERS).unwrap().with(ORDER),
                        metrics.family(&VALUE).unwrap().with(ORDER),
                    );
                    if round % 8 == 0 {
                        left_over.clear();
                    }
                    left_over.push(handles);
                }
            });
        }
    });
}

#[test]
fn guards_that_outlive_their_registry_affect_no_other() {
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                let mut guards = Vec::new();
                for round in 0..100 {
                    let metrics = MetricsRegistry::new();
                    let busy = metrics.family(&BUSY).unwrap();
                    assert_eq!(metrics.sample("shop_busy", &[]), Some(0.0), "round {round}");
                    guards.extend([busy.track(), busy.track(), busy.track()]);
                    let ended: Vec<_> = guards.drain(..guards.len() / 2).collect();
                    thread::scope(|scope| scope.spawn(|| drop(ended)).join().unwrap());
                    let own = guards.len().min(3);
                    assert_eq!(metrics.sample("shop_busy", &[]), Some(own as f64), "round {round}");
                }
            });
        }
    });
}

/// Registering takes locks for which neither a page nor a record waits.
#[test]
fn families_are_registered_while_others_record_and_scrape() {
    macro_rules! families {
        ($($name:literal),+ $(,)?) => { [$({
            static FAMILY: Family<Counter, Order<'_>> = Family::counter($name, "One of many.");
            &FAMILY
        }),+] };
    }
    let families = families![
        "app_a_total",
        "app_b_total",
        "app_c_total",
        "app_d_total",
        "app_e_total",
        "app_f_total",
        "app_g_total",
        "app_h_total",
        "app_i_total",
        "app_j_total",
        "app_k_total",
        "app_l_total",
    ];
    for _ in 0..10 {
        let metrics = MetricsRegistry::new();
        let start = Barrier::new(THREADS);
        under_scrapes(
            &metrics,
            |_| (),
            || {
                thread::scope(|scope| {
                    for thread in 0..THREADS {
                        let (metrics, start) = (&metrics, &start);
                        scope.spawn(move || {
                            start.wait();
                            for place in 0..families.len() {
                                let family = families[(place + thread) % families.len()];
                                metrics.family(family).unwrap().inc(ORDER);
                                metrics.record_replay_block("nonce");
                            }
                        });
                    }
                });
            },
        );
        let page = parse(&metrics.generate_metrics());
        for family in families {
            assert_eq!(value(&page, family.spec().name, &ORDER_LABELS), THREADS as f64);
        }
        let blocks = (THREADS * families.len()) as f64;
        let name = "caracal_gateway_replay_blocks_total";
        assert_eq!(value(&page, name, &[("reason", "nonce")]), blocks);
    }
}
