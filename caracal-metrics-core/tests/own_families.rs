//! Families of a service's own: declared, registered and recorded into.

mod support;

use std::time::Duration;

use caracal_metrics_core::{
    Counter, DurationHistogram, Family, FamilyError, Format, Gauge, Method, MetricsRegistry,
    StatusCode, labels,
};

labels! {
    /// How an order was paid.
    enum Payment { Card => "card", Invoice => "invoice" }

    /// The labels of an order.
    struct Order<'a> { payment: Payment, tenant: &'a str }

    struct Paid { payment: Payment }

    struct Call<'a> {
        method: Method,
        status as "code": StatusCode,
        upstream: Option<&'a str>,
        cached: bool,
    }

    struct Many<'a> {
        a: &'a str, b: &'a str, c: &'a str, d: &'a str, e: &'a str, f: &'a str, g: &'a str, h: &'a str,
    }
}

static ORDERS: Family<Counter, Order<'_>> = Family::counter("shop_orders_total", "Orders placed.");
static PAID: Family<Counter, Paid> = Family::counter("shop_paid_total", "Orders paid.");
static CALLS: Family<Counter, Call<'_>> = Family::counter("shop_calls_total", "Calls.");
static MANY: Family<Counter, Many<'_>> = Family::counter("shop_many_total", "Many labels.");
static QUEUE: Family<Gauge> = Family::gauge("shop_queue_depth", "Orders that wait.");
static BALANCE: Family<Gauge, Paid> = Family::gauge("shop_balance", "May be negative.");
static PACKING: Family<DurationHistogram, Order<'_>> =
    Family::duration_histogram("shop_packing_duration_seconds", "Time from order to parcel.")
        .buckets(&[Duration::from_millis(5), Duration::from_millis(25)]);

fn page(metrics: &MetricsRegistry) -> String {
    String::from_utf8(metrics.generate_metrics()).unwrap()
}

fn lines<'a>(page: &'a str, name: &str) -> Vec<&'a str> {
    page.lines().filter(|line| !line.starts_with('#') && line.starts_with(name)).collect()
}

#[test]
fn a_counter_is_on_the_page_under_the_name_in_the_source() {
    let metrics = MetricsRegistry::builder().namespace("ignored").build().unwrap();
    let orders = metrics.family(&ORDERS).unwrap();
    orders.inc(Order { payment: Payment::Card, tenant: "acme" });
    orders.inc_by(Order { payment: Payment::Card, tenant: "acme" }, 2);
    let invoices = orders.with(Order { payment: Payment::Invoice, tenant: "b\"\\\n" });
    invoices.inc();
    assert_eq!(
        lines(&page(&metrics), "shop_orders"),
        [
            r#"shop_orders_total{payment="card",tenant="acme"} 3"#,
            r#"shop_orders_total{payment="invoice",tenant="b\"\\\n"} 1"#,
        ]
    );
}

#[test]
fn unlabelled_and_closed_series_read_0_from_the_start() {
    let metrics = MetricsRegistry::new();
    metrics.family(&PAID).unwrap();
    metrics.family(&QUEUE).unwrap();
    metrics.family(&ORDERS).unwrap();
    let page = page(&metrics);
    assert_eq!(
        lines(&page, "shop_"),
        [
            r#"shop_paid_total{payment="card"} 0"#,
            r#"shop_paid_total{payment="invoice"} 0"#,
            "shop_queue_depth 0",
        ]
    );
    assert!(page.contains("# TYPE shop_orders_total counter\n"));
    // What the registry may have to say about the family reads 0 as well.
    assert!(
        page.contains("caracal_metrics_series_limited_total{metric=\"shop_orders_total\"} 0\n")
    );
}

#[test]
fn the_same_constant_gives_the_same_series() {
    let metrics = MetricsRegistry::new();
    let first = metrics.family(&QUEUE).unwrap();
    let second = metrics.family(&QUEUE).unwrap();
    first.set(3);
    second.add(2);
    assert_eq!(lines(&page(&metrics), "shop_"), ["shop_queue_depth 5"]);
}

#[test]
fn gauges_are_set_moved_and_tracked_and_may_be_negative() {
    let metrics = MetricsRegistry::new();
    let balance = metrics.family(&BALANCE).unwrap();
    balance.set(Paid { payment: Payment::Card }, -7);
    balance.add(Paid { payment: Payment::Invoice }, -1);
    let guard = balance.track(Paid { payment: Payment::Invoice });
    let read = |payment| metrics.sample("shop_balance", &[("payment", payment)]);
    assert_eq!((read("card"), read("invoice")), (Some(-7.0), Some(0.0)));
    let moved = std::thread::spawn(move || drop(guard));
    moved.join().unwrap();
    assert_eq!(read("invoice"), Some(-1.0));
}

