//! Families that a registry refuses: each error names both sides and the remedy, and nothing is registered.

mod support;

use std::time::Duration;

use caracal_metrics_core::{
    BuildError, Counter, DurationHistogram, Family, FamilyError, FloatCounter, FloatGauge, Gauge,
    Histogram, Kind, MetricsRegistry, Registered, catalogue, labels,
};

labels! {
    enum Payment { Card => "card", Invoice => "invoice" }
    enum Same { A => "x", B => "x" }
    struct Paid { payment: Payment }
    struct Tenant<'a> { tenant: &'a str }
    struct OtherTenant<'a> { tenant: Option<&'a str> }
    struct Twice<'a> { a: &'a str, b as "a": &'a str }
    struct Bound<'a> { le: &'a str }
    struct Quantile<'a> { quantile: &'a str }
    struct Dash<'a> { a as "a-b": &'a str }
    struct Internal<'a> { a as "__a": &'a str }
    struct Empty<'a> { a as "": &'a str }
    struct SameValue { same: Same }
}

fn page(metrics: &MetricsRegistry) -> String {
    String::from_utf8(metrics.generate_metrics()).unwrap()
}

/// Registers a family that must be refused, and checks the parts of the message.
#[track_caller]
fn refused<K: Kind, L: Registered>(
    metrics: &MetricsRegistry,
    family: &'static Family<K, L>,
    parts: &[&str],
) -> FamilyError {
    let before = page(metrics);
    let Err(error) = metrics.family(family) else { panic!("{family:?} was registered") };
    let message = error.to_string();
    for part in parts {
        assert!(message.contains(part), "{part:?} is missing: {message}");
    }
    assert!(message.contains(&format!("{:?}", family.spec().name)), "no name: {message}");
    assert_eq!(page(metrics), before, "the page is as before");
    error
}

macro_rules! counters {
    ($($name:literal),+) => { [$({
        static FAMILY: Family<Counter> = Family::counter($name, "x");
        &FAMILY
    }),+] };
}

macro_rules! gauges {
    ($($name:literal),+) => { [$({
        static FAMILY: Family<Gauge> = Family::gauge($name, "x");
        (&FAMILY, $name)
    }),+] };
}

#[test]
fn names() {
    static HISTOGRAM: Family<Histogram> = Family::histogram("a_sum", "x").buckets(&[1.0]);
    let metrics = MetricsRegistry::new();
    for family in counters!["", "9lives_total", "job:rate_total", "jöbs_total", "a b_total", "a\n"]
    {
        let error = refused(&metrics, family, &["valid metric name", "use letters"]);
        assert!(matches!(error, FamilyError::InvalidName { .. }), "{error}");
    }
    for family in counters!["jobs", "total", "jobs_total_"] {
        let error = refused(&metrics, family, &["must end in \"_total\"", "rename it"]);
        assert!(matches!(error, FamilyError::CounterWithoutTotal { .. }), "{error}");
    }
    for (family, name) in gauges!["jobs_total", "jobs_bucket", "jobs_sum", "jobs_count"] {
        let suffix = name.strip_prefix("jobs").unwrap();
        let parts = ["gauge", &format!("{suffix:?}"), "rename it"];
        let error = refused(&metrics, family, &parts);
        assert!(matches!(error, FamilyError::ReservedSuffix { .. }), "{error}");
    }
    let error = refused(&metrics, &HISTOGRAM, &["histogram", "\"_sum\""]);
    assert!(matches!(error, FamilyError::ReservedSuffix { .. }), "{error}");
}

#[test]
fn a_name_or_a_help_text_that_is_empty() {
    static SILENT: Family<Counter> = Family::counter("jobs_total", "");
    let metrics = MetricsRegistry::new();
    let error = refused(&metrics, &SILENT, &["help text", "is empty", "describe in a sentence"]);
    assert!(matches!(error, FamilyError::EmptyHelp { .. }), "{error}");
    for family in counters!["_total", "__total"] {
        let error = metrics.family(family);
        let is_bare = family.spec().name == "_total";
        assert_eq!(matches!(error, Err(FamilyError::InvalidName { .. })), is_bare, "{error:?}");
    }
}

