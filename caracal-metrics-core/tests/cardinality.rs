//! A flood of label values: the number of series and the memory stay limited, and the sums lose nothing.

mod support;

use std::alloc::System;
use std::fmt::Write;
use std::time::Duration;

use caracal_metrics_core::{BuildError, CircuitBreakerState, MetricsRegistry, PolicyDecisionType};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use support::{parse, value};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const EVALUATIONS: &str = "caracal_policy_evaluations_total";

/// This is one test, because the allocator counts for the whole process.
#[test]
fn a_million_agents_cost_what_the_limit_allows() {
    const AGENTS: usize = 1_000_000;
    const LIMIT: usize = 10_000;

    let m = MetricsRegistry::new();
    let decisions =
        [PolicyDecisionType::Allowed, PolicyDecisionType::Denied, PolicyDecisionType::Error];
    let mut agent = String::new();
    let mut region = Region::new(ALLOCATOR);
    let mut half = 0;
    for number in 0..AGENTS {
        agent.clear();
        write!(agent, "agent-{number}").expect("writing to a string");
        m.record_policy_evaluation(decisions[number % 3], &agent, Duration::from_millis(1));
        if number == AGENTS / 2 {
            half = in_use(&region);
            region = Region::new(ALLOCATOR);
        }
    }
    assert!(half < 16 << 20, "{half} bytes for {LIMIT} series");
    let after = in_use(&region);
    assert_eq!(after, 0, "the second half million took memory");

    let page = m.generate_metrics();
    assert!(page.len() < LIMIT * 128, "a page of {} bytes", page.len());
    let page = parse(&page);
    let samples = &page[EVALUATIONS].samples;
    assert_eq!(samples.len(), LIMIT + 3, "the limit, and a folded series for each decision");
    assert_eq!(samples.values().sum::<f64>(), AGENTS as f64);
    let folded: f64 = ["allowed", "denied", "error"]
        .map(|decision| {
            value(&page, EVALUATIONS, &[("decision", decision), ("agent_id", "aggregated")])
        })
        .iter()
        .sum();
    assert_eq!(folded, (AGENTS - LIMIT) as f64);
    let limited = value(&page, "caracal_metrics_series_limited_total", &[("metric", EVALUATIONS)]);
    assert_eq!(limited, folded, "each folded record is counted");

    a_known_agent_is_found_in_a_full_family(&m);
    an_aggregated_label_folds_always();
    every_family_is_bounded();
    a_gauge_is_not_folded();
    a_limit_of_nothing_is_refused();
}

fn in_use(region: &Region<'_, System>) -> usize {
    let change = region.change();
    change.bytes_allocated.saturating_sub(change.bytes_deallocated)
}

fn a_known_agent_is_found_in_a_full_family(m: &MetricsRegistry) {
    let handle = m.policy_evaluation(PolicyDecisionType::Allowed, "agent-0");
    handle.record(Duration::ZERO);
    let late = m.policy_evaluation(PolicyDecisionType::Allowed, "too late");
    late.record(Duration::ZERO);
    late.record(Duration::ZERO);
    let page = parse(&m.generate_metrics());
    let of = |agent| value(&page, EVALUATIONS, &[("decision", "allowed"), ("agent_id", agent)]);
    assert_eq!(of("agent-0"), 2.0);
    let limited = value(&page, "caracal_metrics_series_limited_total", &[("metric", EVALUATIONS)]);
    assert_eq!(limited, 990_002.0, "a handle's folded records are counted too");
}

