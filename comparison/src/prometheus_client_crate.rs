//! The service with `prometheus-client` and a middleware.

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::{MatchedPath, Path, Request, State};
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use axum::routing::get;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;
use sqlx::SqlitePool;

use crate::{Service, panics, slow, stock};

type Labels = Vec<(&'static str, String)>;

#[derive(Clone)]
struct Shop {
    pool: SqlitePool,
    requests: Family<Labels, Histogram>,
    in_flight: Gauge,
    orders: Family<Labels, Counter>,
    connections: Gauge,
    idle: Gauge,
}

async fn record(State(shop): State<Shop>, request: Request, next: Next) -> Response {
    let route =
        request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str).to_owned();
    let method = request.method().to_string();
    shop.in_flight.inc();
    let start = Instant::now();
    let response = next.run(request).await;
    shop.in_flight.dec();
    let status = response.status().as_str().to_owned();
    let labels = vec![("method", method), ("route", route), ("status", status)];
    shop.requests.get_or_create(&labels).observe(start.elapsed().as_secs_f64());
    response
}

async fn order(State(shop): State<Shop>, Path(customer): Path<String>) {
    shop.orders.get_or_create(&vec![("customer", customer)]).inc();
}

async fn items(State(shop): State<Shop>) -> Result<String, StatusCode> {
    stock(sqlx::query_scalar("SELECT 7").fetch_one(&shop.pool).await)
}

/// Creates the service.
#[must_use]
pub fn service(pool: &SqlitePool) -> Service {
    let shop = Shop {
        pool: pool.clone(),
        requests: Family::new_with_constructor(|| {
            Histogram::new(exponential_buckets(0.005, 2.0, 12))
        }),
        in_flight: Gauge::default(),
        orders: Family::default(),
        connections: Gauge::default(),
        idle: Gauge::default(),
    };
    let mut registry = Registry::default();
    registry.register("http_requests_seconds", "Duration of requests", shop.requests.clone());
    registry.register("http_requests_in_flight", "Requests in flight", shop.in_flight.clone());
    registry.register("orders", "Orders placed", shop.orders.clone());
    registry.register("db_connections", "Open connections", shop.connections.clone());
    registry.register("db_connections_idle", "Idle connections", shop.idle.clone());
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
        let mut page = String::new();
        encode(&mut page, &registry).map_or_else(|_| String::new(), |()| page)
    });
    Service { router, page }
}