#[test]
fn buckets_of_the_builder_for_a_family_that_is_not_registered() {
    static TIMES: Family<Histogram> = Family::histogram("jobs_seconds", "x").buckets(&[1.0]);
    let refused = |bounds: &[f64]| MetricsRegistry::builder().buckets(&TIMES, bounds).build();
    for bounds in [&[][..], &[2.0, 1.0], &[f64::NAN]] {
        let error = refused(bounds).unwrap_err();
        assert!(error.to_string().contains("jobs_seconds"), "{error}");
    }
}

#[test]
fn buckets_of_the_builder_do_not_apply_to_a_family_of_another_type() {
    static FLOATS: Family<Histogram> = Family::histogram("jobs_seconds", "x").buckets(&[1.0]);
    static DURATIONS: Family<DurationHistogram> =
        Family::duration_histogram("jobs_seconds", "x").buckets(&[Duration::from_secs(1)]);
    let metrics = MetricsRegistry::builder().buckets(&FLOATS, &[0.5, 2.0]).build().unwrap();
    metrics.family(&DURATIONS).unwrap().observe(Duration::from_secs(60));
    let page = page(&metrics);
    assert!(page.contains("jobs_seconds_bucket{le=\"1.0\"} 0\n"), "{page}");
    assert!(page.contains("jobs_seconds_bucket{le=\"+Inf\"} 1\n"), "{page}");
}

#[test]
fn units() {
    static BYTES: Family<Counter> = Family::counter("jobs_total", "x").unit("bytes");
    static INSIDE: Family<FloatCounter> =
        Family::float_counter("megabytes_total", "x").unit("bytes");
    static SECONDS: Family<DurationHistogram> =
        Family::duration_histogram("took", "x").buckets(&[Duration::from_secs(1)]);
    let metrics = MetricsRegistry::new();
    for error in [
        refused(&metrics, &BYTES, &["\"_bytes\"", "rename it, or change the unit"]),
        refused(&metrics, &INSIDE, &["\"_bytes\""]),
        refused(&metrics, &SECONDS, &["\"_seconds\""]),
    ] {
        assert!(matches!(error, FamilyError::MissingUnit { .. }), "{error}");
    }
}

#[test]
fn label_names_and_values() {
    static TWICE: Family<Counter, Twice<'_>> = Family::counter("x_total", "x");
    static BOUND: Family<Counter, Bound<'_>> = Family::counter("x_total", "x");
    static QUANTILE: Family<Gauge, Quantile<'_>> = Family::gauge("x", "x");
    static DASH: Family<Counter, Dash<'_>> = Family::counter("x_total", "x");
    static INTERNAL: Family<Counter, Internal<'_>> = Family::counter("x_total", "x");
    static EMPTY: Family<Counter, Empty<'_>> = Family::counter("x_total", "x");
    static SAME: Family<Counter, SameValue> = Family::counter("x_total", "x");
    static TENANT: Family<Counter, Tenant<'_>> = Family::counter("x_total", "x");
    let metrics = MetricsRegistry::builder().const_label("tenant", "x").build().unwrap();
    let error = refused(&metrics, &TWICE, &["label \"a\" twice", "rename one"]);
    assert!(matches!(error, FamilyError::DuplicateLabelName { .. }), "{error}");
    for error in [
        refused(&metrics, &BOUND, &["\"le\"", "reserved", "rename it"]),
        refused(&metrics, &QUANTILE, &["\"quantile\"", "reserved", "rename it"]),
    ] {
        assert!(matches!(error, FamilyError::ReservedLabelName { .. }), "{error}");
    }
    for error in [
        refused(&metrics, &DASH, &["\"a-b\"", "use letters"]),
        refused(&metrics, &INTERNAL, &["\"__a\"", "two underscores"]),
        refused(&metrics, &EMPTY, &["\"\"", "use letters"]),
    ] {
        assert!(matches!(error, FamilyError::InvalidLabelName { .. }), "{error}");
    }
    let error = refused(&metrics, &SAME, &["\"same\"", "value \"x\" twice", "change one"]);
    assert!(matches!(error, FamilyError::DuplicateLabelValue { .. }), "{error}");
    let error = refused(&metrics, &TENANT, &["\"tenant\"", "constant", "rename one"]);
    assert!(matches!(error, FamilyError::ConstLabel { .. }), "{error}");

    // The labels that the attached registry adds to every series.
    let added = [("tenant".to_owned(), "x".to_owned())].into();
    let mine = prometheus::Registry::new_custom(None, Some(added)).unwrap();
    let metrics = MetricsRegistry::builder().registry(mine).build().unwrap();
    let error = refused(&metrics, &TENANT, &["\"tenant\"", "every series", "rename one"]);
    assert!(matches!(error, FamilyError::ConstLabel { .. }), "{error}");
}

