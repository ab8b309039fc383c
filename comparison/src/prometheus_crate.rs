//! The service with `prometheus` and a middleware.

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::{MatchedPath, Path, Request, State};
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use axum::routing::get;
use prometheus::{
    HistogramOpts, HistogramVec, IntCounterVec, IntGauge, Opts, Registry, TextEncoder,
};
use sqlx::SqlitePool;

use crate::{Service, panics, slow, stock};

#[derive(Clone)]
struct Shop {
    pool: SqlitePool,
    requests: HistogramVec,
    in_flight: IntGauge,
    orders: IntCounterVec,
    connections: IntGauge,
    idle: IntGauge,
}

async fn record(State(shop): State<Shop>, request: Request, next: Next) -> Response {
    let route =
        request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str).to_owned();
    let method = request.method().to_string();
    shop.in_flight.inc();
    let start = Instant::now();
    let response = next.run(request).await;
    shop.in_flight.dec();
    let status = response.status();
    let labels = [&*method, &*route, status.as_str()];
    shop.requests.with_label_values(&labels).observe(start.elapsed().as_secs_f64());
    response
}

async fn order(State(shop): State<Shop>, Path(customer): Path<String>) {
    shop.orders.with_label_values(&[customer]).inc();
}

async fn items(State(shop): State<Shop>) -> Result<String, StatusCode> {
    stock(sqlx::query_scalar("SELECT 7").fetch_one(&shop.pool).await)
}

/// Creates the service.
///
/// # Errors
///
/// Returns an error if a metric can't be registered.
pub fn service(pool: &SqlitePool) -> prometheus::Result<Service> {
    let requests = HistogramOpts::new("http_requests_seconds", "Duration of requests.");
    let shop = Shop {
        pool: pool.clone(),
        requests: HistogramVec::new(requests, &["method", "route", "status"])?,
        in_flight: IntGauge::new("http_requests_in_flight", "Requests in flight.")?,
        orders: IntCounterVec::new(Opts::new("orders_total", "Orders placed."), &["customer"])?,
        connections: IntGauge::new("db_connections", "Open connections.")?,
        idle: IntGauge::new("db_connections_idle", "Idle connections.")?,
    };
    let registry = Registry::new();
    registry.register(Box::new(shop.requests.clone()))?;
    registry.register(Box::new(shop.in_flight.clone()))?;
    registry.register(Box::new(shop.orders.clone()))?;
    registry.register(Box::new(shop.connections.clone()))?;
    registry.register(Box::new(shop.idle.clone()))?;
    let router = Router::new()
        .route("/orders/{customer}", get(order))
        .route("/stock", get(items))
        .route("/slow", get(slow))
        .route("/panic", get(panics))
        .layer(from_fn_with_state(shop.clone(), record))
        .with_state(shop.clone());
    let page = Arc::new(move || {
        shop.connections.set(shop.pool.size().into());
        shop.idle.set(i64::try_from(shop.pool.num_idle()).unwrap_or(0));
        TextEncoder::new().encode_to_string(&registry.gather()).unwrap_or_default()
    });
    Ok(Service { router, page })
}
