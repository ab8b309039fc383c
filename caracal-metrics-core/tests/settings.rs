//! Invalid settings are refused, and the error says what to change.

mod support;

use caracal_metrics_core::adapter::InstanceKind;
use caracal_metrics_core::{
    AttachError, BuildError, Counter, Family, FamilyError, Gauge, MetricsRegistry, labels,
};
use support::parse;

#[test]
fn constant_labels_are_on_every_series() {
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
fn a_constant_label_can_be_as_long_as_any_other() {
    let build = |limit: usize, value: &str| {
        MetricsRegistry::builder()
            .const_label("service", value)
            .max_label_value_bytes(limit)
            .build()
            .map(drop)
    };
    assert_eq!(build(64, &"x".repeat(64)), Ok(()));
    let error = build(64, &"x".repeat(65)).unwrap_err();
    let expected = BuildError::LongLabelValue { name: "service".to_owned(), bytes: 65, limit: 64 };
    assert_eq!(error, expected);
    assert_eq!(
        error.to_string(),
        "the value of constant label \"service\" has 65 bytes, but at most 64 are allowed: shorten it, or \
         raise max_label_value_bytes"
    );
    let by_default = MetricsRegistry::builder().const_label("service", "x".repeat(257)).build();
    assert!(matches!(by_default, Err(BuildError::LongLabelValue { limit: 256, .. })));
}

#[test]
fn the_limit_of_label_values_has_a_range() {
    let build = |bytes| MetricsRegistry::builder().max_label_value_bytes(bytes).build().map(drop);
    for bytes in [32, 65_536] {
        assert_eq!(build(bytes), Ok(()));
    }
    for bytes in [0, 31, 65_537, usize::MAX] {
        let error = build(bytes).unwrap_err();
        assert_eq!(error, BuildError::LabelValueLimit { bytes, least: 32, most: 65_536 });
        assert!(error.to_string().ends_with("choose from 32 to 65536 bytes"), "{error}");
    }
}

fn aggregate(name: &str) -> BuildError {
    MetricsRegistry::builder().aggregate_label(name).build().unwrap_err()
}

#[test]
fn an_aggregate_label_is_a_name_that_a_label_can_have() {
    for name in ["", "1st", "a-b", "é", "__name__", "a b", "le", "quantile"] {
        let error = aggregate(name);
        assert_eq!(error, BuildError::InvalidAggregateLabel { name: name.to_owned() });
        let text = error.to_string();
        assert!(text.contains(&format!("{name:?}")) && text.contains("choose the name"), "{text}");
    }
}

labels! {
    struct Agent<'a> { agent: &'a str }
    struct Cache<'a> { cache: &'a str }
}

static AGENTS: Family<Counter, Agent<'_>> = Family::counter("app_agents_total", "Agents.");
static CACHE_SIZE: Family<Gauge, Cache<'_>> = Family::gauge("app_cache_size", "Entries.");

#[test]
fn every_open_label_can_be_aggregated() {
    for name in ["agent_id", "auth_method", "error_type", "reason", "table"] {
        assert!(MetricsRegistry::builder().aggregate_label(name).build().is_ok(), "{name}");
    }
    // The label belongs to a family that is registered later.
    let m = MetricsRegistry::builder().aggregate_label("agent").build().unwrap();
    let agents = m.family(&AGENTS).unwrap();
    agents.inc(Agent { agent: "a" });
    agents.inc(Agent { agent: "b" });
    assert_eq!(m.sample("app_agents_total", &[("agent", "aggregated")]), Some(2.0));
}

/// A counter that is the sum of several instances would decrease when one of them is dropped.
#[test]
fn an_instance_is_not_aggregated() {
    let m = MetricsRegistry::builder().aggregate_label("agent").build().unwrap();
    let mut instance = m.attach(InstanceKind::new("agent"), Some("a")).unwrap();
    let error = instance.series(&AGENTS, Agent { agent: "a" }).unwrap_err();
    assert!(matches!(error, AttachError::AggregatedLabel { .. }), "{error:?}");
    for words in ["app_agents_total", "aggregate_label(\"agent\")", "`sum without (agent) (…)`"] {
        assert!(error.to_string().contains(words), "{error}");
    }
    drop(instance);
    let agents = m.family(&AGENTS).unwrap();
    agents.inc(Agent { agent: "a" });
    assert_eq!(m.sample("app_agents_total", &[("agent", "aggregated")]), Some(1.0));
}

#[test]
fn a_label_with_fixed_values_is_not_aggregated() {
    for (name, family) in [
        ("method", "caracal_gateway_requests_total"),
        ("status_code", "caracal_gateway_requests_total"),
        ("decision", "caracal_policy_evaluations_total"),
        ("metric", "caracal_metrics_series_limited_total"),
    ] {
        let error = aggregate(name);
        let BuildError::ClosedAggregateLabel { name: refused, .. } = &error else {
            panic!("{error:?}")
        };
        assert_eq!(refused, name);
        let text = error.to_string();
        assert!(text.contains(family) && text.ends_with("remove this call"), "{text}");
    }
}

/// States can't be added up, and an aggregated label that is accepted must have an effect.
#[test]
fn a_label_with_names_of_instances_is_not_aggregated() {
    for (label, family) in [
        ("name", "caracal_circuit_breaker_state"),
        ("pool", "caracal_database_connection_pool_size"),
    ] {
        let error = aggregate(label);
        let (name, family) = (label.to_owned(), family.to_owned());
        assert_eq!(error, BuildError::GaugeAggregateLabel { name, family });
        let remedy = format!("`sum without ({label}) (…)`");
        assert!(error.to_string().ends_with(&remedy), "{error}");
    }
    // The gauge is registered later.
    let m = MetricsRegistry::builder().aggregate_label("cache").build().unwrap();
    let error = m.family(&CACHE_SIZE).unwrap_err();
    let (name, label) = ("app_cache_size".to_owned(), "cache".to_owned());
    assert_eq!(error, FamilyError::AggregatedGauge { name, label });
    assert!(error.to_string().ends_with("`sum without (cache) (…)`"), "{error}");
    assert!(!String::from_utf8(m.generate_metrics()).unwrap().contains("app_cache_size"));
}
