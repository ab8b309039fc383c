//! A breaker that opens.

use std::time::Duration;

use caracal_metrics::MetricsRegistry;
use caracal_metrics::breaker::BreakerObserver;
use failsafe::{CircuitBreaker, backoff, failure_policy};

fn main() {
    let metrics = MetricsRegistry::new();
    let policy =
        failure_policy::consecutive_failures(1, backoff::constant(Duration::from_secs(30)));
    let breaker = BreakerObserver::new("database").build(policy, (), &metrics).unwrap();
    breaker.call(|| Err::<(), _>("refused")).unwrap_err();
    let page = String::from_utf8(metrics.generate_metrics()).unwrap();
    assert!(page.contains("caracal_circuit_breaker_state{name=\"database\"} 1\n"), "{page}");
}
