//! Settings that make no sense are refused, and say what to change.

mod support;

use caracal_metrics_core::{BuildError, MetricsRegistry};
use support::parse;

#[test]
fn constant_labels_stand_on_every_series() {
    let m = MetricsRegistry::builder()
        .const_label("service", "gate\"way")
        .const_label("region", "eu")
        .build()
        .unwrap();
    m.record_replay_block("nonce_reused");
    for (name, family) in parse(&m.generate_metrics()) {
        for ((_, labels), _) in family.samples {
            assert_eq!(labels["service"], "gate\"way", "{name}");
            assert_eq!(labels["region"], "eu", "{name}");
        }
    }
    let labels = [("region", "eu"), ("reason", "nonce_reused"), ("service", "gate\"way")];
    assert_eq!(m.sample("caracal_gateway_replay_blocks_total", &labels), Some(1.0));
}

#[test]
fn constant_labels_are_checked() {
    let build = |name: &str| MetricsRegistry::builder().const_label(name, "x").build().unwrap_err();
    for name in ["", "1st", "a-b", "é", "__name__", "a b", "a\n"] {
        assert_eq!(build(name), BuildError::InvalidLabelName { name: name.to_owned() });
    }
    for name in ["le", "quantile", "method", "pool", "agent_id", "metric"] {
        assert_eq!(build(name), BuildError::ReservedLabelName { name: name.to_owned() });
    }
    let twice = MetricsRegistry::builder().const_label("a", "1").const_label("a", "2").build();
    assert_eq!(twice.unwrap_err(), BuildError::DuplicateLabelName { name: "a".to_owned() });
}

#[test]
fn an_unknown_aggregate_label_names_the_known_ones() {
    for name in ["agent", "method", "decision", "pool", "metric", "le"] {
        let error = MetricsRegistry::builder().aggregate_label(name).build().unwrap_err();
        assert!(
            matches!(&error, BuildError::UnknownAggregateLabel { name: refused, .. } if refused == name)
        );
        assert!(error.to_string().contains("agent_id, auth_method"), "{error}");
    }
}