const fn millis<const N: usize>() -> [Duration; N] {
    let mut bounds = [Duration::ZERO; N];
    let mut place = 0;
    while place < N {
        bounds[place] = Duration::from_millis(place as u64 + 1);
        place += 1;
    }
    bounds
}

#[test]
fn bounds() {
    static NONE: Family<DurationHistogram> = Family::duration_histogram("t_seconds", "x");
    static EMPTY: Family<Histogram> = Family::histogram("t", "x").buckets(&[]);
    static MANY: [Duration; 63] = millis();
    static TOO_MANY: Family<DurationHistogram> =
        Family::duration_histogram("t_seconds", "x").buckets(&MANY);
    static ZERO: Family<DurationHistogram> =
        Family::duration_histogram("t_seconds", "x").buckets(&[Duration::ZERO]);
    static FALLING: Family<DurationHistogram> = Family::duration_histogram("t_seconds", "x")
        .buckets(&[Duration::from_millis(2), Duration::from_millis(1)]);
    static EQUAL: Family<Histogram> = Family::histogram("t", "x").buckets(&[-1.0, 2.0, 2.0]);
    static ZEROS: Family<Histogram> = Family::histogram("t", "x").buckets(&[-0.0, 0.0]);
    static NAN: Family<Histogram> = Family::histogram("t", "x").buckets(&[1.0, f64::NAN, 2.0]);
    static INFINITE: Family<Histogram> = Family::histogram("t", "x").buckets(&[1.0, f64::INFINITY]);
    static MINUS: Family<Histogram> =
        Family::histogram("t", "x").buckets(&[f64::NEG_INFINITY, 1.0]);
    // These are longer than the engine can represent, so both would be one bucket.
    static ENDLESS: Family<DurationHistogram> = Family::duration_histogram("t_seconds", "x")
        .buckets(&[Duration::from_secs(u64::MAX - 1), Duration::MAX]);
    let metrics = MetricsRegistry::new();
    for error in [
        refused(&metrics, &NONE, &["no buckets", "at least one bound", "`buckets`"]),
        refused(&metrics, &EMPTY, &["no buckets"]),
    ] {
        assert!(matches!(error, FamilyError::NoBuckets { .. }), "{error}");
    }
    let error = refused(&metrics, &TOO_MANY, &["63", "62", "leave some out"]);
    assert!(matches!(error, FamilyError::TooManyBuckets { bounds: 63, most: 62, .. }), "{error}");
    for error in [
        refused(&metrics, &ZERO, &["positive and ascending", "0 comes after 0", "correct one"]),
        refused(&metrics, &FALLING, &["positive and ascending", "0.001 comes after 0.002"]),
        refused(&metrics, &ENDLESS, &["positive and ascending"]),
        refused(&metrics, &EQUAL, &["ascending and finite", "2 comes after 2"]),
        refused(&metrics, &ZEROS, &["ascending and finite", "0 comes after -0"]),
        refused(&metrics, &NAN, &["ascending and finite", "NaN comes after 1"]),
        refused(&metrics, &INFINITE, &["ascending and finite", "inf comes after 1"]),
        refused(&metrics, &MINUS, &["ascending and finite", "-inf"]),
    ] {
        assert!(matches!(error, FamilyError::InvalidBound { .. }), "{error}");
    }
}

