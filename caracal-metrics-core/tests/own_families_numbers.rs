//! The numbers in a service's own families: floats, many buckets, and values that are ignored.

mod support;

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use caracal_metrics_core::{
    DurationHistogram, Exemplar, Family, FloatCounter, FloatGauge, Format, Histogram,
    MetricsRegistry, labels,
};
use support::{parse, value};

labels! { struct Tenant<'a> { tenant: &'a str } }

static REVENUE: Family<FloatCounter> =
    Family::float_counter("shop_revenue_euros_total", "Revenue.");
static REVENUE_OF: Family<FloatCounter, Tenant<'_>> =
    Family::float_counter("shop_tenant_revenue_euros_total", "Revenue by tenant.");
static LOAD: Family<FloatGauge> = Family::float_gauge("shop_load_ratio", "Load.");
static LOAD_OF: Family<FloatGauge, Tenant<'_>> =
    Family::float_gauge("shop_tenant_load_ratio", "Load by tenant.");
static VALUES: Family<Histogram> =
    Family::histogram("shop_order_euros", "Value of an order.").buckets(&[-1.0, 0.0, 2.5, 100.0]);
static VALUES_OF: Family<Histogram, Tenant<'_>> =
    Family::histogram("shop_tenant_order_euros", "Value by tenant.").buckets(&[2.5]);

const TENANT: Tenant<'static> = Tenant { tenant: "a" };
const NOT_FINITE: [f64; 3] = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY];

fn invalid(metrics: &MetricsRegistry, metric: &str) -> Option<f64> {
    metrics.sample("caracal_metrics_invalid_values_total", &[("metric", metric)])
}

#[test]
fn an_invalid_increment_of_a_counter_is_ignored_and_counted() {
    let metrics = MetricsRegistry::new();
    let (revenue, by_tenant) = (metrics.family(&REVENUE).unwrap(), metrics.family(&REVENUE_OF));
    let by_tenant = by_tenant.unwrap();
    assert_eq!(invalid(&metrics, "shop_revenue_euros_total"), Some(0.0), "0 from the start");
    revenue.inc_by(12.5);
    by_tenant.inc_by(TENANT, 0.1);
    for step in NOT_FINITE.into_iter().chain([-1.0, f64::MIN, -f64::MIN_POSITIVE]) {
        revenue.inc_by(step);
        by_tenant.inc_by(TENANT, step);
        by_tenant.with(TENANT).inc_by(step);
    }
    revenue.inc_by(0.0);
    revenue.inc_by(-0.0);
    revenue.inc_by(0.25);
    let labels = [("tenant", "a")];
    assert_eq!(metrics.sample("shop_revenue_euros_total", &[]), Some(12.75));
    assert_eq!(metrics.sample("shop_tenant_revenue_euros_total", &labels), Some(0.1));
    assert_eq!(invalid(&metrics, "shop_revenue_euros_total"), Some(6.0));
    assert_eq!(invalid(&metrics, "shop_tenant_revenue_euros_total"), Some(12.0));
}

/// Prometheus treats a counter that falls as a restart. In another order, the same numbers have another sum:
/// 0.1 + 0.2 + 0.3 is more than 0.3 + 0.2 + 0.1.
#[test]
fn a_sum_never_falls_when_threads_end() {
    let metrics = MetricsRegistry::new();
    let revenue = metrics.family(&REVENUE).unwrap();
    let values = metrics.family(&VALUES).unwrap();
    let read = || {
        let sample = |name| metrics.sample(name, &[]).unwrap();
        [sample("shop_revenue_euros_total"), sample("shop_order_euros_sum")]
    };
    thread::scope(|scope| {
        let (recorded, all_recorded) = mpsc::channel();
        let mut threads = Vec::new();
        for number in 1..=30 {
            let (end, ended) = mpsc::channel::<()>();
            let (revenue, values, recorded) = (&revenue, &values, recorded.clone());
            let thread = scope.spawn(move || {
                revenue.inc_by(f64::from(number) * 0.1);
                values.observe(f64::from(number) * 0.1);
                recorded.send(()).unwrap();
                ended.recv().unwrap();
            });
            all_recorded.recv().unwrap();
            threads.push((end, thread));
        }
        let before = read();
        // The threads end in another order than they started.
        while let Some((end, thread)) = threads.pop() {
            end.send(()).unwrap();
            thread.join().unwrap();
            assert_eq!(read(), before, "{} threads are left", threads.len());
        }
        thread::spawn({
            let (revenue, values) = (revenue.clone(), values.clone());
            move || {
                revenue.inc_by(0.1);
                values.observe(0.1);
            }
        })
        .join()
        .unwrap();
        assert!(read().iter().zip(&before).all(|(now, before)| now > before));
    });
}

