//! A service's own families: declaring, registering, and recording.

mod support;

use std::time::Duration;

use caracal_metrics_core::{
    Counter, DatabaseOperationType, DurationHistogram, Exemplar, Family, Format, Gauge, Label,
    LabelValues, Method, MetricsRegistry, QueryStatus, StatusCode, catalogue, labels,
};

labels! {
    /// How an order was paid.
    enum Payment { Card => "card", Invoice => "invoice" }

    /// The labels of an order.
    struct Order<'a> { payment: Payment, tenant: &'a str }

    struct Paid { payment: Payment }

    enum Digit {
        Zero => "0", One => "1", Two => "2", Three => "3", Four => "4",
        Five => "5", Six => "6", Seven => "7", Eight => "8", Nine => "9",
    }
    struct Two { tens: Digit, ones: Digit }
    struct TwoAndSign { tens: Digit, ones: Digit, negative: bool }
    struct Answer { status: StatusCode }

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
    // The registry's own families about this family have the value 0 as well.
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
fn eight_open_labels_are_distinguished_by_each_of_them() {
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
    drop(packing.start_timer(order));
    packing.start_timer(order).discard();
    let labels = [("payment", "card"), ("tenant", "acme")];
    assert_eq!(metrics.sample("shop_packing_duration_seconds_count", &labels), Some(4.0));
    let at_most = |le| {
        let labels = [labels[0], labels[1], ("le", le)];
        metrics.sample("shop_packing_duration_seconds_bucket", &labels)
    };
    assert_eq!((at_most("0.025"), at_most("+Inf")), (Some(4.0), Some(4.0)));
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
        DatabaseOperationType::Select,
        "agents",
        QueryStatus::Success,
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
            "orders_metrics_series",
            "orders_metrics_series_limit",
            "orders_metrics_series_limited_total",
        ]
    );
    assert!(!page(&metrics).contains("caracal"));
}

