//! Replays the operations that were recorded with the Python module: samples, types and helps must be the same.

mod support;

use std::collections::BTreeMap;
use std::time::Duration;

use caracal_metrics_core::{
    CircuitBreakerState, DatabaseOperationType, Format, MetricsRegistry, PolicyDecisionType,
    PoolStats, QueryStatus,
};
use serde_json::Value;

fn decision(name: &str) -> PolicyDecisionType {
    match name {
        "allowed" => PolicyDecisionType::Allowed,
        "denied" => PolicyDecisionType::Denied,
        "error" => PolicyDecisionType::Error,
        other => panic!("decision {other}"),
    }
}

fn operation(name: &str) -> DatabaseOperationType {
    match name {
        "select" => DatabaseOperationType::Select,
        "insert" => DatabaseOperationType::Insert,
        "update" => DatabaseOperationType::Update,
        "delete" => DatabaseOperationType::Delete,
        other => panic!("operation {other}"),
    }
}

fn state(name: &str) -> CircuitBreakerState {
    match name {
        "closed" => CircuitBreakerState::Closed,
        "open" => CircuitBreakerState::Open,
        "half_open" => CircuitBreakerState::HalfOpen,
        other => panic!("state {other}"),
    }
}

/// A timed block is replayed through the recorder that its timer calls, because the duration must be that of
/// the golden data, and not that of this test.
fn replay(m: &MetricsRegistry, function: &str, args: &Value, took: &Value) {
    let text = |name: &str| args[name].as_str().unwrap_or_else(|| panic!("{function}: {name}"));
    let seconds = |value: &Value| Duration::from_secs_f64(value.as_f64().expect("seconds"));
    let duration = || seconds(&args["duration_seconds"]);
    let number = |name: &str| args[name].as_u64().unwrap_or_else(|| panic!("{function}: {name}"));
    match function {
        "record_gateway_request" => {
            let status = u16::try_from(number("status_code")).expect("a status");
            m.record_gateway_request(text("method"), status, text("auth_method"), duration());
        }
        "track_gateway_request_in_flight" => drop(m.track_gateway_request_in_flight()),
        "record_auth_failure" => m.record_auth_failure(text("auth_method"), text("reason")),
        "record_replay_block" => m.record_replay_block(text("reason")),
        "record_degraded_mode_request" => m.record_degraded_mode_request(),
        "record_policy_evaluation" => {
            m.record_policy_evaluation(decision(text("decision")), text("agent_id"), duration());
        }
        "time_policy_evaluation" => {
            m.record_policy_evaluation(decision(text("decision")), text("agent_id"), seconds(took));
        }
        "record_policy_cache_hit" => m.record_policy_cache_hit(),
        "record_policy_cache_miss" => m.record_policy_cache_miss(),
        "record_policy_cache_eviction" => m.record_policy_cache_eviction(),
        "set_policy_cache_size" => m.set_policy_cache_size(number("size")),
        "time_database_query" => {
            let status =
                if args["__raise__"] == true { QueryStatus::Error } else { QueryStatus::Success };
            m.record_database_query(
                operation(text("operation")),
                text("table"),
                status,
                seconds(took),
            );
        }
        "update_connection_pool_stats" => m.update_connection_pool_stats(PoolStats {
            size: number("size"),
            checked_out: number("checked_out"),
            overflow: number("overflow"),
        }),
        "record_database_connection_error" => {
            m.record_database_connection_error(text("error_type"));
        }
        "set_circuit_breaker_state" => {
            m.set_circuit_breaker_state(text("name"), state(text("state")));
        }
        "record_circuit_breaker_failure" => m.record_circuit_breaker_failure(text("name")),
        "record_circuit_breaker_success" => m.record_circuit_breaker_success(text("name")),
        "record_circuit_breaker_state_change" => m.record_circuit_breaker_state_change(
            text("name"),
            state(text("from_state")),
            state(text("to_state")),
        ),
        other => panic!("the golden data has an operation that this test does not know: {other}"),
    }
}

/// Replays all operations.
fn replay_all(m: &MetricsRegistry) {
    let data: Value = serde_json::from_str(include_str!("golden/golden_ops.json")).expect("JSON");
    for op in data["ops"].as_array().expect("operations") {
        replay(m, op[0].as_str().expect("a name"), &op[1], &op[2]);
    }
}

/// The Python client writes the samples of a family under their own header, in no particular order.
fn golden() -> BTreeMap<String, support::Family> {
    let text = include_str!("golden/golden_python.txt");
    let mut blocks: Vec<String> =
        text.split("# HELP ").skip(1).map(|b| format!("# HELP {b}")).collect();
    blocks.sort();
    support::parse(blocks.concat().as_bytes())
}

#[test]
fn the_golden_operations_give_the_golden_page() {
    let m = MetricsRegistry::new();
    replay_all(&m);
    let ours = support::parse(&m.generate_metrics());
    let golden = golden();
    assert_eq!(golden.len(), 22);
    for (name, expected) in &golden {
        let family = ours.get(name).unwrap_or_else(|| panic!("no {name}"));
        assert_eq!(family.kind, expected.kind, "{name}");
        assert_eq!(family.help, expected.help, "{name}");
        for (sample, value) in &expected.samples {
            assert_eq!(family.samples.get(sample), Some(value), "{sample:?}");
        }
        for (sample, value) in &family.samples {
            assert!(
                expected.samples.contains_key(sample) || *value == 0.0,
                "{sample:?} is {value}, and the Python module does not show it"
            );
        }
    }
}

#[test]
fn label_names_are_those_of_the_python_module() {
    let data: Value = serde_json::from_str(include_str!("golden/golden_ops.json")).expect("JSON");
    for (name, family) in data["families"].as_object().expect("families") {
        let ours = caracal_metrics_core::catalogue::families()
            .find(|ours| ours.namespaced && format!("caracal_{}", ours.name) == *name)
            .unwrap_or_else(|| panic!("no {name}"));
        assert_eq!(family[0], ours.kind.as_str(), "{name}");
        let labels: Vec<_> = ours
            .labels
            .iter()
            // Only named pools have this label, and the Python module has none.
            .filter(|label| label.name != "pool")
            .map(|label| label.name)
            .collect();
        assert_eq!(family[1], Value::from(labels), "{name}");
    }
}

/// Fails at the first line that differs.
#[track_caller]
fn assert_page(m: &MetricsRegistry, format: Format, expected: &str) {
    let mut page = Vec::new();
    m.encode(format, &mut page);
    let page = String::from_utf8(page).expect("UTF-8");
    for (number, (ours, expected)) in (1..).zip(page.lines().zip(expected.lines())) {
        assert_eq!(ours, expected, "line {number}");
    }
    assert_eq!(page, expected);
}

/// Compares every byte: the order, the labels, the numbers, and everything between them.
#[test]
fn the_page_is_the_same_to_the_byte() {
    let m = MetricsRegistry::new();
    replay_all(&m);
    assert_page(&m, Format::Text, include_str!("golden/page.txt"));
    assert_page(&m, Format::OpenMetrics, include_str!("golden/page.openmetrics.txt"));
}

#[test]
fn the_page_under_settings_is_the_same_to_the_byte() {
    let m = MetricsRegistry::builder()
        .const_label("service", "g\"w")
        .max_series_per_family(2)
        .aggregate_label("agent_id")
        .build()
        .expect("valid settings");
    replay_all(&m);
    assert_page(&m, Format::Text, include_str!("golden/page_limited.txt"));
}
