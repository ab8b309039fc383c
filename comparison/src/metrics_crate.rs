//! The service with axum-prometheus, and the macros of `metrics` for everything that is not a request.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::get;
use axum_prometheus::PrometheusMetricLayer;
use sqlx::SqlitePool;

use crate::{Service, panics, slow, stock};

async fn order(Path(customer): Path<String>) {
    metrics::counter!("orders_total", "customer" => customer).increment(1);
}

async fn items(State(pool): State<SqlitePool>) -> Result<String, StatusCode> {
    stock(sqlx::query_scalar("SELECT 7").fetch_one(&pool).await)
}

/// Creates the service. A process can have only one, because the recorder is global.
#[must_use]
pub fn service(pool: &SqlitePool) -> Service {
    let (layer, handle) = PrometheusMetricLayer::pair();
    let router = Router::new()
        .route("/orders/{customer}", get(order))
        .route("/stock", get(items))
        .route("/slow", get(slow))
        .route("/panic", get(panics))
        .layer(layer)
        .with_state(pool.clone());
    let pool = pool.clone();
    let page = Arc::new(move || {
        metrics::gauge!("db_connections").set(f64::from(pool.size()));
        metrics::gauge!("db_connections_idle").set(pool.num_idle() as f64);
        handle.render()
    });
    Service { router, page }
}