fn an_aggregated_label_folds_always() {
    let m = MetricsRegistry::builder()
        .aggregate_label("agent_id")
        .aggregate_label("reason")
        .build()
        .expect("valid labels");
    m.record_policy_evaluation(PolicyDecisionType::Allowed, "a", Duration::ZERO);
    m.record_policy_evaluation(PolicyDecisionType::Allowed, "b", Duration::ZERO);
    m.record_auth_failure("jwt", "expired");
    m.record_auth_failure("jwt", "forged");
    m.record_auth_failure("key", "forged");
    let page = parse(&m.generate_metrics());
    let labels = [("decision", "allowed"), ("agent_id", "aggregated")];
    assert_eq!(value(&page, EVALUATIONS, &labels), 2.0);
    assert_eq!(page[EVALUATIONS].samples.len(), 1);
    let failures = |method| {
        let labels = [("auth_method", method), ("reason", "aggregated")];
        value(&page, "caracal_gateway_auth_failures_total", &labels)
    };
    assert_eq!((failures("jwt"), failures("key")), (2.0, 1.0));
    let limited = value(&page, "caracal_metrics_series_limited_total", &[("metric", EVALUATIONS)]);
    assert_eq!(limited, 0.0, "an aggregated label is not a limit that was reached");
}

fn every_family_is_bounded() {
    let m = MetricsRegistry::builder().max_series_per_family(5).build().expect("a valid limit");
    for number in 0..100 {
        let name = format!("n{number}");
        m.record_gateway_request("GET", 200, &name, Duration::ZERO);
        m.record_auth_failure(&name, &name);
        m.record_replay_block(&name);
        m.time_database_query(caracal_metrics_core::DatabaseOperationType::Select, &name).success();
        m.record_database_connection_error(&name);
        m.record_circuit_breaker_failure(&name);
        m.record_circuit_breaker_success(&name);
    }
    let page = parse(&m.generate_metrics());
    for (name, family) in &page {
        let sets: std::collections::HashSet<_> = family
            .samples
            .keys()
            .map(|(_, labels)| labels.iter().filter(|(l, _)| *l != "le").collect::<Vec<_>>())
            .collect();
        let closed = if name.starts_with("caracal_metrics_") { 40 } else { 5 };
        assert!(sets.len() <= 5 + closed, "{name}: {} series", sets.len());
    }
    for (name, of) in [
        ("caracal_gateway_requests_total", 100.0),
        ("caracal_gateway_auth_failures_total", 100.0),
        ("caracal_gateway_replay_blocks_total", 100.0),
        ("caracal_database_queries_total", 100.0),
        ("caracal_database_connection_errors_total", 100.0),
        ("caracal_circuit_breaker_failures_total", 100.0),
        ("caracal_circuit_breaker_successes_total", 100.0),
    ] {
        assert_eq!(page[name].samples.values().sum::<f64>(), of, "{name}");
    }
}

/// The states of several breakers can't be added up, and the last one that was set would hide the others.
fn a_gauge_is_not_folded() {
    const STATE: &str = "caracal_circuit_breaker_state";
    let m = MetricsRegistry::builder().max_series_per_family(2).build().expect("a valid limit");
    for name in ["a", "b"] {
        m.set_circuit_breaker_state(name, CircuitBreakerState::Closed);
    }
    let late = m.circuit_breaker("late");
    late.set_state(CircuitBreakerState::Open);
    late.record_failure();
    m.set_circuit_breaker_state("later", CircuitBreakerState::HalfOpen);
    let page = parse(&m.generate_metrics());
    let states: Vec<_> = page[STATE].samples.iter().map(|((_, l), v)| (&*l["name"], *v)).collect();
    assert_eq!(states, [("a", 0.0), ("b", 0.0)]);
    let limited = value(&page, "caracal_metrics_series_limited_total", &[("metric", STATE)]);
    assert_eq!(limited, 2.0, "each state that was dropped is counted");
    let failures = "caracal_circuit_breaker_failures_total";
    assert_eq!(value(&page, failures, &[("name", "aggregated")]), 1.0);
}

fn a_limit_of_nothing_is_refused() {
    let refused = MetricsRegistry::builder().max_series_per_family(0).build();
    assert_eq!(refused.expect_err("zero"), BuildError::ZeroSeriesLimit);
}
