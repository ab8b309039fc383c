//! No feature: the registry and its recorders.

use std::time::Duration;

use caracal_metrics::{MetricsRegistry, PolicyDecisionType};

fn main() {
    let metrics = MetricsRegistry::new();
    let decision = PolicyDecisionType::Allowed;
    metrics.record_policy_evaluation(decision, "agent-1", Duration::from_millis(2));
    let page = String::from_utf8(metrics.generate_metrics()).unwrap();
    let series = "caracal_policy_evaluations_total{decision=\"allowed\",agent_id=\"agent-1\"} 1\n";
    assert!(page.contains(series), "{page}");
}