#[test]
fn labels_of_every_kind_are_written_in_order() {
    let metrics = MetricsRegistry::new();
    let calls = metrics.family(&CALLS).unwrap();
    let call = Call {
        method: Method::new("PUT"),
        status: StatusCode::new(204),
        upstream: Some("eu"),
        cached: true,
    };
    calls.inc(call);
    calls.inc(Call { upstream: None, status: StatusCode::new(7), ..call });
    assert_eq!(
        lines(&page(&metrics), "shop_calls"),
        [
            r#"shop_calls_total{method="PUT",code="204",upstream="eu",cached="true"} 1"#,
            r#"shop_calls_total{method="PUT",code="unknown",cached="true"} 1"#,
        ]
    );
}

#[test]
fn eight_open_labels_are_told_apart_by_each_of_them() {
    let metrics = MetricsRegistry::new();
    let many = metrics.family(&MANY).unwrap();
    let long = "x".repeat(100);
    let texts = ["", "x", "xx", "0123456789abcdef", "0123456789abcdefg", &long];
    let base = Many { a: "", b: "", c: "", d: "", e: "", f: "", g: "", h: "" };
    let mut expected = 0;
    for text in texts {
        for set in [
            Many { a: text, ..base },
            Many { b: text, ..base },
            Many { c: text, ..base },
            Many { d: text, ..base },
            Many { e: text, ..base },
            Many { f: text, ..base },
            Many { g: text, ..base },
            Many { h: text, ..base },
        ] {
            many.inc(set);
            many.with(set).inc();
        }
        expected += if text.is_empty() { 1 } else { 8 };
    }
    let page = page(&metrics);
    let series = lines(&page, "shop_many");
    assert_eq!(series.len(), expected);
    let total: u64 =
        series.iter().map(|l| l.rsplit_once(' ').unwrap().1.parse::<u64>().unwrap()).sum();
    assert_eq!(total, 6 * 8 * 2);
    assert!(series.iter().skip(1).all(|line| line.ends_with(" 2")), "{series:#?}");
}

#[test]
fn a_histogram_is_exact() {
    let metrics = MetricsRegistry::new();
    let packing = metrics.family(&PACKING).unwrap();
    let order = Order { payment: Payment::Card, tenant: "acme" };
    packing.observe(order, Duration::from_nanos(1));
    packing.with(order).observe(Duration::from_millis(25));
    drop(packing.with(order).start_timer());
    packing.with(order).start_timer().discard();
    let labels = [("payment", "card"), ("tenant", "acme")];
    assert_eq!(metrics.sample("shop_packing_duration_seconds_count", &labels), Some(3.0));
    let at_most = |le| {
        let labels = [labels[0], labels[1], ("le", le)];
        metrics.sample("shop_packing_duration_seconds_bucket", &labels)
    };
    assert_eq!((at_most("0.025"), at_most("+Inf")), (Some(3.0), Some(3.0)));
}