#[test]
fn a_gauge_can_be_nan_and_recover() {
    let metrics = MetricsRegistry::new();
    let (load, by_tenant) = (metrics.family(&LOAD).unwrap(), metrics.family(&LOAD_OF).unwrap());
    let read = || metrics.sample("shop_load_ratio", &[]).unwrap();
    assert_eq!(invalid(&metrics, "shop_load_ratio"), Some(0.0), "0 from the start");
    load.set(-0.5);
    load.add(0.25);
    assert_eq!(read(), -0.25);
    for value in NOT_FINITE {
        load.add(value);
        by_tenant.add(TENANT, value);
    }
    assert_eq!(read(), -0.25);
    load.set(f64::INFINITY);
    load.set(f64::NEG_INFINITY);
    assert_eq!(read(), -0.25);
    load.set(f64::NAN);
    assert!(read().is_nan());
    let page = String::from_utf8(metrics.generate_metrics()).unwrap();
    assert!(page.contains("\nshop_load_ratio NaN\n"), "{page}");
    load.add(1.0);
    assert!(read().is_nan());
    load.set(1e-300);
    assert_eq!(read(), 1e-300);
    by_tenant.set(TENANT, 0.5);
    by_tenant.with(TENANT).add(0.5);
    assert_eq!(metrics.sample("shop_tenant_load_ratio", &[("tenant", "a")]), Some(1.0));
    assert_eq!(invalid(&metrics, "shop_load_ratio"), Some(5.0));
    assert_eq!(invalid(&metrics, "shop_tenant_load_ratio"), Some(3.0));
}

#[test]
fn a_non_finite_observation_is_ignored_and_counted() {
    let metrics = MetricsRegistry::new();
    let (values, by_tenant) = (metrics.family(&VALUES).unwrap(), metrics.family(&VALUES_OF));
    let by_tenant = by_tenant.unwrap();
    let trace = Exemplar::new(&[("trace_id", "4bf92f35")]).unwrap();
    for value in NOT_FINITE {
        values.observe(value);
        values.observe_with_exemplar(value, &trace);
        by_tenant.observe(TENANT, value);
        by_tenant.observe_with_exemplar(TENANT, value, &trace);
    }
    // A bound belongs to its bucket.
    for value in [-1.0, -0.5, -0.0, 0.0, 2.5, 2.500_000_000_000_001, 1e300] {
        values.observe(value);
    }
    by_tenant.observe(TENANT, 0.1);
    let page = parse(&metrics.generate_metrics());
    let at_most = |le| value(&page, "shop_order_euros_bucket", &[("le", le)]);
    let buckets = ["-1.0", "0.0", "2.5", "100.0", "+Inf"].map(at_most);
    assert_eq!(buckets, [1.0, 4.0, 5.0, 6.0, 7.0]);
    assert_eq!(value(&page, "shop_order_euros_sum", &[]), 1e300);
    let labels = [("tenant", "a")];
    assert_eq!(value(&page, "shop_tenant_order_euros_count", &labels), 1.0);
    assert_eq!(value(&page, "shop_tenant_order_euros_sum", &labels), 0.1);
    assert_eq!(invalid(&metrics, "shop_order_euros"), Some(6.0));
    assert_eq!(invalid(&metrics, "shop_tenant_order_euros"), Some(6.0));
}

