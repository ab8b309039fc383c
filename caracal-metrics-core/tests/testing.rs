//! The metrics that moved, as a test reads them, and the messages if they did not move as expected.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use caracal_metrics_core::adapter::InstanceKind;
use caracal_metrics_core::snapshot::SeriesValue;
use caracal_metrics_core::testing::{assert_moved, observations};
use caracal_metrics_core::{
    Counter, DurationHistogram, Family, FloatCounter, FloatGauge, Gauge, Histogram,
    MetricsRegistry, Snapshot, StatusCode, labels,
};

labels! {
    enum Payment { Card => "card", Invoice => "invoice" }
    struct Order<'a> { payment: Payment, tenant: &'a str, coupon as "type": Option<&'a str> }
    struct Tenant<'a> { tenant: &'a str }
    struct Answer { status: StatusCode }
}

static ORDERS: Family<Counter, Order<'_>> = Family::counter("orders_total", "Orders.");
static ANSWERS: Family<Counter, Answer> = Family::counter("answers_total", "Answers.").namespaced();
static VOLUME: Family<FloatCounter> = Family::float_counter("volume_total", "Litres.");
static DEPTH: Family<Gauge> = Family::gauge("depth", "Orders that wait.");
static LOAD: Family<FloatGauge> = Family::float_gauge("load", "Load.");
static PACKING: Family<DurationHistogram, Tenant<'_>> =
    Family::duration_histogram("packing_duration_seconds", "Time.")
        .buckets(&[Duration::from_millis(5), Duration::from_millis(50)]);
static WEIGHT: Family<Histogram> = Family::histogram("weight", "Kilograms.").buckets(&[0.5, 2.0]);
static LATER: Family<Counter> = Family::counter("later_total", "Not registered.");

const ACME: Order<'_> = Order { payment: Payment::Card, tenant: "acme", coupon: None };
const SPRING: Order<'_> = Order { coupon: Some("spring"), ..ACME };

fn message<R>(run: impl FnOnce() -> R) -> String {
    let payload = catch_unwind(AssertUnwindSafe(|| drop(run()))).expect_err("it passes");
    payload.downcast_ref::<String>().expect("a formatted message").clone()
}

/// Returns a registry and a snapshot before the changes. Every family has a series that does not move.
fn scene(settings: impl FnOnce(&MetricsRegistry)) -> (MetricsRegistry, Snapshot) {
    let metrics = MetricsRegistry::builder()
        .namespace("shop")
        .const_label("region", "eu")
        .build()
        .expect("valid settings");
    metrics.family(&ORDERS).unwrap().inc_by(ACME, 5);
    metrics.family(&VOLUME).unwrap().inc_by(0.2);
    metrics.family(&DEPTH).unwrap().set(7);
    metrics.family(&LOAD).unwrap().set(f64::NAN);
    metrics.family(&ANSWERS).unwrap();
    metrics.family(&PACKING).unwrap().observe(Tenant { tenant: "acme" }, Duration::from_secs(90));
    metrics.family(&WEIGHT).unwrap().observe(1.0);
    settings(&metrics);
    let before = metrics.snapshot();
    (metrics, before)
}

