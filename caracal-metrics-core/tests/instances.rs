//! Attached things: their names, their series, and how both are removed.

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use caracal_metrics_core::adapter::{Instance, InstanceKind, Sampled, SampledGauge};
use caracal_metrics_core::catalogue::{
    BreakerName, CIRCUIT_BREAKER_FAILURES, CIRCUIT_BREAKER_STATE, DATABASE_CONNECTION_POOL_SIZE,
    Pool,
};
use caracal_metrics_core::{
    AboutFamily, AttachError, CircuitBreakerState, Counter, Family, FamilyError, Gauge,
    INVALID_VALUES, MetricsRegistry, PoolStats, StatusCode, labels,
};
use support::{parse, value};

const CONNECTION_POOL: InstanceKind = InstanceKind::new("connection pool");
const CIRCUIT_BREAKER: InstanceKind = InstanceKind::new("circuit breaker");
const CACHE: InstanceKind = InstanceKind::new("cache");

labels! {
    enum Cause { Expired => "expired", Replaced => "replaced" }
    struct Cache<'a> { cache: &'a str }
    struct Removal<'a> { cache: &'a str, cause: Cause }
    struct Client<'a> { client: Option<&'a str> }
    struct Scrape { status_code: StatusCode }
    struct Invalid<'a> { cache as "not a label": &'a str }
}

static CACHE_HITS: Family<Counter, Cache<'_>> =
    Family::counter("cache_hits_total", "Hits.").namespaced().shown_once_used();
static CACHE_REMOVALS: Family<Counter, Removal<'_>> =
    Family::counter("cache_removals_total", "Removals.").namespaced().shown_once_used();
static CACHE_SIZE: Family<Gauge, Cache<'_>> =
    Family::gauge("cache_size", "Entries.").namespaced().shown_once_used();
static CLIENT_CALLS: Family<Counter, Client<'_>> = Family::counter("client_calls_total", "Calls.");
static CLIENT_SLOTS: Family<Gauge, Client<'_>> = Family::gauge("client_slots", "Slots.");
static INVALID: Family<Counter, Invalid<'_>> = Family::counter("cache_odd_total", "Odd.");
static SCRAPES: Family<Counter, Scrape> =
    Family::counter("metrics_scrapes_total", "Scrapes.").namespaced().shown_once_used();

const SIZE: &str = "caracal_database_connection_pool_size";

fn pool(m: &MetricsRegistry, name: Option<&str>, size: u64) -> Result<Instance, AttachError> {
    let mut builder = m.attach(CONNECTION_POOL, name)?;
    let gauge = builder.sampled_gauge(&DATABASE_CONNECTION_POOL_SIZE, Pool { pool: name })?;
    Ok(builder.on_scrape(move |gauges| {
        gauges.set(gauge, size);
        Sampled::Live
    }))
}

fn sizes(m: &MetricsRegistry) -> Vec<(String, f64)> {
    let page = parse(&m.generate_metrics());
    let samples = page[SIZE].samples.iter();
    samples.map(|((_, l), v)| (l.get("pool").cloned().unwrap_or_default(), *v)).collect()
}

/// Returns the page without the gauges that show how full families are, because they contain families that were
/// there before.
fn page_of_families(m: &MetricsRegistry) -> String {
    let page = String::from_utf8(m.generate_metrics()).unwrap();
    let of_families = page.lines().filter(|line| !line.contains("caracal_metrics_series"));
    of_families.collect::<Vec<_>>().join("\n")
}

