//! The files contain what a service uses, and nothing else.

use std::time::Duration;

use caracal_axum::{GatewayMetricsLayer, HttpMetricsLayer};
use caracal_cache::CacheObserver;
use caracal_metrics_core::{MetricsRegistry, PolicyDecisionType};
use caracal_monitoring::{Target, dashboard, rules};
use tower_layer::Layer;

fn target() -> Target {
    Target::new("shop-api", "shop:9000").unwrap()
}

fn shop() -> MetricsRegistry {
    MetricsRegistry::builder().namespace("shop").build().unwrap()
}

fn alerts(metrics: &MetricsRegistry) -> Vec<String> {
    let rules = rules(metrics, &target());
    let alerts = rules.lines().filter_map(|line| line.trim().strip_prefix("- alert: "));
    alerts.map(str::to_owned).collect()
}

#[test]
fn a_service_that_uses_nothing_has_alerts_about_itself_alone() {
    let metrics = shop();
    let always =
        ["ShopApiTargetDown", "ShopApiTargetAbsent", "SeriesNearLimit", "MetricSeriesLimited"];
    assert_eq!(alerts(&metrics), always);
    // The page shows the catalogue, but none of it is in use.
    assert!(metrics.sample("shop_policy_cache_hits_total", &[]).is_some());
    let dashboard = dashboard(&metrics, &target());
    for word in ["policy", "Policy", "gateway", "Database", "Caches"] {
        assert!(!dashboard.contains(word), "{word} in {dashboard}");
    }
}

#[test]
fn a_layer_counts_before_the_first_request() {
    let (gateway, http, caracal) = (shop(), shop(), MetricsRegistry::new());
    // A layer is in use once it has been applied to a service.
    let _gateway = GatewayMetricsLayer::new(&gateway).layer(());
    let _http = HttpMetricsLayer::new(&http).layer(());
    let _caracal = GatewayMetricsLayer::new(&caracal).layer(());
    for (metrics, prefix) in [(gateway, "ShopApi"), (http, "ShopApi"), (caracal, "Gateway")] {
        let alerts = alerts(&metrics);
        for window in ["1h", "6h", "1d", "3d"] {
            assert!(alerts.contains(&format!("{prefix}ErrorBudgetBurn{window}")), "{alerts:?}");
        }
    }
}

#[test]
fn two_layers_have_alerts_of_different_names() {
    let metrics = shop();
    let gateway = GatewayMetricsLayer::new(&metrics).layer(());
    let _both = HttpMetricsLayer::new(&metrics).layer(gateway);
    let mut alerts = alerts(&metrics);
    let count = alerts.len();
    assert!(alerts.contains(&"ShopApiHttpErrorBudgetBurn1h".to_owned()), "{alerts:?}");
    alerts.sort();
    alerts.dedup();
    assert_eq!(alerts.len(), count);
}

#[test]
fn what_is_recorded_by_hand_is_in_use() {
    let metrics = shop();
    metrics.record_policy_evaluation(PolicyDecisionType::Denied, "a", Duration::from_millis(1));
    metrics.record_policy_cache_hit();
    let alerts = alerts(&metrics);
    assert!(alerts.contains(&"PolicyDenialRatioHigh".to_owned()), "{alerts:?}");
    // There are no misses by which to divide.
    assert!(!alerts.contains(&"PolicyCacheHitRatioLow".to_owned()), "{alerts:?}");
    let dashboard = dashboard(&metrics, &target());
    assert!(dashboard.contains("shop_policy_evaluations_total"), "{dashboard}");
    assert!(!dashboard.contains("shop_policy_cache_misses_total"), "{dashboard}");
}

#[test]
fn a_cache_that_is_attached_is_in_use() {
    let metrics = shop();
    let cache = moka::sync::Cache::<u8, u8>::new(10);
    let _cache = CacheObserver::named("prices").wrap(cache, &metrics).unwrap();
    let rules = rules(&metrics, &target());
    assert!(rules.contains("record: job_cache:shop_cache_hit_ratio:rate5m"), "{rules}");
    assert!(!rules.contains("policy"), "{rules}");
}

#[test]
fn links_lead_to_a_runbook_that_there_is() {
    let metrics = shop();
    let gateway = MetricsRegistry::new();
    let _layer = GatewayMetricsLayer::new(&gateway).layer(());
    for metrics in [&metrics, &gateway] {
        assert!(!rules(metrics, &target()).contains("runbook_url"));
    }
    let linked = rules(&gateway, &target().runbook("https://wiki/gateway"));
    let link = "runbook_url: \"https://wiki/gateway#gatewayerrorbudgetburn1h\"";
    assert!(linked.contains(link), "{linked}");
    let linked = rules(&metrics, &target().runbook("https://wiki/{{x}}/shop"));
    // Prometheus expands annotations as templates.
    let link = r#"runbook_url: "https://wiki/{{ \"{{\" }}x}}/shop#shopapitargetdown""#;
    assert!(linked.contains(link), "{linked}");
}

#[test]
fn two_services_may_share_a_prometheus() {
    let metrics = shop();
    let _service = GatewayMetricsLayer::new(&metrics).layer(());
    let names = |job: &str| -> Vec<String> {
        let rules = rules(&metrics, &Target::new(job, "shop:9000").unwrap());
        let is_own = |line: &&str| line.contains("ErrorBudget") || line.contains("name:");
        rules.lines().filter(is_own).map(str::to_owned).collect()
    };
    let (api, worker) = (names("shop-api"), names("shop-worker"));
    assert!(api.len() > 4 && api.iter().all(|name| !worker.contains(name)), "{api:?} {worker:?}");
}
