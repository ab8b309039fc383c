//! The families that a registry lists, and which of them are in use.

use std::time::Duration;

use caracal_metrics_core::catalogue::GATEWAY_REQUESTS;
use caracal_metrics_core::{
    DurationHistogram, Family, MetricsRegistry, PolicyDecisionType, RegisteredFamily, catalogue,
    labels,
};

labels! {
    struct Delivery<'a> {
        carrier: &'a str,
    }
}

static DELIVERIES: Family<DurationHistogram, Delivery<'_>> =
    Family::duration_histogram("delivery_duration_seconds", "Time of \"deliveries\".")
        .buckets(&[Duration::from_millis(500), Duration::from_secs(60)]);

fn family(metrics: &MetricsRegistry, name: &str) -> RegisteredFamily {
    let families = metrics.registered_families();
    let names: Vec<_> = families.iter().map(|family| family.name.clone()).collect();
    assert!(names.is_sorted(), "{names:?}");
    families.into_iter().find(|family| family.name == name).expect("it is registered")
}

#[test]
fn a_family_is_described_as_it_was_declared() {
    let metrics = MetricsRegistry::builder().namespace("shop").build().unwrap();
    assert_eq!(metrics.namespace(), "shop");
    metrics.family(&DELIVERIES).unwrap();
    let deliveries = family(&metrics, "delivery_duration_seconds");
    assert_eq!((deliveries.kind, &*deliveries.help), ("histogram", "Time of \"deliveries\"."));
    assert_eq!(deliveries.unit.as_deref(), Some("seconds"));
    assert_eq!(deliveries.labels, ["carrier"]);
    assert_eq!(deliveries.buckets, [0.5, 60.0]);
    // Nothing was recorded, but the service has registered it.
    assert!(deliveries.in_use);
}

#[test]
fn families_of_the_catalogue_are_in_use_once_requested_or_recorded() {
    for only_used in [false, true] {
        let builder = MetricsRegistry::builder().namespace("shop");
        let builder = if only_used { builder.only_used_families() } else { builder };
        let metrics = builder.build().unwrap();
        let in_use = || -> Vec<String> {
            let families = metrics.registered_families().into_iter();
            let of_catalogue =
                |name: &str| catalogue::families().any(|spec| spec.exposed_name("shop") == name);
            families
                .filter(|family| family.in_use && of_catalogue(&family.name))
                .map(|family| family.name)
                .collect()
        };
        assert!(in_use().is_empty(), "{:?}", in_use());
        assert!(!metrics.generate_metrics().is_empty());
        assert!(in_use().is_empty(), "a page uses nothing: {:?}", in_use());

        metrics.family(&GATEWAY_REQUESTS).unwrap();
        assert_eq!(in_use(), ["shop_gateway_requests_total"]);
        metrics.record_policy_cache_miss();
        let time = Duration::from_millis(1);
        metrics.record_policy_evaluation(PolicyDecisionType::Allowed, "a", time);
        let recorded = [
            "shop_gateway_requests_total",
            "shop_policy_cache_misses_total",
            "shop_policy_evaluation_duration_seconds",
            "shop_policy_evaluations_total",
        ];
        assert_eq!(in_use(), recorded);
    }
}

#[test]
fn a_gauge_of_guards_stays_in_use_when_they_have_ended() {
    let metrics = MetricsRegistry::new();
    let in_flight = || family(&metrics, "caracal_gateway_requests_in_flight").in_use;
    assert!(!in_flight());
    drop(metrics.track_gateway_request_in_flight());
    assert!(in_flight());
}

#[test]
fn families_of_the_attached_registry_are_listed() {
    let metrics = MetricsRegistry::new();
    let opts = prometheus::HistogramOpts::new("app_seconds", "Of \\ others");
    let histogram = prometheus::HistogramVec::new(opts, &["kind"]).unwrap();
    histogram.with_label_values(&["a"]).observe(0.2);
    metrics.register(Box::new(histogram)).unwrap();
    let described = family(&metrics, "app_seconds");
    assert_eq!((described.kind, &*described.help), ("histogram", "Of \\ others"));
    assert_eq!(described.labels, ["kind"]);
    assert!(described.in_use);
}