#[test]
fn named_pools_replace_the_unnamed_gauge_while_attached() {
    let m = MetricsRegistry::new();
    m.update_connection_pool_stats(PoolStats { size: 7, checked_out: 1, overflow: 0 });
    assert_eq!(sizes(&m), [(String::new(), 7.0)]);

    let unnamed = pool(&m, None, 10).unwrap();
    assert_eq!(sizes(&m), [(String::new(), 10.0)], "the attached pool is in the output");
    m.update_connection_pool_stats(PoolStats { size: 8, ..PoolStats::default() });
    assert_eq!(sizes(&m), [(String::new(), 10.0)]);
    let set_aside = m.sample("caracal_metrics_invalid_values_total", &[("metric", SIZE)]);
    assert_eq!(set_aside, Some(1.0), "the ignored number is counted");
    assert_eq!(pool(&m, None, 1).unwrap_err(), AttachError::UnnamedTaken { kind: CONNECTION_POOL });
    assert_eq!(
        pool(&m, Some("replica"), 1).unwrap_err(),
        AttachError::NamedAndUnnamed { kind: CONNECTION_POOL }
    );
    drop(unnamed);

    let primary = pool(&m, Some("primary"), 20).unwrap();
    let replica = pool(&m, Some("replica"), 5).unwrap();
    assert_eq!(sizes(&m), [("primary".to_owned(), 20.0), ("replica".to_owned(), 5.0)]);
    let error = pool(&m, Some("replica"), 1).unwrap_err();
    assert_eq!(
        error.to_string(),
        "a connection pool named \"replica\" is attached already: choose another name, or drop \
         that one first"
    );
    assert_eq!(
        pool(&m, None, 1).unwrap_err(),
        AttachError::NamedAndUnnamed { kind: CONNECTION_POOL }
    );
    assert_eq!(
        pool(&m, Some(""), 1).unwrap_err(),
        AttachError::EmptyName { kind: CONNECTION_POOL }
    );
    drop((primary, replica));
    assert_eq!(sizes(&m), [(String::new(), 8.0)]);
}

#[test]
fn series_are_removed_with_the_instance_and_restart_at_zero() {
    let m = MetricsRegistry::new();
    for _ in 0..3 {
        let mut builder = m.attach(CACHE, Some("sessions")).unwrap();
        let hits = builder.series(&CACHE_HITS, Cache { cache: "sessions" }).unwrap();
        let removal = Removal { cache: "sessions", cause: Cause::Expired };
        let expired = builder.series(&CACHE_REMOVALS, removal).unwrap();
        let instance = builder.build();
        hits.inc();
        expired.inc_by(4);
        let labels = [("cache", "sessions")];
        assert_eq!(m.sample("caracal_cache_hits_total", &labels), Some(1.0));
        let removals = [("cache", "sessions"), ("cause", "expired")];
        assert_eq!(m.sample("caracal_cache_removals_total", &removals), Some(4.0));
        let clone = instance.clone();
        drop(instance);
        assert_eq!(m.sample("caracal_cache_hits_total", &labels), Some(1.0), "a clone is left");
        drop(clone);
        // Counters that are left over neither keep the series or the name, nor affect a successor.
        hits.inc();
        expired.inc();
        assert!(!page_of_families(&m).contains("caracal_cache_hits"));
    }
}

#[test]
fn a_gone_instance_is_removed_by_the_scrape_that_detects_it() {
    let m = MetricsRegistry::new();
    let open = Arc::new(AtomicU64::new(1));
    let mut builder = m.attach(CONNECTION_POOL, Some("primary")).unwrap();
    let gauge: SampledGauge = builder
        .sampled_gauge(&DATABASE_CONNECTION_POOL_SIZE, Pool { pool: Some("primary") })
        .unwrap();
    let seen = Arc::clone(&open);
    let closing = builder.on_scrape(move |gauges| {
        gauges.set(gauge, 1);
        if seen.load(Relaxed) == 1 { Sampled::Live } else { Sampled::Gone }
    });
    assert_eq!(sizes(&m), [("primary".to_owned(), 1.0)]);
    open.store(0, Relaxed);
    assert_eq!(sizes(&m), [(String::new(), 0.0)]);
    let successor = pool(&m, Some("primary"), 2).unwrap();
    drop(closing);
    assert_eq!(sizes(&m), [("primary".to_owned(), 2.0)], "the name belongs to the successor");
    drop(successor);
}