#[test]
fn a_sum_that_grows_out_of_range_stays_a_number() {
    let metrics = MetricsRegistry::new();
    let (revenue, load) = (metrics.family(&REVENUE).unwrap(), metrics.family(&LOAD).unwrap());
    let values = metrics.family(&VALUES).unwrap();
    let record = |sign: f64| {
        for _ in 0..3 {
            revenue.inc_by(f64::MAX);
            load.add(sign * f64::MAX);
            values.observe(sign * f64::MAX);
        }
    };
    // Each thread has its own sum. Here, there is one at each end of the range.
    std::thread::scope(|scope| {
        scope.spawn(|| {
            record(1.0);
            let page = parse(&metrics.generate_metrics());
            assert_eq!(value(&page, "shop_revenue_euros_total", &[]), f64::MAX);
            assert_eq!(value(&page, "shop_load_ratio", &[]), f64::MAX);
            assert_eq!(value(&page, "shop_order_euros_sum", &[]), f64::MAX);
            scope.spawn(|| record(-1.0)).join().unwrap();
            let sum = metrics.sample("shop_order_euros_sum", &[]).unwrap();
            assert!(sum.is_finite(), "{sum}");
        });
    });
    let page = parse(&metrics.generate_metrics());
    assert_eq!(value(&page, "shop_revenue_euros_total", &[]), f64::MAX);
    assert_eq!(value(&page, "shop_load_ratio", &[]), f64::MIN);
    assert!(value(&page, "shop_order_euros_sum", &[]).is_finite());
    assert_eq!(value(&page, "shop_order_euros_count", &[]), 6.0);
}

const MANY: usize = 62;

const fn micros() -> [Duration; MANY] {
    let mut bounds = [Duration::ZERO; MANY];
    let mut place = 0;
    while place < MANY {
        bounds[place] = Duration::from_micros(place as u64 + 1);
        place += 1;
    }
    bounds
}

const fn floats() -> [f64; MANY] {
    let mut bounds = [0.0; MANY];
    let mut place = 0;
    while place < MANY {
        bounds[place] = place as f64 - 30.5;
        place += 1;
    }
    bounds
}

static MICROS: [Duration; MANY] = micros();
static FLOATS: [f64; MANY] = floats();
static WIDE: Family<DurationHistogram, Tenant<'_>> =
    Family::duration_histogram("shop_wide_seconds", "62 bounds.").buckets(&MICROS);
static WIDE_FLOATS: Family<Histogram, Tenant<'_>> =
    Family::histogram("shop_wide", "62 bounds.").buckets(&FLOATS);

/// Returns the number of observations in each bucket, without those in smaller buckets.
fn buckets(metrics: &MetricsRegistry, name: &str) -> Vec<f64> {
    let page = String::from_utf8(metrics.generate_metrics()).unwrap();
    let mut before = 0.0;
    let lines = page.lines().filter(|line| line.starts_with(&format!("{name}_bucket{{")));
    lines
        .map(|line| {
            let count: f64 = line.rsplit_once(' ').unwrap().1.parse().unwrap();
            count - std::mem::replace(&mut before, count)
        })
        .collect()
}

#[test]
fn a_histogram_has_62_bounds() {
    let metrics = MetricsRegistry::new();
    let (wide, floats) = (metrics.family(&WIDE).unwrap(), metrics.family(&WIDE_FLOATS).unwrap());
    let (wide_handle, floats_handle) = (wide.with(TENANT), floats.with(TENANT));
    let mut nanos = 0;
    // Each bucket gets one more observation than the previous one, up to the bucket of infinity. When the page
    // is read, all recording threads except this one have ended.
    for place in 0..=MANY {
        let took = Duration::from_micros(place as u64 + 1);
        let number = place as f64 - 30.5;
        let record = || {
            for _ in 0..=place {
                wide.observe(TENANT, took);
                wide_handle.observe(took);
                floats.observe(TENANT, number);
                floats_handle.observe(number);
            }
        };
        nanos += took.as_nanos() * 2 * (place as u128 + 1);
        if place % 3 == 0 {
            record();
        } else {
            std::thread::scope(|scope| scope.spawn(record).join().unwrap());
        }
    }
    let expected: Vec<f64> = (0..=MANY).map(|place| 2.0 * (place as f64 + 1.0)).collect();
    assert_eq!(buckets(&metrics, "shop_wide_seconds"), expected);
    assert_eq!(buckets(&metrics, "shop_wide"), expected);
    let sum: f64 = expected.iter().zip(&FLOATS).map(|(count, bound)| count * bound).sum();
    let sum = sum + expected[MANY] * (MANY as f64 - 30.5);
    let labels = [("tenant", "a")];
    assert_eq!(metrics.sample("shop_wide_sum", &labels), Some(sum));
    assert_eq!(metrics.sample("shop_wide_seconds_sum", &labels), Some(nanos as f64 / 1e9));
}

