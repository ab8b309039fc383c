//! The service with the SDK of OpenTelemetry, its exporter for Prometheus, and a middleware.

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::{MatchedPath, Path, Request, State};
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use axum::routing::get;
use opentelemetry::KeyValue;
use opentelemetry::metrics::{Counter, Histogram, MeterProvider, UpDownCounter};
use opentelemetry_sdk::metrics::SdkMeterProvider;
use prometheus::{Registry, TextEncoder};
use sqlx::SqlitePool;

use crate::{Service, panics, slow, stock};

#[derive(Clone)]
struct Shop {
    pool: SqlitePool,
    requests: Histogram<f64>,
    in_flight: UpDownCounter<i64>,
    orders: Counter<u64>,
}

async fn record(State(shop): State<Shop>, request: Request, next: Next) -> Response {
    let route =
        request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str).to_owned();
    let method = KeyValue::new("http.request.method", request.method().to_string());
    shop.in_flight.add(1, &[]);
    let start = Instant::now();
    let response = next.run(request).await;
    shop.in_flight.add(-1, &[]);
    let status = i64::from(response.status().as_u16());
    let labels = [
        method,
        KeyValue::new("http.route", route),
        KeyValue::new("http.response.status_code", status),
    ];
    shop.requests.record(start.elapsed().as_secs_f64(), &labels);
    response
}

async fn order(State(shop): State<Shop>, Path(customer): Path<String>) {
    shop.orders.add(1, &[KeyValue::new("customer", customer)]);
}

async fn items(State(shop): State<Shop>) -> Result<String, StatusCode> {
    stock(sqlx::query_scalar("SELECT 7").fetch_one(&shop.pool).await)
}

/// Creates the service.
///
/// # Errors
///
/// Returns an error if the exporter can't be registered.
pub fn service(pool: &SqlitePool) -> Result<Service, Box<dyn std::error::Error>> {
    let registry = Registry::new();
    let exporter = opentelemetry_prometheus::exporter().with_registry(registry.clone()).build()?;
    let provider = SdkMeterProvider::builder().with_reader(exporter).build();
    let meter = provider.meter("shop");
    let shop = Shop {
        pool: pool.clone(),
        requests: meter.f64_histogram("http.server.request.duration").with_unit("s").build(),
        in_flight: meter.i64_up_down_counter("http.server.active_requests").build(),
        orders: meter.u64_counter("orders").build(),
    };
    let observed = pool.clone();
    let size = move || observed.size().into();
    meter
        .u64_observable_gauge("db.connections")
        .with_callback(move |o| o.observe(size(), &[]))
        .build();
    let observed = pool.clone();
    let idle = move || observed.num_idle() as u64;
    meter
        .u64_observable_gauge("db.connections.idle")
        .with_callback(move |o| o.observe(idle(), &[]))
        .build();
    let router = Router::new()
        .route("/orders/{customer}", get(order))
        .route("/stock", get(items))
        .route("/slow", get(slow))
        .route("/panic", get(panics))
        .layer(from_fn_with_state(shop.clone(), record))
        .with_state(shop);
    let page = Arc::new(move || {
        let _kept = &provider;
        TextEncoder::new().encode_to_string(&registry.gather()).unwrap_or_default()
    });
    Ok(Service { router, page })
}