#[test]
fn series_are_shown_after_their_gauges_were_read() {
    let m = MetricsRegistry::new();
    let mut builder = m.attach(CIRCUIT_BREAKER, Some("db")).unwrap();
    let state = builder.sampled_gauge(&CIRCUIT_BREAKER_STATE, BreakerName { name: "db" }).unwrap();
    let failures = builder.series(&CIRCUIT_BREAKER_FAILURES, BreakerName { name: "db" }).unwrap();
    failures.inc();
    let shown = |m: &MetricsRegistry| m.sample("caracal_circuit_breaker_state", &[("name", "db")]);
    assert_eq!(shown(&m), None, "an open breaker must not read closed until it is attached");
    let instance = builder.on_scrape(move |gauges| {
        gauges.set(state, 1);
        Sampled::Live
    });
    assert_eq!(shown(&m), Some(1.0));
    assert_eq!(m.sample("caracal_circuit_breaker_failures_total", &[("name", "db")]), Some(1.0));
    drop((instance, failures));

    let mut builder = m.attach(CIRCUIT_BREAKER, Some("db")).unwrap();
    builder.sampled_gauge(&CIRCUIT_BREAKER_STATE, BreakerName { name: "db" }).unwrap();
    let gone = builder.on_scrape(|_| Sampled::Gone);
    assert_eq!(shown(&m), None, "a thing that is already gone when it is attached is never shown");
    assert!(m.attach(CIRCUIT_BREAKER, Some("db")).is_ok(), "and its name is free");
    drop(gone);
}

#[test]
fn counts_of_recorders_and_of_an_instance_are_added_up() {
    let m = MetricsRegistry::new();
    m.record_circuit_breaker_failure("db");
    m.set_circuit_breaker_state("db", CircuitBreakerState::Open);
    let mut builder = m.attach(CIRCUIT_BREAKER, Some("db")).unwrap();
    let failures = builder.series(&CIRCUIT_BREAKER_FAILURES, BreakerName { name: "db" }).unwrap();
    let state = builder.sampled_gauge(&CIRCUIT_BREAKER_STATE, BreakerName { name: "db" }).unwrap();
    let instance = builder.on_scrape(move |gauges| {
        gauges.set(state, 2);
        Sampled::Live
    });
    failures.inc();
    let page = parse(&m.generate_metrics());
    let labels = [("name", "db")];
    assert_eq!(value(&page, "caracal_circuit_breaker_failures_total", &labels), 2.0);
    assert_eq!(value(&page, "caracal_circuit_breaker_state", &labels), 2.0, "the instance knows");
    drop((instance, failures));
    let page = parse(&m.generate_metrics());
    assert_eq!(value(&page, "caracal_circuit_breaker_failures_total", &labels), 1.0);
    assert_eq!(value(&page, "caracal_circuit_breaker_state", &labels), 1.0);
}

#[test]
fn a_full_family_refuses_to_attach_and_keeps_nothing() {
    let m = MetricsRegistry::builder().max_series_per_family(2).build().unwrap();
    let kept: Vec<_> = ["a", "b"].map(|name| pool(&m, Some(name), 1).unwrap()).into();
    for _ in 0..3 {
        let given_up = m.attach(CACHE, Some("c")).and_then(|mut builder| {
            builder.series(&CACHE_HITS, Cache { cache: "c" })?;
            builder.series(&CACHE_HITS, Cache { cache: "c" })?;
            builder.series(&CACHE_HITS, Cache { cache: "c" })
        });
        assert!(given_up.is_err(), "two places, three series");
        assert_eq!(
            pool(&m, Some("c"), 1).unwrap_err(),
            AttachError::SeriesLimit { metric: SIZE.to_owned(), limit: 2 }
        );
    }
    drop(kept);
    let again = pool(&m, Some("c"), 1).unwrap();
    assert_eq!(sizes(&m), [("c".to_owned(), 1.0)]);
    drop(again);
}

#[test]
fn a_callback_may_read_the_metrics() {
    let m = MetricsRegistry::new();
    let inner = m.clone();
    let mut builder = m.attach(CACHE, Some("sessions")).unwrap();
    let size = builder.sampled_gauge(&CACHE_SIZE, Cache { cache: "sessions" }).unwrap();
    let depth = AtomicU64::new(0);
    let instance = builder.on_scrape(move |gauges| {
        // A removal listener of a cache runs here. It can do anything.
        if depth.fetch_add(1, Relaxed) == 0 {
            assert!(!inner.generate_metrics().is_empty());
        }
        gauges.set(size, 1);
        Sampled::Live
    });
    assert_eq!(m.sample("caracal_cache_size", &[("cache", "sessions")]), Some(1.0));
    drop(instance);
}