#[test]
fn buckets_of_the_catalogue_can_be_replaced() {
    let metrics = MetricsRegistry::builder()
        .buckets(&catalogue::POLICY_EVALUATION_DURATION, &[Duration::from_micros(50)])
        .build()
        .unwrap();
    let page = page(&metrics);
    let buckets = lines(&page, "caracal_policy_evaluation_duration_seconds_bucket");
    assert_eq!(buckets.len(), 3 * 2, "{buckets:?}");
    assert!(buckets[0].contains(r#"le="5e-05""#), "{buckets:?}");

    // The same for a family of your own, by value and through handles.
    let metrics = MetricsRegistry::builder()
        .buckets(&PACKING, &[Duration::from_secs(1), Duration::from_secs(2)])
        .build()
        .unwrap();
    let order = Order { payment: Payment::Card, tenant: "a" };
    let packing = metrics.family(&PACKING).unwrap();
    packing.observe(order, Duration::from_millis(1_500));
    packing.with(order).observe(Duration::from_millis(500));
    let labels = |le| [("payment", "card"), ("tenant", "a"), ("le", le)];
    let bucket = |le| metrics.sample("shop_packing_duration_seconds_bucket", &labels(le));
    assert_eq!(
        ["0.005", "1.0", "2.0", "+Inf"].map(bucket),
        [None, Some(1.0), Some(2.0), Some(2.0)]
    );
}

#[test]
fn families_with_one_name_in_two_registries_are_independent() {
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

#[test]
fn exemplars_are_on_own_families() {
    let metrics = MetricsRegistry::new();
    let packing = metrics.family(&PACKING).unwrap();
    let order = Order { payment: Payment::Card, tenant: "a" };
    let trace = Exemplar::new(&[("trace_id", "4bf92f35")]).unwrap();
    packing.observe_with_exemplar(order, Duration::from_millis(7), &trace);
    packing.with(order).observe_with_exemplar(Duration::from_secs(2), &trace);
    packing.observe(order, Duration::ZERO);
    let mut page = Vec::new();
    metrics.encode(Format::OpenMetrics, &mut page);
    let page = String::from_utf8(page).unwrap();
    let buckets = lines(&page, "shop_packing_duration_seconds_bucket");
    let exemplars: Vec<_> = buckets
        .iter()
        .map(|line| {
            line.split_once(" # ").map(|(_, exemplar)| exemplar.rsplit_once(' ').unwrap().0)
        })
        .collect();
    let expected =
        [None, Some(r#"{trace_id="4bf92f35"} 0.007"#), Some(r#"{trace_id="4bf92f35"} 2"#)];
    assert_eq!(exemplars, expected, "{page}");
}

#[test]
fn long_values_are_cut_and_counted() {
    let metrics = MetricsRegistry::builder().max_label_value_bytes(32).build().unwrap();
    let orders = metrics.family(&ORDERS).unwrap();
    let queues = metrics.family(&MANY).unwrap();
    let long = ["x".repeat(33), "x".repeat(34)];
    for tenant in &long {
        orders.inc(Order { payment: Payment::Card, tenant });
        orders.inc(Order { payment: Payment::Card, tenant });
        orders.with(Order { payment: Payment::Card, tenant }).inc();
    }
    let [first, second] = &long;
    // If one record has two long values, it is still one record.
    queues.inc(Many { a: first, b: second, c: "", d: "", e: "", f: "", g: "", h: "" });
    let page = page(&metrics);
    let series = lines(&page, "shop_orders");
    assert_eq!(series.len(), 2, "{series:#?}");
    assert!(series.iter().all(|line| line.contains("x…") && line.ends_with(" 3")), "{series:#?}");
    assert!(!page.contains(first), "{page}");
    let invalid =
        |metric| metrics.sample("caracal_metrics_invalid_values_total", &[("metric", metric)]);
    assert_eq!(invalid("shop_orders_total"), Some(6.0));
    assert_eq!(invalid("shop_many_total"), Some(1.0));
}

#[test]
fn a_namespaced_family_of_an_adapter_is_shown_once_it_is_used() {
    static BY_TENANT: Family<Counter, Order<'_>> =
        Family::counter("placed_total", "Placed.").namespaced();
    static JOBS: Family<Counter> = Family::counter("jobs_total", "Jobs.").namespaced();
    static WAITING: Family<Gauge> =
        Family::gauge("jobs_waiting", "Waiting.").namespaced().shown_once_used();
    let metrics = MetricsRegistry::builder().namespace("shop").build().unwrap();
    let jobs = metrics.family(&JOBS);
    let waiting = metrics.family(&WAITING);
    assert_eq!(lines(&page(&metrics), "shop_jobs_total"), ["shop_jobs_total 0"]);
    // The handle of a family without labels is that of its only series.
    assert_eq!(lines(&page(&metrics), "shop_jobs_waiting"), ["shop_jobs_waiting 0"]);
    drop((jobs, waiting));

    let metrics =
        MetricsRegistry::builder().namespace("shop").only_used_families().build().unwrap();
    let placed = metrics.family(&BY_TENANT).unwrap();
    metrics.family(&QUEUE).unwrap();
    assert!(!page(&metrics).contains("shop_placed"));
    assert_eq!(lines(&page(&metrics), "shop_queue"), ["shop_queue_depth 0"]);
    placed.inc(Order { payment: Payment::Card, tenant: "a" });
    assert_eq!(
        lines(&page(&metrics), "shop_placed"),
        [r#"shop_placed_total{payment="card",tenant="a"} 1"#]
    );
    assert!(!page(&metrics).contains("caracal"));
}

#[test]
fn threads_that_register_concurrently_get_the_same_series() {
    static HELP: Family<Counter> = Family::counter("shop_restarts_total", "Restarts.");
    static OTHER_HELP: Family<Counter> = Family::counter("shop_restarts_total", "Other restarts.");
    const THREADS: usize = 8;
    for _ in 0..20 {
        let metrics = MetricsRegistry::new();
        let start = std::sync::Barrier::new(THREADS);
        let registered: Vec<_> = std::thread::scope(|scope| {
            let register = |thread: usize| {
                let (metrics, start) = (&metrics, &start);
                scope.spawn(move || {
                    start.wait();
                    let orders = metrics.family(&ORDERS).unwrap();
                    for _ in 0..100 {
                        orders.inc(Order { payment: Payment::Card, tenant: "a" });
                    }
                    metrics
                        .family(if thread.is_multiple_of(2) { &HELP } else { &OTHER_HELP })
                        .is_ok()
                })
            };
            let threads: Vec<_> = (0..THREADS).map(register).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let placed = [("payment", "card"), ("tenant", "a")];
        assert_eq!(metrics.sample("shop_orders_total", &placed), Some(800.0));
        // Of two constants with the same name, one is registered and the other is refused.
        let first = registered[0];
        assert!(registered.iter().step_by(2).all(|ok| *ok == first), "{registered:?}");
        assert!(registered.iter().skip(1).step_by(2).all(|ok| *ok != first), "{registered:?}");
    }
}

#[test]
fn as_many_as_100_series_read_0_from_the_start() {
    static FEW: Family<Counter, Two> = Family::counter("shop_few_total", "100 series.");
    static MANY: Family<Counter, TwoAndSign> = Family::counter("shop_200_total", "200 series.");
    static ANSWERS: Family<Counter, Answer> = Family::counter("shop_answers_total", "Answers.");
    let metrics = MetricsRegistry::new();
    let few = metrics.family(&FEW).unwrap();
    let many = metrics.family(&MANY).unwrap();
    metrics.family(&ANSWERS).unwrap();
    let before = page(&metrics);
    let shown = lines(&before, "shop_few");
    assert_eq!(shown.len(), 100);
    assert_eq!(shown[42], r#"shop_few_total{tens="4",ones="2"} 0"#);
    assert!(shown.is_sorted());
    assert!(lines(&before, "shop_200").is_empty() && lines(&before, "shop_answers").is_empty());
    for tens in Digit::ALL {
        few.inc(Two { tens: *tens, ones: Digit::Nine });
        many.inc(TwoAndSign { tens: *tens, ones: Digit::Seven, negative: true });
    }
    let after = page(&metrics);
    assert!(lines(&after, "shop_few").iter().filter(|line| line.ends_with(" 1")).count() == 10);
    let many = lines(&after, "shop_200");
    assert_eq!(many.len(), 10);
    assert_eq!(many[9], r#"shop_200_total{tens="9",ones="7",negative="true"} 1"#);
}

/// An index beyond the last one would belong to another label set, or to none.
#[test]
fn a_label_with_a_wrong_index_does_no_harm() {
    #[derive(Clone, Copy, Debug)]
    struct Shard(u32);
    impl Label for Shard {
        const VALUES: LabelValues = LabelValues::Closed(&["a", "b"]);
        fn index(self) -> u32 {
            self.0
        }
    }
    labels! {
        struct Closed { first: bool, shard: Shard }
        struct Open<'a> { shard: Shard, tenant: &'a str }
    }
    static CLOSED: Family<Counter, Closed> = Family::counter("shop_closed_total", "x");
    static OPEN: Family<Counter, Open<'_>> = Family::counter("shop_open_total", "x");
    let metrics = MetricsRegistry::new();
    metrics.family(&CLOSED).unwrap().inc(Closed { first: false, shard: Shard(7) });
    metrics.family(&OPEN).unwrap().inc(Open { shard: Shard(u32::MAX), tenant: "t" });
    let page = page(&metrics);
    assert!(page.contains("shop_closed_total{first=\"false\",shard=\"b\"} 1\n"), "{page}");
    assert!(page.contains("shop_open_total{shard=\"b\",tenant=\"t\"} 1\n"), "{page}");
}