#[test]
fn typed_reads_give_what_moved() {
    let (metrics, before) = scene(|_| {});
    let nothing = metrics.snapshot().since(&before);
    assert!(nothing.series().is_empty(), "{nothing}");
    assert_moved!(nothing, {});

    metrics.family(&ORDERS).unwrap().inc(ACME);
    metrics.family(&ORDERS).unwrap().inc_by(SPRING, 2);
    metrics.family(&ANSWERS).unwrap().inc(Answer { status: StatusCode::new(404) });
    metrics.family(&VOLUME).unwrap().inc_by(0.1);
    metrics.family(&DEPTH).unwrap().set(4);
    metrics.family(&LOAD).unwrap().set(0.5);
    let packing = metrics.family(&PACKING).unwrap();
    packing.observe(Tenant { tenant: "acme" }, Duration::from_nanos(5_000_001));
    packing.observe(Tenant { tenant: "acme" }, Duration::from_millis(5));
    metrics.family(&WEIGHT).unwrap().observe(-2.0);

    let after = metrics.snapshot();
    assert_eq!(after.value_of(&DEPTH, ()), Some(SeriesValue::Gauge(4)));
    assert_eq!(after.value_of(&PACKING, Tenant { tenant: "none" }), None);
    let moved = after.since(&before);
    assert_eq!(moved.counter(&ORDERS, ACME), 1);
    assert_eq!(moved.counter(&ORDERS, SPRING), 2);
    assert_eq!(moved.counter(&ORDERS, Order { tenant: "none", ..ACME }), 0);
    assert_eq!(moved.counter(&ANSWERS, Answer { status: StatusCode::new(404) }), 1);
    assert!((moved.float_counter(&VOLUME, ()) - 0.1).abs() < 1e-12);
    assert_eq!(moved.gauge(&DEPTH, ()), -3);
    assert!(
        moved.float_gauge(&LOAD, ()).is_nan(),
        "there is no number from which NaN could result"
    );
    let packing = moved.histogram(&PACKING, Tenant { tenant: "acme" });
    assert_eq!((packing.count(), packing.sum()), (2, 0.010_000_001));
    assert_eq!(packing.bucket(0.005), Some(1));
    assert_eq!(packing.bucket(0.006), None);
    assert_eq!(packing.buckets(), [(0.005, 1), (0.05, 2), (f64::INFINITY, 2)]);
    assert_eq!(moved.histogram(&WEIGHT, ()).sum(), -2.0);

    let labels = [("tenant", "acme"), ("payment", "card"), ("type", "spring")];
    assert_eq!(moved.value("orders_total", &labels), 2.0);
    assert_eq!(moved.value("orders_total", &[labels[0], labels[1], ("region", "eu")]), 1.0);
    assert_eq!(moved.value("shop_answers_total", &[("status", "404")]), 1.0);
    let named = moved.histogram_named("packing_duration_seconds", &[("tenant", "acme")]);
    assert_eq!(named, packing);

    assert_moved!(moved, {
        ORDERS[ACME] => 1,
        "orders_total" { payment: Payment::Card, tenant: "acme", type: "spring" } => 2_u64,
        ANSWERS[Answer { status: StatusCode::new(404) }] => 1,
        VOLUME => 0.1,
        DEPTH => -3,
        "load" => f64::NAN,
        PACKING[Tenant { tenant: "acme" }] => observations(2).sum(0.010_000_001).bucket(0.005, 1),
        "weight" => 1,
    });
    assert_moved!(moved.without(&["orders_total", "l*", "w*", "p*"]), {
        VOLUME => 0.1, DEPTH => -3, ANSWERS[Answer { status: StatusCode::new(404) }] => 1
    });
}