#[test]
fn instances_that_come_and_go_under_scrapes_leave_no_trace() {
    let m = MetricsRegistry::new();
    let before = page_of_families(&m);
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let m = &m;
            scope.spawn(move || {
                let name = format!("cache-{thread}");
                for round in 1..=200_u64 {
                    let mut builder = m.attach(CACHE, Some(&name)).unwrap();
                    let hits = builder.series(&CACHE_HITS, Cache { cache: &name }).unwrap();
                    let _instance = builder.build();
                    hits.inc_by(round);
                    let seen = m.sample("caracal_cache_hits_total", &[("cache", &name)]);
                    assert_eq!(seen, Some(round as f64), "a reused cell starts at zero");
                }
            });
        }
    });
    assert_eq!(page_of_families(&m), before);
}

#[test]
fn a_dropped_builder_frees_the_name() {
    let m = MetricsRegistry::new();
    let mut builder = m.attach(CONNECTION_POOL, None).unwrap();
    builder.sampled_gauge(&DATABASE_CONNECTION_POOL_SIZE, Pool { pool: None }).unwrap();
    let error = builder.series(&INVALID, Invalid { cache: "c" }).unwrap_err();
    assert!(matches!(&error, AttachError::Family(FamilyError::InvalidLabelName { .. })), "{error}");
    drop(builder);
    assert!(pool(&m, None, 1).is_ok(), "a dropped builder frees the name");
}

#[test]
fn a_callback_or_collector_that_panics_loses_no_page() {
    #[derive(Clone)]
    struct Panics(prometheus::IntCounter);
    impl prometheus::core::Collector for Panics {
        fn desc(&self) -> Vec<&prometheus::core::Desc> {
            self.0.desc()
        }
        fn collect(&self) -> Vec<prometheus::proto::MetricFamily> {
            panic!("a collector's panic")
        }
    }
    const ERRORS: &str = "caracal_metrics_collection_errors_total";
    // Printing a panic can take longer than a second on a busy machine.
    let patient = MetricsRegistry::builder().collection_timeout(Duration::from_mins(1));
    let m = patient.build().unwrap();
    let builder = m.attach(CACHE, Some("sessions")).unwrap();
    let instance = builder.on_scrape(|_| panic!("a callback's panic"));
    m.record_replay_block("nonce_reused");
    let page = parse(&m.generate_metrics());
    assert_eq!(
        value(&page, "caracal_gateway_replay_blocks_total", &[("reason", "nonce_reused")]),
        1.0
    );
    assert_eq!(value(&page, ERRORS, &[]), 1.0);
    drop(instance);

    let panics = Panics(prometheus::IntCounter::new("app_total", "App").unwrap());
    m.prometheus_registry().register(Box::new(panics.clone())).unwrap();
    assert_eq!(m.sample(ERRORS, &[]), Some(2.0));
    m.prometheus_registry().unregister(Box::new(panics)).unwrap();
    assert_eq!(m.sample(ERRORS, &[]), Some(2.0));
    let page = parse(&m.generate_metrics());
    assert_eq!(
        value(&page, "caracal_gateway_replay_blocks_total", &[("reason", "nonce_reused")]),
        1.0
    );
}

#[test]
fn long_names_are_cut_and_stay_distinct() {
    let m = MetricsRegistry::new();
    let names = ["a", "b"].map(|part| "x".repeat(300) + part + &"x".repeat(300));
    let caches = names.each_ref().map(|name| {
        let mut builder = m.attach(CACHE, Some(name)).unwrap();
        let hits = builder.series(&CACHE_HITS, Cache { cache: name }).unwrap();
        let [expired, replaced] = [Cause::Expired, Cause::Replaced]
            .map(|cause| builder.series(&CACHE_REMOVALS, Removal { cache: name, cause }).unwrap());
        (builder.build(), [hits, expired, replaced])
    });
    for (count, (_, counters)) in (1..).zip(&caches) {
        for counter in counters {
            counter.inc_by(count);
        }
    }
    let page = parse(&m.generate_metrics());
    for (count, (instance, _)) in (1..).zip(&caches) {
        let name = instance.name().unwrap();
        assert!(name.len() <= 256, "{name}");
        let hits = value(&page, "caracal_cache_hits_total", &[("cache", name)]);
        assert_eq!(hits, f64::from(count));
    }
    let invalid =
        |metric| value(&page, "caracal_metrics_invalid_values_total", &[("metric", metric)]);
    assert_eq!(invalid("caracal_cache_hits_total"), 2.0, "once for each series");
    assert_eq!(invalid("caracal_cache_removals_total"), 4.0);
    let again = m.attach(CACHE, Some(&names[0])).unwrap_err();
    assert!(matches!(&again, AttachError::NameTaken { name, .. } if name.len() <= 256), "{again}");
    drop(caches);
    assert!(m.attach(CACHE, Some(&names[0])).is_ok());
}

