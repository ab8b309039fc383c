//! The smallest service, with metrics.

use axum::{Router, routing::get};
use caracal_metrics::MetricsRegistry;
use caracal_metrics::axum::{GatewayMetricsLayer, metrics_endpoint};

#[tokio::main]
async fn main() {
    let metrics = MetricsRegistry::new();
    let app = Router::new()
        .route("/", get(|| async { "hello" }))
        .layer(GatewayMetricsLayer::new(&metrics))
        .route("/metrics", metrics_endpoint(&metrics));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await.unwrap();
    axum::serve(listener, app).await.unwrap();
}