#[test]
fn a_table_shows_everything_that_moved() {
    let (metrics, before) = scene(|_| {});
    metrics.family(&ORDERS).unwrap().inc(ACME);
    metrics.family(&ORDERS).unwrap().inc_by(SPRING, 2);
    metrics.family(&DEPTH).unwrap().set(4);
    let packing = metrics.family(&PACKING).unwrap();
    packing.observe(Tenant { tenant: "acme" }, Duration::from_millis(7));
    let moved = metrics.snapshot().since(&before);
    let found = message(|| {
        assert_moved!(moved, {
            ORDERS[ACME] => 1,
            ORDERS[Order { tenant: "initech", ..ACME }] => 3,
            "depth" => 1,
            PACKING[Tenant { tenant: "acme" }] => observations(2).sum(0.02).bucket(0.05, 2),
            VOLUME => 0,
        });
    });
    let expected = "\
metrics did not move as expected
            expected                                 moved                                      series
            1                                        1                                          orders_total{payment=\"card\",tenant=\"acme\",region=\"eu\"}
missing     3                                        -                                          orders_total{payment=\"card\",tenant=\"initech\"}
differs     1                                        -3                                         depth{region=\"eu\"}
differs     2 observations, sum 0.02, 2 up to 0.05   1 observations, sum 0.007, 1 up to 0.05    packing_duration_seconds{tenant=\"acme\",region=\"eu\"}
            0                                        0                                          volume_total
unexpected  -                                        2                                          orders_total{payment=\"card\",tenant=\"acme\",type=\"spring\",region=\"eu\"}
";
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(words(&found), words(expected), "{found}");
    // The columns are aligned.
    let series = |line: &str| line.find("orders_total").or_else(|| line.find("series"));
    let columns: Vec<_> = found.lines().skip(1).filter_map(series).collect();
    assert!(columns.windows(2).all(|pair| pair[0] == pair[1]), "{found}");

    let table = moved.to_string();
    assert_eq!(table.lines().count(), 5, "{table}");
    assert!(
        table.contains("-3        depth{region=\"eu\"}\n") || table.contains("-3  "),
        "{table}"
    );
}

#[test]
fn one_series_that_moves_unexpectedly_fails_it_unless_others_may() {
    let (metrics, before) = scene(|_| {});
    metrics.family(&DEPTH).unwrap().set(4);
    let moved = metrics.snapshot().since(&before);
    assert_moved!(moved, { .. });
    let found = message(|| assert_moved!(moved, {}));
    assert!(found.contains("unexpected  -         -3     depth"), "{found}");
    let found = message(|| assert_moved!(moved, { "depth" => -2, .. }));
    assert!(found.contains("differs  -2        -3     depth"), "{found}");
    let found = message(|| assert_moved!(moved, { "depth" => -3, VOLUME => 1, .. }));
    assert!(found.contains("missing  1         -      volume_total"), "{found}");
}

#[test]
fn a_misspelt_name_is_a_mistake_and_not_0() {
    let (metrics, before) = scene(|_| {});
    let moved = metrics.snapshot().since(&before);
    let order = [("payment", "card"), ("tenant", "acme")];
    let found = message(|| moved.value("order_totals", &order));
    assert_eq!(
        found,
        "no family is registered under the name \"order_totals\": did you mean orders_total?"
    );
    let found = message(|| assert_moved!(moved, { "shop_answer_total" { status: 200 } => 1 }));
    let rows = "metrics did not move as expected\n  expected  moved  series\n";
    let hint = "did you mean shop_answers_total?";
    let name = "shop_answer_total";
    let expected = format!("{rows}no family is registered under the name {name:?}: {hint}\n");
    assert_eq!(found, expected);
    let found = message(|| moved.value("kitchen_sink_total", &[]));
    assert!(found.ends_with(
        ": register it, or attach the thing that it belongs to, before the first snapshot"
    ));
    let found = message(|| moved.counter(&LATER, ()));
    assert!(found.starts_with("no family is registered under the name \"later_total\""), "{found}");
    let found = message(|| metrics.snapshot().value_of(&LATER, ()).is_some());
    assert!(found.contains("later_total"), "{found}");

    for labels in [&order[..1], &[order[0], ("tenat", "acme")], &[order[0], order[1], ("x", "y")]] {
        let found = message(|| moved.value("orders_total", labels));
        let given: Vec<_> = labels.iter().map(|(name, _)| *name).collect();
        let given = given.join(", ");
        let expected = format!(
            "orders_total has the labels [payment, tenant, type], but [{given}] were given"
        );
        assert_eq!(found, expected);
    }
}

#[test]
fn foreign_families_are_read_by_name() {
    let jobs = prometheus::IntCounterVec::new(prometheus::Opts::new("jobs", "J."), &["queue"]);
    let jobs = jobs.unwrap();
    let collector = jobs.clone();
    let (metrics, before) = scene(|metrics| metrics.register(Box::new(collector)).unwrap());
    jobs.with_label_values(&["mail"]).inc_by(3);
    let moved = metrics.snapshot().since(&before);
    assert_eq!(moved.value("jobs", &[("queue", "mail")]), 3.0);
    assert_moved!(moved, { "jobs" { queue: "mail" } => 3 });
    let found = message(|| moved.value("jobs", &[("queu", "mail")]));
    assert_eq!(found, "jobs has the labels [queue], but [queu] were given");
    let found = message(|| moved.value("job", &[]));
    assert!(found.ends_with("did you mean jobs?"), "{found}");
}

#[test]
fn reattached_things_count_from_0_and_removed_series_are_named() {
    const QUEUE: InstanceKind = InstanceKind::new("queue");
    let attach = |metrics: &MetricsRegistry, name: &str| {
        let mut builder = metrics.attach(QUEUE, Some(name)).unwrap();
        let orders = builder.series(&ORDERS, Order { tenant: name, ..ACME }).unwrap();
        (builder.build(), orders)
    };
    let metrics = MetricsRegistry::new();
    let (mail, orders) = attach(&metrics, "mail");
    orders.inc_by(5);
    let log = attach(&metrics, "log");
    let before = metrics.snapshot();
    drop((mail, log));
    let (_mail, orders) = attach(&metrics, "mail");
    orders.inc_by(2);
    let moved = metrics.snapshot().since(&before);
    assert_eq!(moved.counter(&ORDERS, Order { tenant: "mail", ..ACME }), 2);
    let gone = "orders_total{payment=\"card\",tenant=\"log\"}";
    assert_eq!(moved.gone(), [gone]);
    let found = message(|| assert_moved!(moved, {}));
    assert!(found.ends_with(&format!("{gone} left the page\n")), "{found}");
}

#[test]
fn values_are_cut_and_aggregated_as_in_the_registry() {
    let metrics = MetricsRegistry::builder().max_label_value_bytes(40).build().unwrap();
    let long = "x".repeat(100);
    metrics.family(&ORDERS).unwrap().inc(Order { tenant: &long, ..ACME });
    let moved = metrics.snapshot().since(&Snapshot::default());
    assert_eq!(moved.counter(&ORDERS, Order { tenant: &long, ..ACME }), 1);
    let labels = [("payment", "card"), ("tenant", long.as_str())];
    assert_eq!(moved.value("orders_total", &labels), 1.0);

    let metrics = MetricsRegistry::builder().aggregate_label("tenant").build().unwrap();
    metrics.family(&ORDERS).unwrap().inc(ACME);
    let moved = metrics.snapshot().since(&Snapshot::default());
    assert_eq!(moved.counter(&ORDERS, Order { tenant: "any", ..ACME }), 1);
}