#[test]
fn every_closed_label_of_an_instance_has_its_own_values() {
    let m = MetricsRegistry::new();
    let mut builder = m.attach(CACHE, Some("sessions")).unwrap();
    let counters = [404, 1_000].map(|code| {
        builder.series(&SCRAPES, Scrape { status_code: StatusCode::new(code) }).unwrap()
    });
    let named = builder.series(&INVALID_VALUES, AboutFamily { metric: "caracal_cache_size" });
    let named = named.unwrap();
    let instance = builder.build();
    counters.iter().for_each(Counter::inc);
    named.inc();
    for (name, labels) in [
        ("caracal_metrics_scrapes_total", ("status_code", "404")),
        ("caracal_metrics_scrapes_total", ("status_code", "unknown")),
        ("caracal_metrics_invalid_values_total", ("metric", "caracal_cache_size")),
    ] {
        assert_eq!(m.sample(name, &[labels]), Some(1.0), "{labels:?}");
    }
    drop((instance, counters, named));
}

#[test]
fn a_named_instance_hides_nothing_but_the_unnamed_gauge() {
    let m = MetricsRegistry::new();
    let (calls, slots) = (m.family(&CLIENT_CALLS).unwrap(), m.family(&CLIENT_SLOTS).unwrap());
    for client in [None, Some("a"), Some("b")] {
        calls.inc(Client { client });
        slots.set(Client { client }, 1);
    }
    let read = |name: &str| -> Vec<(String, f64)> {
        let page = parse(&m.generate_metrics());
        let samples = page[name].samples.iter();
        samples.map(|((_, l), v)| (l.get("client").cloned().unwrap_or_default(), *v)).collect()
    };
    let series = |samples: &[(&str, f64)]| -> Vec<(String, f64)> {
        samples.iter().map(|(client, value)| ((*client).to_owned(), *value)).collect()
    };
    let all = series(&[("", 1.0), ("a", 1.0), ("b", 1.0)]);
    assert_eq!((read("client_calls_total"), read("client_slots")), (all.clone(), all.clone()));

    let mut builder = m.attach(InstanceKind::new("client"), Some("a")).unwrap();
    let own = builder.series(&CLIENT_CALLS, Client { client: Some("a") }).unwrap();
    let gauge = builder.sampled_gauge(&CLIENT_SLOTS, Client { client: Some("a") }).unwrap();
    let instance = builder.on_scrape_inline(move |gauges| {
        gauges.set(gauge, 5);
        Sampled::Live
    });
    own.inc();
    assert_eq!(read("client_calls_total"), series(&[("", 1.0), ("a", 2.0), ("b", 1.0)]));
    // Without its label, the gauge would count as another client in every sum.
    assert_eq!(read("client_slots"), series(&[("a", 5.0), ("b", 1.0)]));
    drop((instance, own));
    assert_eq!((read("client_calls_total"), read("client_slots")), (all.clone(), all));
}

#[test]
fn a_gauge_that_was_recorded_stays_when_a_named_instance_comes() {
    labels! { struct Queue<'a> { region: &'a str, queue: Option<&'a str> } }
    static DEPTH: Family<Gauge, Queue<'_>> = Family::gauge("queue_depth", "Jobs that wait.");
    let m = MetricsRegistry::new();
    m.family(&DEPTH).unwrap().set(Queue { region: "eu", queue: None }, 5);
    let mut builder = m.attach(InstanceKind::new("queue"), Some("mail")).unwrap();
    let mail = Queue { region: "eu", queue: Some("mail") };
    let depth = builder.sampled_gauge(&DEPTH, mail).unwrap();
    let instance = builder.on_scrape_inline(move |gauges| {
        gauges.set(depth, 7);
        Sampled::Live
    });
    assert_eq!(m.sample("queue_depth", &[("region", "eu")]), Some(5.0));
    assert_eq!(m.sample("queue_depth", &[("region", "eu"), ("queue", "mail")]), Some(7.0));
    drop(instance);
}
