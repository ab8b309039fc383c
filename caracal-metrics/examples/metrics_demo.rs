//! Records one of everything by hand and prints the page.
//!
//! Run it with `cargo run -p caracal-metrics --example metrics_demo`.

use std::io::Write;
use std::time::Duration;

use caracal_metrics::{
    CircuitBreakerState, DatabaseOperationType, MetricsRegistry, PolicyDecisionType, PoolStats,
    QueryStatus, get_metrics_registry, initialize_metrics_registry,
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    initialize_metrics_registry()?;
    let metrics = get_metrics_registry()?;

    gateway(&metrics);
    policy(&metrics);
    database(&metrics);
    circuit_breaker(&metrics);

    eprintln!("Content-Type: {}\n", metrics.get_content_type());
    std::io::stdout().write_all(&metrics.generate_metrics())?;
    Ok(())
}

fn gateway(metrics: &MetricsRegistry) {
    {
        let _in_flight = metrics.track_gateway_request_in_flight();
        metrics.record_gateway_request("GET", 200, "jwt", Duration::from_millis(45));
    }
    metrics.record_gateway_request("POST", 403, "api_key", Duration::from_millis(12));
    metrics.record_auth_failure("jwt", "expired");
    metrics.record_replay_block("nonce_reused");
    metrics.record_degraded_mode_request();

    // A handle resolves its labels once. Use it in code that records the same labels repeatedly.
    let health = metrics.gateway_request("GET", 200, "none");
    for _ in 0..10 {
        health.record(Duration::from_micros(300));
    }
    metrics.auth_failure("api_key", "unknown_key").inc();
    metrics.replay_block("nonce_expired").inc();
}

fn policy(metrics: &MetricsRegistry) {
    let duration = Duration::from_micros(1_800);
    metrics.record_policy_evaluation(PolicyDecisionType::Allowed, "agent-1", duration);
    metrics.policy_evaluation(PolicyDecisionType::Denied, "agent-2").record(duration);
    {
        let mut timer = metrics.time_policy_evaluation(PolicyDecisionType::Error, "agent-3");
        timer.set_decision(PolicyDecisionType::Allowed);
    }

    metrics.record_policy_cache_hit();
    metrics.record_policy_cache_miss();
    metrics.record_policy_cache_eviction();
    metrics.set_policy_cache_size(42);
}

fn database(metrics: &MetricsRegistry) {
    metrics.record_database_query(
        DatabaseOperationType::Select,
        "authority_policies",
        QueryStatus::Success,
        Duration::from_millis(3),
    );
    metrics.time_database_query(DatabaseOperationType::Insert, "authority_ledger").success();
    metrics.time_database_query(DatabaseOperationType::Update, "authority_policies").error();
    let answer = "7".parse::<u32>();
    metrics.time_database_query(DatabaseOperationType::Delete, "sessions").observe(&answer);
    metrics.database_query(DatabaseOperationType::Other, "unknown").time().success();

    metrics.update_connection_pool_stats(PoolStats { size: 10, checked_out: 3, overflow: 0 });
    metrics.record_database_connection_error("timeout");
    metrics.database_connection_error("refused").inc();
}

fn circuit_breaker(metrics: &MetricsRegistry) {
    use CircuitBreakerState::{Closed, HalfOpen, Open};

    metrics.record_circuit_breaker_success("database");
    metrics.record_circuit_breaker_failure("database");
    metrics.record_circuit_breaker_state_change("database", Closed, Open);
    metrics.set_circuit_breaker_state("database", Open);

    let breaker = metrics.circuit_breaker("database");
    breaker.record_state_change(Open, HalfOpen);
    breaker.set_state(HalfOpen);
    breaker.record_success();
    breaker.record_failure();
}
