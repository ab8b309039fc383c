//! Requests, and the page.

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::{Router, routing::get};
use caracal_metrics::MetricsRegistry;
use caracal_metrics::axum::{GatewayMetricsLayer, metrics_endpoint};
use tower_service::Service;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let metrics = MetricsRegistry::new();
    let mut app: Router = Router::new()
        .route("/agents", get(|| async { "[]" }))
        .layer(GatewayMetricsLayer::new(&metrics))
        .route("/metrics", metrics_endpoint(&metrics));
    let mut page = String::new();
    for path in ["/agents", "/metrics"] {
        let request = Request::builder().uri(path).body(Body::empty()).unwrap();
        let answer = app.call(request).await.unwrap();
        let body = to_bytes(answer.into_body(), usize::MAX).await.unwrap();
        page = String::from_utf8(body.to_vec()).unwrap();
    }
    let labels = "method=\"GET\",status_code=\"200\",auth_method=\"none\"";
    let series = format!("caracal_gateway_requests_total{{{labels}}} 1\n");
    assert!(page.contains(&series), "{page}");
}
