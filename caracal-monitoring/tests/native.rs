//! Each query of a histogram with native buckets works whichever way Prometheus stores it.

use std::time::Duration;

use caracal_axum::{GatewayMetricsLayer, HttpMetricsLayer};
use caracal_metrics_core::{DurationHistogram, Family, MetricsRegistry, Resolution};
use caracal_monitoring::{Target, dashboard, rules};
use tower_layer::Layer;

static PACKING: Family<DurationHistogram> =
    Family::duration_histogram("packing_seconds", "Packing.").buckets(&[Duration::from_secs(1)]);

/// The files of a service with everything that has a histogram. The catalogue of a gateway is among that.
fn files(metrics: &MetricsRegistry) -> [String; 2] {
    let gateway = GatewayMetricsLayer::new(metrics).by_route().first_byte().body_sizes();
    let gateway = gateway.layer(());
    let _http = HttpMetricsLayer::new(metrics).first_byte().body_sizes().layer(gateway);
    metrics.family(&PACKING).unwrap();
    let target = Target::new("shop", "shop:9000").unwrap();
    [dashboard(metrics, &target), rules(metrics, &target)]
}

/// How often a file has a series of classic histograms, and how often what goes before it.
fn counts(file: &str) -> (usize, usize) {
    let classic = file.matches("_bucket{").count() + file.matches("_seconds_count{").count();
    (
        classic,
        file.matches(") or sum").count()
            + file.matches(") or histogram_quantile").count()
            + file.matches(") or on () sum by (le) (increase").count(),
    )
}

#[test]
fn each_classic_series_is_a_fallback() {
    let metrics = MetricsRegistry::builder().native_histograms(Resolution::default()).build();
    for file in files(&metrics.unwrap()) {
        let (classic, fallbacks) = counts(&file);
        assert!(classic > 10, "{classic}");
        assert_eq!(classic, fallbacks, "{file}");
    }
}

#[test]
fn without_native_buckets_queries_are_classic() {
    for file in files(&MetricsRegistry::new()) {
        assert!(counts(&file).0 > 10);
        assert_eq!(counts(&file).1, 0, "{file}");
    }
}