#[test]
fn another_family_of_the_same_name() {
    static ORDERS: Family<Counter, Paid> = Family::counter("x_total", "Orders.");
    static HELP: Family<Counter, Paid> = Family::counter("x_total", "Other.");
    static KIND: Family<FloatCounter, Paid> = Family::float_counter("x_total", "Orders.");
    static LABELS: Family<Counter, Tenant<'_>> = Family::counter("x_total", "Orders.");
    static NO_LABELS: Family<Counter> = Family::counter("x_total", "Orders.");
    static TENANT: Family<Gauge, Tenant<'_>> = Family::gauge("y", "y");
    static VALUES: Family<Gauge, OtherTenant<'_>> = Family::gauge("y", "y");
    static TOOK: Family<Histogram> = Family::histogram("z", "z").buckets(&[1.0]);
    static BOUNDS: Family<Histogram> = Family::histogram("z", "z").buckets(&[2.0]);
    static EUROS: Family<Gauge> = Family::gauge("cash_euros", "Cash.").unit("euros");
    static NO_UNIT: Family<Gauge> = Family::gauge("cash_euros", "Cash.");
    static CACHE: Family<Counter> = Family::counter("shop_policy_cache_hits_total", "Mine.");
    let metrics = MetricsRegistry::new();
    metrics.family(&ORDERS).unwrap();
    metrics.family(&TENANT).unwrap();
    metrics.family(&TOOK).unwrap();
    metrics.family(&EUROS).unwrap();
    for error in [
        refused(&metrics, &HELP, &["\"Orders.\"", "\"Other.\"", "rename one"]),
        refused(&metrics, &KIND, &["type Counter", "type FloatCounter", "use one constant"]),
        refused(&metrics, &LABELS, &["[payment]", "[tenant]"]),
        refused(&metrics, &NO_LABELS, &["[payment]", "[]"]),
        refused(&metrics, &VALUES, &["Open", "Optional"]),
        refused(&metrics, &BOUNDS, &["[1.0]", "[2.0]"]),
        refused(&metrics, &NO_UNIT, &["unit \"euros\"", "no unit"]),
    ] {
        assert!(matches!(error, FamilyError::DifferentDescription { .. }), "{error}");
    }

    // This is a family of the catalogue with the namespace.
    let metrics = MetricsRegistry::builder().namespace("shop").build().unwrap();
    let error = refused(&metrics, &CACHE, &["\"Total number of policy cache hits\"", "\"Mine.\""]);
    assert!(matches!(error, FamilyError::DifferentDescription { .. }), "{error}");
    MetricsRegistry::new().family(&CACHE).unwrap();
}

#[test]
fn names_of_samples() {
    static ORDERS: Family<Counter> = Family::counter("orders_total", "x");
    static ORDERS_GAUGE: Family<Gauge> = Family::gauge("orders", "x");
    static ORDERS_CREATED: Family<Gauge> = Family::gauge("orders_created", "x");
    static TOOK: Family<DurationHistogram> =
        Family::duration_histogram("job_seconds", "x").buckets(&[Duration::from_millis(1)]);
    static TOOK_CREATED: Family<Gauge> = Family::gauge("job_seconds_created", "x");
    static TOOK_COUNTER: Family<FloatCounter> = Family::float_counter("job_seconds_total", "x");
    let metrics = MetricsRegistry::new();
    metrics.family(&ORDERS).unwrap();
    metrics.family(&TOOK).unwrap();
    for error in [
        refused(&metrics, &ORDERS_GAUGE, &["\"orders\"", "\"orders_total\"", "rename one"]),
        refused(&metrics, &ORDERS_CREATED, &["\"orders_created\"", "\"orders_total\""]),
        refused(&metrics, &TOOK_CREATED, &["\"job_seconds_created\"", "\"job_seconds\""]),
        refused(&metrics, &TOOK_COUNTER, &["\"job_seconds_total\"", "\"job_seconds\""]),
    ] {
        assert!(matches!(error, FamilyError::NameCollision { .. }), "{error}");
    }
    // The same in the other order.
    let metrics = MetricsRegistry::new();
    metrics.family(&ORDERS_GAUGE).unwrap();
    metrics.family(&TOOK_CREATED).unwrap();
    for error in [
        refused(&metrics, &ORDERS, &["\"orders\"", "\"orders_total\""]),
        refused(&metrics, &TOOK, &["\"job_seconds_created\"", "\"job_seconds\""]),
    ] {
        assert!(matches!(error, FamilyError::NameCollision { .. }), "{error}");
    }
}

#[test]
fn gauges_with_an_aggregated_label() {
    static DEPTH: Family<Gauge, Tenant<'_>> = Family::gauge("depth", "x");
    static LOAD: Family<FloatGauge, OtherTenant<'_>> = Family::float_gauge("load", "x");
    static PAID: Family<Gauge, Paid> = Family::gauge("paid", "x");
    let builder = MetricsRegistry::builder().aggregate_label("tenant").aggregate_label("payment");
    let metrics = builder.build().unwrap();
    for error in [
        refused(&metrics, &DEPTH, &["aggregate_label(\"tenant\")", "`sum without (tenant) (…)`"]),
        refused(&metrics, &LOAD, &["aggregate_label(\"tenant\")", "be added up"]),
    ] {
        assert!(matches!(error, FamilyError::AggregatedGauge { .. }), "{error}");
    }
    // A closed label has few values, so they are left unchanged.
    metrics.family(&PAID).unwrap().set(Paid { payment: Payment::Card }, 1);
    assert_eq!(metrics.sample("paid", &[("payment", "card")]), Some(1.0));
    metrics.family(&PAID).unwrap().set(Paid { payment: Payment::Invoice }, 1);
}

