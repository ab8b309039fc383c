//! Label values over the limit are cut, stay distinct, and are counted.

mod support;

use std::collections::BTreeMap;
use std::time::Duration;

use caracal_metrics_core::{
    CircuitBreakerState, Counter, DatabaseOperationType, DurationHistogram, Exemplar,
    Family as Declared, Format, Method, MetricsRegistry, PolicyDecisionType, QueryStatus, labels,
};
use proptest::prelude::*;
use support::{Family, parse, value};

/// The default limit, in bytes.
const LIMIT: usize = 256;

const EVALUATIONS: &str = "caracal_policy_evaluations_total";
const INVALID: &str = "caracal_metrics_invalid_values_total";

labels! { struct Route<'a> { route: &'a str, method: Method } }

static ROUTE_REQUESTS: Declared<Counter, Route<'_>> =
    Declared::counter("app_route_requests_total", "Requests by route");
static ROUTE_DURATION: Declared<DurationHistogram, Route<'_>> =
    Declared::duration_histogram("app_route_request_duration_seconds", "Duration by route")
        .buckets(&[Duration::from_millis(5)]);

type Page = BTreeMap<String, Family>;

fn page(m: &MetricsRegistry) -> Page {
    parse(&m.generate_metrics())
}

/// Returns the values of a label on the series with one sample name.
fn values(page: &Page, name: &str, label: &str) -> Vec<String> {
    let samples = page[name].samples.keys();
    samples.map(|(_, labels)| labels[label].clone()).collect()
}

fn invalid(page: &Page, metric: &str) -> f64 {
    value(page, INVALID, &[("metric", metric)])
}