#[test]
fn a_duration_of_more_than_a_year_is_counted_as_one() {
    let metrics = MetricsRegistry::new();
    let wide = metrics.family(&WIDE).unwrap();
    for _ in 0..3 {
        wide.observe(TENANT, Duration::MAX);
    }
    let labels = [("tenant", "a")];
    let sum = metrics.sample("shop_wide_seconds_sum", &labels).unwrap();
    assert_eq!(sum, 3.0 * (1_u64 << 55) as f64 / 1e9);
    assert_eq!(metrics.sample("shop_wide_seconds_count", &labels), Some(3.0));
    assert_eq!(invalid(&metrics, "shop_wide_seconds"), Some(3.0));
}

#[test]
fn each_of_62_buckets_keeps_its_exemplar() {
    let metrics = MetricsRegistry::new();
    let (wide, floats) = (metrics.family(&WIDE).unwrap(), metrics.family(&WIDE_FLOATS).unwrap());
    for place in 0..=MANY {
        let trace = Exemplar::new(&[("place", &place.to_string())]).unwrap();
        wide.observe_with_exemplar(TENANT, Duration::from_micros(place as u64 + 1), &trace);
        floats.with(TENANT).observe_with_exemplar(place as f64 - 30.5, &trace);
    }
    let mut page = Vec::new();
    metrics.encode(Format::OpenMetrics, &mut page);
    let page = String::from_utf8(page).unwrap();
    for name in ["shop_wide_bucket", "shop_wide_seconds_bucket"] {
        let lines: Vec<_> = page.lines().filter(|line| line.starts_with(name)).collect();
        assert_eq!(lines.len(), MANY + 1, "{name}");
        for (place, line) in lines.iter().enumerate() {
            assert!(line.contains(&format!("# {{place=\"{place}\"}} ")), "{place}: {line}");
        }
    }
}

/// OpenMetrics allows no sum that can fall, and its parsers refuse a page with one.
#[test]
fn openmetrics_has_no_sum_of_negative_numbers() {
    static CHANGES: Family<Histogram> =
        Family::histogram("shop_change_euros", "Change.").buckets(&[0.0, 10.0]);
    let metrics = MetricsRegistry::new();
    let changes = metrics.family(&CHANGES).unwrap();
    metrics.family(&VALUES).unwrap().observe(1.0);
    let page = |format| {
        let mut page = Vec::new();
        metrics.encode(format, &mut page);
        String::from_utf8(page).unwrap()
    };
    let has = |page: &str, line: &str| page.lines().any(|l| l == line);
    changes.observe(3.0);
    assert!(has(&page(Format::OpenMetrics), "shop_change_euros_sum 3.0"));
    changes.observe(-5.0);
    let openmetrics = page(Format::OpenMetrics);
    for absent in ["shop_change_euros_sum", "shop_change_euros_count", "shop_order_euros_sum"] {
        assert!(!openmetrics.contains(absent), "{openmetrics}");
    }
    assert!(has(&openmetrics, "shop_change_euros_bucket{le=\"+Inf\"} 2"), "{openmetrics}");
    let text = page(Format::Text);
    assert!(has(&text, "shop_change_euros_sum -2.0"), "{text}");
    assert!(has(&text, "shop_order_euros_count 1"), "{text}");
}