#[test]
fn a_full_family_folds_into_one_series_whatever_its_labels() {
    let metrics = MetricsRegistry::builder().max_series(&MANY, 3).max_series(&ORDERS, 2).build();
    let metrics = metrics.unwrap();
    let many = metrics.family(&MANY).unwrap();
    let orders = metrics.family(&ORDERS).unwrap();
    for n in 0..10 {
        let text = n.to_string();
        many.inc(Many { a: "", b: "", c: &text, d: "", e: "", f: "", g: "", h: "" });
        orders.with(Order { payment: Payment::Card, tenant: &text }).inc();
    }
    let page = page(&metrics);
    assert_eq!(lines(&page, "shop_many").len(), 4);
    let folded = r#"shop_many_total{a="aggregated",b="aggregated",c="aggregated",d="aggregated",e="aggregated",f="aggregated",g="aggregated",h="aggregated"} 7"#;
    assert!(page.contains(folded), "{page}");
    assert!(page.contains(r#"shop_orders_total{payment="card",tenant="aggregated"} 8"#), "{page}");
    let limited =
        |metric| metrics.sample("caracal_metrics_series_limited_total", &[("metric", metric)]);
    assert_eq!(limited("shop_many_total"), Some(7.0));
    assert_eq!(limited("shop_orders_total"), Some(8.0));
}

#[test]
fn constant_labels_and_aggregation_apply_to_own_families() {
    let metrics =
        MetricsRegistry::builder().const_label("region", "eu").aggregate_label("tenant").build();
    let metrics = metrics.unwrap();
    let orders = metrics.family(&ORDERS).unwrap();
    orders.inc(Order { payment: Payment::Card, tenant: "a" });
    orders.inc(Order { payment: Payment::Card, tenant: "b" });
    assert_eq!(
        lines(&page(&metrics), "shop_orders"),
        [r#"shop_orders_total{payment="card",tenant="aggregated",region="eu"} 2"#]
    );
}

#[test]
fn only_used_families_are_on_the_page_under_the_namespace() {
    let metrics =
        MetricsRegistry::builder().namespace("orders").only_used_families().build().unwrap();
    let used = |page: &str| -> Vec<String> {
        page.lines()
            .filter_map(|line| line.strip_prefix("# TYPE "))
            .map(|line| line.split(' ').next().unwrap().to_owned())
            .collect()
    };
    assert_eq!(used(&page(&metrics)), ["orders_metrics_collection_errors_total"]);
    metrics.record_replay_block("nonce");
    metrics.record_database_query(
        caracal_metrics_core::DatabaseOperationType::Select,
        "agents",
        caracal_metrics_core::QueryStatus::Success,
        Duration::ZERO,
    );
    assert_eq!(
        used(&page(&metrics)),
        [
            "orders_database_queries_total",
            "orders_database_query_duration_seconds",
            "orders_gateway_replay_blocks_total",
            "orders_metrics_collection_errors_total",
            "orders_metrics_invalid_values_total",
            "orders_metrics_series_limited_total",
        ]
    );
    assert!(!page(&metrics).contains("caracal"));
}

#[test]
fn buckets_of_the_catalogue_can_be_replaced() {
    let metrics = MetricsRegistry::builder()
        .buckets(
            &caracal_metrics_core::catalogue::POLICY_EVALUATION_DURATION,
            &[Duration::from_micros(50)],
        )
        .build()
        .unwrap();
    let page = page(&metrics);
    let buckets = lines(&page, "caracal_policy_evaluation_duration_seconds_bucket");
    assert_eq!(buckets.len(), 3 * 2, "{buckets:?}");
    assert!(buckets[0].contains(r#"le="5e-05""#), "{buckets:?}");
}

#[test]
fn a_family_that_is_not_valid_is_refused_and_nothing_is_registered() {
    static CASES: &[(&Family<Counter>, &str)] = &[
        (&Family::counter("9lives_total", "x"), "is not a valid metric name"),
        (&Family::counter("job:rate_total", "x"), "is not a valid metric name"),
        (&Family::counter("", "x"), "is not a valid metric name"),
        (&Family::counter("jobs", "x"), "must end in \"_total\""),
        (&Family::counter("jobs_total", "x").unit("bytes"), "must end in its unit, \"_bytes\""),
    ];
    static GAUGE: Family<Gauge> = Family::gauge("jobs_count", "x");
    let gauge = MetricsRegistry::new().family(&GAUGE).unwrap_err();
    assert!(gauge.to_string().contains("can't end in \"_count\""), "{gauge}");
    for (family, message) in CASES {
        let metrics = MetricsRegistry::new();
        let before = page(&metrics);
        let error = metrics.family(*family).unwrap_err();
        assert!(error.to_string().contains(message), "{error}");
        assert_eq!(page(&metrics), before);
    }
}

labels! {
    struct Twice<'a> { a: &'a str, b as "a": &'a str }
    struct Reserved<'a> { le: &'a str }
    struct Invalid<'a> { a as "a-b": &'a str }
    enum Same { A => "x", B => "x" }
    struct SameValue { same: Same }
}

#[test]
fn labels_that_are_not_valid_are_refused() {
    static TWICE: Family<Counter, Twice<'_>> = Family::counter("x_total", "x");
    static RESERVED: Family<Counter, Reserved<'_>> = Family::counter("x_total", "x");
    static INVALID: Family<Counter, Invalid<'_>> = Family::counter("x_total", "x");
    static SAME: Family<Counter, SameValue> = Family::counter("x_total", "x");
    let metrics = MetricsRegistry::builder().const_label("tenant", "x").build().unwrap();
    let duplicate = metrics.family(&TWICE).unwrap_err();
    assert!(matches!(duplicate, FamilyError::DuplicateLabelName { .. }), "{duplicate}");
    let reserved = metrics.family(&RESERVED).unwrap_err();
    assert!(matches!(reserved, FamilyError::ReservedLabelName { .. }), "{reserved}");
    let invalid = metrics.family(&INVALID).unwrap_err();
    assert!(matches!(invalid, FamilyError::InvalidLabelName { .. }), "{invalid}");
    let same = metrics.family(&SAME).unwrap_err();
    assert!(matches!(same, FamilyError::DuplicateLabelValue { .. }), "{same}");
    let constant = metrics.family(&ORDERS).unwrap_err();
    assert!(matches!(constant, FamilyError::ConstLabel { .. }), "{constant}");
    assert!(!page(&metrics).contains("x_total"));
}

#[test]
fn buckets_that_are_not_valid_are_refused() {
    const MS: fn(u64) -> Duration = Duration::from_millis;
    static NONE: Family<DurationHistogram> = Family::duration_histogram("t_seconds", "x");
    static ZERO: Family<DurationHistogram> =
        Family::duration_histogram("t_seconds", "x").buckets(&[Duration::ZERO]);
    static FALLING: Family<DurationHistogram> = Family::duration_histogram("t_seconds", "x")
        .buckets(&[Duration::from_millis(2), Duration::from_millis(1)]);
    let _ = MS;
    let metrics = MetricsRegistry::new();
    let none = metrics.family(&NONE).unwrap_err();
    assert!(matches!(none, FamilyError::NoBuckets { .. }), "{none}");
    for family in [&ZERO, &FALLING] {
        let invalid = metrics.family(family).unwrap_err();
        assert!(matches!(invalid, FamilyError::InvalidBound { .. }), "{invalid}");
    }
}

#[test]
fn names_that_collide_are_refused_with_both_sides() {
    static HISTOGRAM: Family<DurationHistogram> =
        Family::duration_histogram("job_seconds", "x").buckets(&[Duration::from_millis(1)]);
    static OTHER_HELP: Family<Gauge> = Family::gauge("shop_queue_depth", "Another text.");
    static OTHER_TYPE: Family<Counter, Paid> = Family::counter("shop_orders_total", "x");
    static BASE: Family<Gauge> = Family::gauge("shop_orders", "x");
    let metrics = MetricsRegistry::new();
    metrics.family(&QUEUE).unwrap();
    metrics.family(&ORDERS).unwrap();
    metrics.family(&HISTOGRAM).unwrap();
    for error in
        [metrics.family(&OTHER_HELP).unwrap_err(), metrics.family(&OTHER_TYPE).unwrap_err()]
    {
        assert!(matches!(error, FamilyError::DifferentDescription { .. }), "{error}");
    }
    let base = metrics.family(&BASE).unwrap_err();
    assert!(matches!(base, FamilyError::NameCollision { .. }), "{base}");
    assert!(base.to_string().contains("shop_orders_total"), "{base}");
}

#[test]
fn a_family_and_the_attached_registry_do_not_share_a_name() {
    let mine = prometheus::Registry::new();
    let gauge = prometheus::IntGauge::new("shop_queue_depth", "Mine.").unwrap();
    mine.register(Box::new(gauge)).unwrap();
    let metrics = MetricsRegistry::builder().registry(mine.clone()).build().unwrap();
    let taken = metrics.family(&QUEUE).unwrap_err();
    assert!(matches!(taken, FamilyError::NameInPrometheusRegistry { .. }), "{taken}");

    metrics.family(&PAID).unwrap();
    let counter = prometheus::IntCounter::new("shop_paid_total", "Theirs.").unwrap();
    mine.register(Box::new(counter)).unwrap_err();
    assert!(mine.gather().iter().any(|family| family.name() == "shop_paid_total"));
}

#[test]
fn families_of_one_name_in_two_registries_are_apart() {
    let (one, two) = (MetricsRegistry::new(), MetricsRegistry::new());
    one.family(&QUEUE).unwrap().set(1);
    two.family(&QUEUE).unwrap().set(2);
    assert_eq!(one.sample("shop_queue_depth", &[]), Some(1.0));
    assert_eq!(two.sample("shop_queue_depth", &[]), Some(2.0));
}

#[test]
fn a_handle_outlives_its_registry() {
    let metrics = MetricsRegistry::new();
    let queue = metrics.family(&QUEUE).unwrap();
    let guard = queue.track();
    drop(metrics);
    queue.set(4);
    drop(queue);
    drop(guard);
    let metrics = MetricsRegistry::new();
    metrics.family(&QUEUE).unwrap();
    assert_eq!(metrics.sample("shop_queue_depth", &[]), Some(0.0));
}

#[test]
fn every_format_has_own_families() {
    let metrics = MetricsRegistry::new();
    metrics.family(&ORDERS).unwrap().inc(Order { payment: Payment::Card, tenant: "a" });
    let mut page = Vec::new();
    metrics.encode(Format::OpenMetrics, &mut page);
    let page = String::from_utf8(page).unwrap();
    assert!(page.contains("# TYPE shop_orders counter\n"), "{page}");
    assert!(page.contains("shop_orders_total{payment=\"card\",tenant=\"a\"} 1\n"), "{page}");
}
