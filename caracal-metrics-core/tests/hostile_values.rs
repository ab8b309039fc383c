//! Label values, status codes and durations that should never occur, but will.

mod support;

use std::time::Duration;

use caracal_metrics_core::{
    DatabaseOperationType, MetricsRegistry, PolicyDecisionType, QueryStatus,
};
use proptest::prelude::*;
use support::{labels, parse, value};

/// Any text, with a high share of characters that are special in the format.
fn hostile() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        proptest::collection::vec(
            proptest::sample::select(vec![
                "\\", "\"", "\n", "\r", "{", "}", ",", "=", " ", "#", "\0", "🐆", "n", ""
            ]),
            0..6,
        )
        .prop_map(|parts| parts.concat()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn every_value_reads_back_as_it_was_given(a in hostile(), b in hostile(), service in hostile()) {
        let m = MetricsRegistry::builder().const_label("service", &service).build().unwrap();
        m.record_auth_failure(&a, &b);
        m.record_gateway_request(&a, 200, &b, Duration::ZERO);
        m.record_policy_evaluation(PolicyDecisionType::Denied, &a, Duration::ZERO);
        m.record_database_query(DatabaseOperationType::Other, &b, QueryStatus::Error, Duration::ZERO);
        m.record_circuit_breaker_failure(&a);
        m.record_database_connection_error(&b);
        let page = parse(&m.generate_metrics());
        let of = |pairs: &[(&str, &str)]| {
            let mut all = pairs.to_vec();
            all.push(("service", &service));
            (pairs.len(), labels(&all))
        };
        for (name, pairs) in [
            ("caracal_gateway_auth_failures_total", of(&[("auth_method", &a), ("reason", &b)])),
            ("caracal_policy_evaluations_total", of(&[("decision", "denied"), ("agent_id", &a)])),
            ("caracal_database_connection_errors_total", of(&[("error_type", &b)])),
            ("caracal_circuit_breaker_failures_total", of(&[("name", &a)])),
        ] {
            prop_assert_eq!(page[name].samples.get(&(name.to_owned(), pairs.1)), Some(&1.0));
        }
    }

    #[test]
    fn distinct_label_sets_never_merge(sets in proptest::collection::hash_set((hostile(), hostile()), 1..40)) {
        let m = MetricsRegistry::new();
        for (count, (a, b)) in (1..).zip(&sets) {
            for _ in 0..count {
                m.record_auth_failure(a, b);
            }
        }
        let page = parse(&m.generate_metrics());
        prop_assert_eq!(page["caracal_gateway_auth_failures_total"].samples.len(), sets.len());
        for (count, (a, b)) in (1..).zip(&sets) {
            let seen = value(&page, "caracal_gateway_auth_failures_total", &[("auth_method", a), ("reason", b)]);
            prop_assert_eq!(seen, f64::from(count));
        }
    }
}

#[test]
fn values_that_join_to_the_same_text_stay_apart() {
    let m = MetricsRegistry::new();
    m.record_auth_failure("ab", "c");
    m.record_auth_failure("a", "bc");
    m.record_auth_failure("", "abc");
    m.record_auth_failure("abc", "");
    m.record_auth_failure("ab\u{ff}", "c");
    let page = parse(&m.generate_metrics());
    let samples = &page["caracal_gateway_auth_failures_total"].samples;
    assert_eq!(samples.len(), 5);
    assert!(samples.values().all(|value| *value == 1.0));
}

#[test]
fn methods_and_status_codes_out_of_range_are_folded() {
    let m = MetricsRegistry::new();
    for method in ["", "get", "BREW", "GET\n", "🐆", "PROPFIND"] {
        m.record_gateway_request(method, 200, "none", Duration::ZERO);
    }
    for status in [0, 99, 1000, 65535] {
        m.record_gateway_request("GET", status, "none", Duration::ZERO);
    }
    m.record_gateway_request("PATCH", 100, "none", Duration::ZERO);
    m.gateway_request("TRACE", 999, "none").record(Duration::ZERO);
    let page = parse(&m.generate_metrics());
    let requests = |method, status| {
        let labels = [("method", method), ("status_code", status), ("auth_method", "none")];
        value(&page, "caracal_gateway_requests_total", &labels)
    };
    assert_eq!(requests("OTHER", "200"), 6.0);
    assert_eq!(requests("GET", "unknown"), 4.0);
    assert_eq!(requests("PATCH", "100"), 1.0);
    assert_eq!(requests("TRACE", "999"), 1.0);
    let invalid = [("metric", "caracal_gateway_requests_total")];
    assert_eq!(value(&page, "caracal_metrics_invalid_values_total", &invalid), 4.0);
}

#[test]
fn the_longest_durations_are_added_up() {
    let m = MetricsRegistry::new();
    for round in 1..=5_000_u32 {
        m.record_policy_evaluation(PolicyDecisionType::Allowed, "a", Duration::MAX);
        if round.is_power_of_two() || round == 5_000 {
            let page = parse(&m.generate_metrics());
            let name = "caracal_policy_evaluation_duration_seconds";
            let sum = value(&page, &format!("{name}_sum"), &[("decision", "allowed")]);
            let longest = Duration::from_nanos(1 << 55).as_secs_f64();
            assert_eq!((sum / longest).round(), f64::from(round), "{sum}");
            let count = value(&page, &format!("{name}_count"), &[("decision", "allowed")]);
            assert_eq!(count, f64::from(round));
            let invalid = value(&page, "caracal_metrics_invalid_values_total", &[("metric", name)]);
            assert_eq!(invalid, f64::from(round), "a cut value is counted");
        }
    }
}

#[test]
fn a_duration_on_a_bound_counts_below_it() {
    let m = MetricsRegistry::new();
    m.record_gateway_request("GET", 200, "none", Duration::from_millis(5));
    m.record_gateway_request(
        "GET",
        200,
        "none",
        Duration::from_millis(5) + Duration::from_nanos(1),
    );
    m.record_gateway_request("GET", 200, "none", Duration::from_secs(11));
    let page = parse(&m.generate_metrics());
    let bucket = |le| {
        let labels = [("method", "GET"), ("status_code", "200"), ("le", le)];
        value(&page, "caracal_gateway_request_duration_seconds_bucket", &labels)
    };
    assert_eq!(bucket("0.005"), 1.0);
    assert_eq!(bucket("0.01"), 2.0);
    assert_eq!(bucket("10.0"), 2.0);
    assert_eq!(bucket("+Inf"), 3.0);
    let labels = [("method", "GET"), ("status_code", "200")];
    assert_eq!(
        value(&page, "caracal_gateway_request_duration_seconds_sum", &labels),
        11.010_000_001
    );
}
