//! The service with this project.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::get;
use caracal_metrics::axum::HttpMetricsLayer;
use caracal_metrics::sqlx::{ObservedPool, PoolObserver};
use caracal_metrics::{Counter, Family, Metric, MetricsRegistry, labels};
use sqlx::{Sqlite, SqlitePool};

use crate::{Service, panics, slow, stock};

labels! {
    struct Customer<'a> { customer: &'a str }
}

static ORDERS: Family<Counter, Customer<'_>> = Family::counter("orders_total", "Orders placed.");

#[derive(Clone)]
struct Shop {
    database: ObservedPool<Sqlite>,
    orders: Metric<Counter, Customer<'static>>,
}

async fn order(State(shop): State<Shop>, Path(customer): Path<String>) {
    shop.orders.inc(Customer { customer: &customer });
}

async fn items(State(shop): State<Shop>) -> Result<String, StatusCode> {
    stock(sqlx::query_scalar("SELECT 7").fetch_one(&shop.database).await)
}

/// Creates the service.
///
/// # Errors
///
/// Returns an error if a family or the pool can't be registered.
pub fn service(pool: &SqlitePool) -> Result<Service, Box<dyn std::error::Error>> {
    let metrics = MetricsRegistry::builder().namespace("shop").only_used_families().build()?;
    let shop = Shop {
        database: PoolObserver::new(pool).wrap(&metrics)?,
        orders: metrics.family(&ORDERS)?,
    };
    let router = Router::new()
        .route("/orders/{customer}", get(order))
        .route("/stock", get(items))
        .route("/slow", get(slow))
        .route("/panic", get(panics))
        .layer(HttpMetricsLayer::new(&metrics))
        .with_state(shop);
    let page = Arc::new(move || String::from_utf8_lossy(&metrics.generate_metrics()).into_owned());
    Ok(Service { router, page })
}
