//! The names of OpenTelemetry, from version 1.44.0 of the semantic conventions for HTTP metrics.

use axum::Router;
use axum::routing::get;
use caracal_axum::HttpMetricsLayer;
use caracal_axum::families::{
    HTTP_SERVER_ACTIVE_REQUESTS, HTTP_SERVER_REQUEST_BODY_SIZE, HTTP_SERVER_REQUEST_DURATION,
    HTTP_SERVER_RESPONSE_BODY_SIZE,
};
use caracal_metrics_core::{FamilySpec, MetricsRegistry};

use super::support::{labelled, samples};

/// The name of an instrument in Prometheus: dots become underscores, and the unit becomes a suffix.
fn exposed(instrument: &str, unit: &str) -> String {
    let name = instrument.replace('.', "_");
    match unit {
        "s" => name + "_seconds",
        "By" => name + "_bytes",
        _ => name,
    }
}

#[test]
fn the_families_are_those_of_the_conventions() {
    const OF_REQUESTS: &[&str] = &[
        "http.request.method",
        "http.response.status_code",
        "http.route",
        "url.scheme",
        "error.type",
    ];
    let conventions: [(&FamilySpec, &str, &str, &str, &[&str]); 4] = [
        (
            HTTP_SERVER_REQUEST_DURATION.spec(),
            "http.server.request.duration",
            "s",
            "histogram",
            OF_REQUESTS,
        ),
        (
            HTTP_SERVER_ACTIVE_REQUESTS.spec(),
            "http.server.active_requests",
            "{request}",
            "gauge",
            &["http.request.method", "url.scheme"],
        ),
        (
            HTTP_SERVER_REQUEST_BODY_SIZE.spec(),
            "http.server.request.body.size",
            "By",
            "histogram",
            OF_REQUESTS,
        ),
        (
            HTTP_SERVER_RESPONSE_BODY_SIZE.spec(),
            "http.server.response.body.size",
            "By",
            "histogram",
            OF_REQUESTS,
        ),
    ];
    for (family, instrument, unit, kind, attributes) in conventions {
        assert_eq!(family.exposed_name("shop"), exposed(instrument, unit));
        assert_eq!(family.kind.as_str(), kind);
        let labels: Vec<_> = family.labels.iter().map(|label| label.name).collect();
        let expected: Vec<_> = attributes.iter().map(|name| name.replace('.', "_")).collect();
        assert_eq!(labels, expected, "{instrument}");
    }
    let buckets: Vec<_> = HTTP_SERVER_REQUEST_DURATION.spec().buckets.iter().collect();
    let recommended =
        [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];
    assert_eq!(buckets, recommended);
}

/// The page of a service with its own namespace.
#[tokio::test]
async fn nothing_on_the_page_is_called_after_this_library() {
    let metrics =
        MetricsRegistry::builder().namespace("shop").only_used_families().build().unwrap();
    let layer =
        HttpMetricsLayer::new(&metrics).body_sizes().first_byte().label("tenant", |_| Some("a"));
    let app: Router = Router::new().route("/", get(async || "hello")).layer(layer);
    for (method, uri) in [("GET", "/"), ("QUERY", "/"), ("BREW", "/"), ("GET", "/nowhere")] {
        let request = axum::http::Request::builder().method(method).uri(uri);
        let request = request.body(axum::body::Body::empty()).unwrap();
        let response = tower::ServiceExt::oneshot(app.clone(), request).await.unwrap();
        axum::body::to_bytes(response.into_body(), 1024).await.unwrap();
    }
    let page = String::from_utf8(metrics.generate_metrics()).unwrap();
    assert!(!page.contains("caracal"), "{page}");
    let names = page.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    let others: Vec<_> = names.filter(|name| !name.starts_with("http_server_")).collect();
    assert_eq!(
        others,
        [
            "shop_metrics_collection_errors_total counter",
            "shop_metrics_series gauge",
            "shop_metrics_series_limit gauge",
        ]
    );
    assert_eq!(
        samples(&metrics, "http_server_request_duration_seconds_count"),
        ["GET 200 / http a 1", "GET 404 http a 1", "QUERY 405 / http a 1", "_OTHER 405 / http a 1"],
    );
    let labels = &labelled(&metrics, "http_server_request_duration_seconds_count")[0].0;
    assert!(!labels.contains_key("error_type"));
}