/// Long values that only differ in a few characters, at any position.
fn long_value() -> impl Strategy<Value = String> {
    let filler = proptest::sample::select(vec!["a", "é", "豹", "🐆", "\"", "\\", "\n"]);
    let shared = |part: &str| part.repeat(300);
    prop_oneof![
        (filler.clone(), "[a-z🐆]{1,3}").prop_map(move |(part, own)| shared(part) + &own),
        (filler.clone(), "[a-z🐆]{1,3}").prop_map(move |(part, own)| own + &shared(part)),
        (filler.clone(), "[a-z🐆]{1,3}")
            .prop_map(move |(part, own)| shared(part) + &own + &shared(part)),
        // Around the limit: some are cut and some are not.
        (filler, 60..300_usize, "[a-z🐆]{0,2}")
            .prop_map(|(part, times, own)| part.repeat(times) + &own),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn distinct_long_values_are_distinct_series(
        sets in proptest::collection::hash_set((long_value(), long_value()), 1..20),
    ) {
        let m = MetricsRegistry::new();
        let mut records = 0;
        let mut cut = 0;
        for (times, (a, b)) in (1..).zip(&sets) {
            for _ in 0..times {
                m.record_auth_failure(a, b);
            }
            records += times;
            if a.len() > LIMIT || b.len() > LIMIT {
                cut += times;
            }
        }
        let page = page(&m);
        let family = &page["caracal_gateway_auth_failures_total"];
        prop_assert_eq!(family.samples.len(), sets.len());
        for (_, labels) in family.samples.keys() {
            prop_assert!(labels.values().all(|value| value.len() <= LIMIT), "{:?}", labels);
        }
        // Each count was recorded for only one label set.
        let mut counts: Vec<_> = family.samples.values().copied().collect();
        counts.sort_by(f64::total_cmp);
        prop_assert_eq!(counts, (1..=sets.len()).map(|times| times as f64).collect::<Vec<_>>());
        prop_assert_eq!(family.samples.values().sum::<f64>(), f64::from(records));
        prop_assert_eq!(invalid(&page, "caracal_gateway_auth_failures_total"), f64::from(cut));
    }

    #[test]
    fn a_value_that_fits_is_unchanged(part in "[a🐆]", times in 0..300_usize) {
        let fits = part.repeat(times);
        prop_assume!(fits.len() <= LIMIT);
        let m = MetricsRegistry::new();
        m.record_replay_block(&fits);
        let page = page(&m);
        prop_assert_eq!(values(&page, "caracal_gateway_replay_blocks_total", "reason"), [fits]);
        prop_assert_eq!(invalid(&page, "caracal_gateway_replay_blocks_total"), 0.0);
    }
}

#[test]
fn a_cut_value_is_its_beginning_and_its_hash() {
    let m = MetricsRegistry::new();
    m.record_replay_block(&"a".repeat(LIMIT));
    m.record_replay_block(&"a".repeat(LIMIT + 1));
    m.record_replay_block(&"é".repeat(LIMIT));
    // The SipHash-2-4 of the whole value, with a key of zeros. With another hash, every cut series would
    // start again after an upgrade.
    let cut = |beginning: String, hash: &str| format!("{beginning}…{hash}");
    let expected = [
        "a".repeat(LIMIT),
        cut("a".repeat(237), "fac4f43225ef8c91"),
        // Byte 237 is inside a character.
        cut("é".repeat(118), "d5c8a2b2b707da5d"),
    ];
    assert_eq!(values(&page(&m), "caracal_gateway_replay_blocks_total", "reason"), expected);
}

/// Uses every recorder of every family with an open label.
#[test]
fn no_recorder_bypasses_the_limit() {
    const TOOK: Duration = Duration::from_millis(1);
    let long = ["x".repeat(300), "x".repeat(301)];
    let record = |m: &MetricsRegistry| {
        for long in &long {
            m.record_gateway_request("GET", 200, long, TOOK);
            m.gateway_request("GET", 200, long).record(TOOK);
            let trace = Exemplar::new(&[("trace_id", "4bf92f35")]).unwrap();
            m.record_gateway_request_with_exemplar("GET", 200, long, TOOK, &trace);
            let route = Route { route: long, method: Method::new(long) };
            m.family(&ROUTE_REQUESTS).unwrap().inc(route);
            m.family(&ROUTE_DURATION).unwrap().observe(route, TOOK);
            m.record_auth_failure(long, "short");
            m.auth_failure(long, "short").inc();
            m.record_auth_failure("short", long);
            m.record_replay_block(long);
            m.replay_block(long).inc();
            m.record_policy_evaluation(PolicyDecisionType::Allowed, long, TOOK);
            m.policy_evaluation(PolicyDecisionType::Allowed, long).record(TOOK);
            drop(m.time_policy_evaluation(PolicyDecisionType::Allowed, long));
            let select = DatabaseOperationType::Select;
            m.record_database_query(select, long, QueryStatus::Success, TOOK);
            m.database_query(select, long).record(QueryStatus::Success, TOOK);
            m.time_database_query(select, long).success();
            m.record_database_connection_error(long);
            m.database_connection_error(long).inc();
            m.set_circuit_breaker_state(long, CircuitBreakerState::Open);
            m.record_circuit_breaker_failure(long);
            m.record_circuit_breaker_success(long);
            let (closed, open) = (CircuitBreakerState::Closed, CircuitBreakerState::Open);
            m.record_circuit_breaker_state_change(long, closed, open);
            let breaker = m.circuit_breaker(long);
            breaker.set_state(CircuitBreakerState::HalfOpen);
            breaker.record_failure();
            breaker.record_success();
            breaker.record_state_change(closed, open);
        }
    };
    let m = MetricsRegistry::new();
    record(&m);
    let text = m.generate_metrics();
    assert!(!String::from_utf8_lossy(&text).contains(&long[0]), "a value was not cut");
    let page = parse(&text);
    for (name, label, each) in [
        ("caracal_gateway_requests_total", "auth_method", 3.0),
        ("app_route_requests_total", "route", 1.0),
        ("caracal_gateway_replay_blocks_total", "reason", 2.0),
        (EVALUATIONS, "agent_id", 3.0),
        ("caracal_database_connection_errors_total", "error_type", 2.0),
        ("caracal_circuit_breaker_state", "name", 2.0),
        ("caracal_circuit_breaker_failures_total", "name", 2.0),
        ("caracal_circuit_breaker_successes_total", "name", 2.0),
    ] {
        assert_eq!(values(&page, name, label).len(), 2, "{name}");
        assert!(page[name].samples.values().all(|count| *count == each), "{name}");
        assert_eq!(invalid(&page, name), 2.0 * each, "{name}: each value is counted");
    }
    for (name, records, counted) in [
        ("caracal_gateway_auth_failures_total", 3.0, 3.0),
        // A handle has a series for each outcome.
        ("caracal_database_queries_total", 3.0, 1.0 + 2.0 * 2.0),
        // A handle has a series for each transition.
        ("caracal_circuit_breaker_state_changes_total", 2.0, 1.0 + 5.0),
    ] {
        assert_eq!(page[name].samples.values().sum::<f64>(), 2.0 * records, "{name}");
        assert_eq!(invalid(&page, name), 2.0 * counted, "{name}");
    }
    for name in ["app_route_request_duration_seconds", "caracal_database_query_duration_seconds"] {
        assert!(invalid(&page, name) > 0.0, "{name}");
    }
    // This runs twice, because known label sets are found in another way than new ones.
    record(&m);
    let again = parse(&m.generate_metrics());
    assert_eq!(
        again[EVALUATIONS].samples.keys().collect::<Vec<_>>(),
        page[EVALUATIONS].samples.keys().collect::<Vec<_>>(),
    );
    assert_eq!(invalid(&again, EVALUATIONS), 12.0);
}

#[test]
fn every_format_has_the_cut_value() {
    let m = MetricsRegistry::new();
    let long = "agent".repeat(1_000);
    m.record_policy_evaluation(PolicyDecisionType::Allowed, &long, Duration::ZERO);
    let [cut] = &values(&page(&m), EVALUATIONS, "agent_id")[..] else { panic!("one series") };
    assert!(cut.len() <= LIMIT, "{cut}");
    let mut out = Vec::new();
    m.encode(Format::OpenMetrics, &mut out);
    assert!(String::from_utf8(out).unwrap().contains(&format!("agent_id=\"{cut}\"")));
    let gathered = m.prometheus_registry().gather();
    let family = gathered.iter().find(|family| family.name() == EVALUATIONS).unwrap();
    let labels = family.get_metric()[0].get_label();
    assert!(labels.iter().any(|label| label.value() == cut));
}

#[test]
fn an_aggregated_value_is_not_too_long() {
    let m = MetricsRegistry::builder().aggregate_label("agent_id").build().unwrap();
    let long = "x".repeat(300);
    m.record_policy_evaluation(PolicyDecisionType::Allowed, &long, Duration::ZERO);
    drop(m.time_policy_evaluation(PolicyDecisionType::Allowed, &long));
    let page = page(&m);
    assert_eq!(values(&page, EVALUATIONS, "agent_id"), ["aggregated"]);
    assert_eq!(invalid(&page, EVALUATIONS), 0.0);
}

#[test]
fn long_values_beyond_the_limit_of_series_are_folded() {
    let m = MetricsRegistry::builder().max_series_per_family(2).build().unwrap();
    let long = |number: usize| format!("{}{number}", "x".repeat(300));
    for number in 0..10 {
        for _ in 0..2 {
            m.record_replay_block(&long(number));
        }
    }
    let page = page(&m);
    let blocks = "caracal_gateway_replay_blocks_total";
    assert_eq!(values(&page, blocks, "reason").len(), 3);
    assert_eq!(page[blocks].samples.values().sum::<f64>(), 20.0);
    assert_eq!(value(&page, blocks, &[("reason", "aggregated")]), 16.0);
    let limited = value(&page, "caracal_metrics_series_limited_total", &[("metric", blocks)]);
    assert_eq!(limited, 16.0);
    assert_eq!(invalid(&page, blocks), 20.0);
}

#[test]
fn the_limit_can_be_lower_and_higher() {
    let value = "x".repeat(1_000);
    for limit in [32, 256, 999, 1_000, 65_536] {
        let m = MetricsRegistry::builder().max_label_value_bytes(limit).build().unwrap();
        m.record_replay_block(&value);
        m.record_replay_block(&value);
        let page = page(&m);
        let blocks = "caracal_gateway_replay_blocks_total";
        assert_eq!(values(&page, blocks, "reason")[0].len(), limit.min(1_000));
        assert_eq!(page[blocks].samples.len(), 1);
        assert_eq!(invalid(&page, blocks), if limit < 1_000 { 2.0 } else { 0.0 });
    }
}