#[test]
fn names_in_the_attached_registry() {
    static DEPTH: Family<Gauge> = Family::gauge("depth", "x");
    static PLACED: Family<Counter, Tenant<'_>> = Family::counter("placed_total", "x");
    static TOOK: Family<Histogram, Tenant<'_>> = Family::histogram("took", "x").buckets(&[1.0]);
    let mine = prometheus::Registry::new();
    let register = |name: &str| {
        let gauge = prometheus::IntGauge::new(name, "Mine.").unwrap();
        mine.register(Box::new(gauge.clone())).map(|()| gauge)
    };
    let theirs = register("depth").unwrap();
    register("took_count").unwrap();
    for const_label in [false, true] {
        let mut builder = MetricsRegistry::builder().registry(mine.clone());
        if const_label {
            builder = builder.namespace("other").const_label("region", "eu");
        }
        let metrics = builder.build().unwrap();
        for error in [
            refused(&metrics, &DEPTH, &["attached prometheus registry", "rename one"]),
            refused(&metrics, &TOOK, &["attached prometheus registry", "do not register"]),
        ] {
            assert!(matches!(error, FamilyError::NameInPrometheusRegistry { .. }), "{error}");
        }
    }

    // After the registration, the names are also reserved in their registry.
    let metrics =
        MetricsRegistry::builder().registry(mine.clone()).namespace("third").build().unwrap();
    metrics.family(&PLACED).unwrap().inc(Tenant { tenant: "a" });
    for name in ["placed_total", "placed", "placed_created"] {
        assert!(register(name).is_err(), "{name}");
    }
    assert!(mine.gather().iter().any(|family| family.name() == "placed_total"));
    // `prometheus` 0.14 never forgets a name.
    mine.unregister(Box::new(theirs)).unwrap();
    refused(&metrics, &DEPTH, &["once had", "rename one"]);
}

#[test]
fn namespaces() {
    for namespace in ["", "1a", "a-b", "a_", "_", "é", "a:b", "a b", "a\n"] {
        let error = MetricsRegistry::builder().namespace(namespace).build().unwrap_err();
        assert_eq!(error, BuildError::InvalidNamespace { namespace: namespace.to_owned() });
        let message = error.to_string();
        assert!(message.contains(&format!("{namespace:?}")) && message.contains("use letters"));
    }
    for namespace in ["a", "_a", "a_b", "A9"] {
        let metrics = MetricsRegistry::builder().namespace(namespace).build().unwrap();
        let hits = format!("{namespace}_policy_cache_hits_total");
        assert_eq!(metrics.sample(&hits, &[]), Some(0.0));
        assert!(!page(&metrics).contains("caracal"));
    }
}

#[test]
fn buckets_of_the_builder() {
    static ORDERS: Family<Counter> = Family::counter("orders_total", "x");
    let build = |bounds: &[Duration]| {
        let builder =
            MetricsRegistry::builder().buckets(&catalogue::GATEWAY_REQUEST_DURATION, bounds);
        builder.build().map(drop)
    };
    let ms = Duration::from_millis;
    let name = "caracal_gateway_request_duration_seconds".to_owned();
    let refused = |bounds: &[Duration]| match build(bounds).unwrap_err() {
        BuildError::Family(error) => error,
        other => panic!("{other}"),
    };
    assert_eq!(refused(&[]), FamilyError::NoBuckets { name: name.clone() });
    let too_many: [Duration; 63] = millis();
    let error = FamilyError::TooManyBuckets { name: name.clone(), bounds: 63, most: 62 };
    assert_eq!(refused(&too_many), error);
    for bounds in [&[ms(2), ms(1)][..], &[ms(1), ms(1)], &[Duration::ZERO]] {
        let error = refused(bounds);
        assert!(matches!(error, FamilyError::InvalidBound { .. }), "{error}");
        assert!(error.to_string().contains(&name), "{error}");
    }
    assert_eq!(build(&too_many[..62]), Ok(()));
    let error = MetricsRegistry::builder().max_series(&ORDERS, 0).build().unwrap_err();
    assert_eq!(error, BuildError::ZeroSeriesLimit);
}
