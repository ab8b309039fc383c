//! A small service named "orders": its own metrics, together with those of the axum, sqlx and cache
//! adapters, all under the name of the service.
//!
//! Run it with `cargo run -p caracal-metrics --example orders --features axum,cache,sqlx-sqlite`. It places
//! orders by itself. Read the page with `curl http://localhost:3000/metrics`.

use std::time::Duration;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use caracal_metrics::axum::{GatewayMetricsLayer, metrics_endpoint};
use caracal_metrics::cache::{CacheObserver, future::ObservedCache};
use caracal_metrics::sqlx::{ObservedPool, PoolObserver};
use caracal_metrics::{
    Counter, DurationHistogram, Family, Gauge, Histogram, Metric, MetricsRegistry, catalogue,
    labels,
};
use sqlx::Sqlite;
use sqlx::sqlite::SqlitePoolOptions;

labels! {
    /// How an order is paid.
    enum Payment { Card => "card", Invoice => "invoice" }

    /// The labels of an order.
    struct Order<'a> { payment: Payment, customer: &'a str }

    /// The label of the value of an order.
    struct OrderValue { payment: Payment }
}

static ORDERS_PLACED: Family<Counter, Order<'_>> =
    Family::counter("orders_placed_total", "Orders placed.");
static ORDER_VALUE: Family<Histogram, OrderValue> =
    Family::histogram("orders_value_euros", "Value of an order in euros.")
        .unit("euros")
        .buckets(&[5.0, 10.0, 20.0, 50.0, 100.0, 500.0]);
static ORDERS_OPEN: Family<Gauge> = Family::gauge("orders_open", "Orders that are being packed.");
static PACKING: Family<DurationHistogram> =
    Family::duration_histogram("orders_packing_duration_seconds", "Time from order to parcel.")
        .buckets(BUCKETS);

/// The buckets of everything that is timed. This service answers within a quarter of a second.
const BUCKETS: &[Duration] = &[
    Duration::from_millis(1),
    Duration::from_millis(5),
    Duration::from_millis(10),
    Duration::from_millis(25),
    Duration::from_millis(50),
    Duration::from_millis(100),
    Duration::from_millis(250),
];

/// The state that the handlers share.
#[derive(Clone)]
struct Shop {
    database: ObservedPool<Sqlite>,
    prices: ObservedCache<String, f64>,
    orders_placed: Metric<Counter, Order<'static>>,
    order_value: Metric<Histogram, OrderValue>,
    orders_open: Gauge,
    packing: DurationHistogram,
}

impl Shop {
    async fn open(metrics: &MetricsRegistry) -> Result<Self, Box<dyn std::error::Error>> {
        let database =
            SqlitePoolOptions::new().max_connections(4).connect("sqlite::memory:").await?;
        let prices = moka::future::Cache::builder()
            .max_capacity(1_000)
            .time_to_live(Duration::from_secs(60))
            .build();
        Ok(Self {
            database: PoolObserver::new(&database).wrap(metrics)?,
            prices: CacheObserver::named("prices").wrap(prices, metrics)?,
            orders_placed: metrics.family(&ORDERS_PLACED)?,
            order_value: metrics.family(&ORDER_VALUE)?,
            orders_open: metrics.family(&ORDERS_OPEN)?,
            packing: metrics.family(&PACKING)?,
        })
    }
}

/// Answers with the price of an article in euros.
async fn price(
    State(shop): State<Shop>,
    Path(article): Path<String>,
) -> Result<String, StatusCode> {
    let query = async {
        let price = sqlx::query_scalar::<_, f64>("SELECT length($1) * 1.5").bind(&article);
        price.fetch_one(&shop.database).await
    };
    let price = shop.prices.try_get_with(article.clone(), query).await;
    price.map(|euros| format!("{euros}\n")).map_err(|_| StatusCode::SERVICE_UNAVAILABLE)
}

/// Places an order of an article for a customer.
async fn place_order(
    State(shop): State<Shop>,
    Path((customer, article)): Path<(String, String)>,
) -> Result<String, StatusCode> {
    // Both end in every case: on an error, a panic, or if the client disconnects.
    let _open = shop.orders_open.track();
    let _packing = shop.packing.start_timer();

    let answer = price(State(shop.clone()), Path(article)).await?;
    let value = answer.trim_end().parse().map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    let payment = if value > 10.0 { Payment::Invoice } else { Payment::Card };
    shop.orders_placed.inc(Order { payment, customer: &customer });
    shop.order_value.observe(OrderValue { payment }, value);
    Ok(answer)
}

/// The service, and its registry.
async fn service() -> Result<(Router, MetricsRegistry), Box<dyn std::error::Error>> {
    let metrics = MetricsRegistry::builder()
        .namespace("orders")
        .only_used_families()
        .buckets(&catalogue::GATEWAY_REQUEST_DURATION, BUCKETS)
        .buckets(&catalogue::DATABASE_QUERY_DURATION, BUCKETS)
        .build()?;
    let shop = Shop::open(&metrics).await?;
    let app = Router::new()
        .route("/prices/{article}", get(price))
        .route("/orders/{customer}/{article}", post(place_order))
        .layer(GatewayMetricsLayer::new(&metrics))
        .with_state(shop)
        // Added after the layer, which therefore does not count scrapes.
        .route("/metrics", metrics_endpoint(&metrics));
    Ok((app, metrics))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (app, _) = service().await?;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    println!("orders: http://{}/metrics", listener.local_addr()?);
    axum::serve(listener, app).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::{Method, Request};
    use http_body_util::BodyExt;
    use tower::ServiceExt;

    use super::*;

    async fn ask(app: &Router, method: Method, uri: &str) -> String {
        let request = Request::builder().method(method).uri(uri).body(Body::empty()).unwrap();
        let response = app.clone().oneshot(request).await.unwrap();
        assert!(response.status().is_success(), "{uri}: {}", response.status());
        let body = response.into_body().collect().await.unwrap().to_bytes();
        String::from_utf8(body.to_vec()).unwrap()
    }

    #[tokio::test]
    async fn the_page_has_the_shop_and_nothing_that_it_does_not_use() {
        let (app, _metrics) = service().await.unwrap();
        for (customer, article) in [("acme", "pen"), ("acme", "typewriter"), ("smith", "pen")] {
            ask(&app, Method::POST, &format!("/orders/{customer}/{article}")).await;
        }
        let page = ask(&app, Method::GET, "/metrics").await;
        for line in [
            r#"orders_placed_total{payment="card",customer="acme"} 1"#,
            r#"orders_placed_total{payment="invoice",customer="acme"} 1"#,
            r#"orders_value_euros_sum{payment="card"} 9.0"#,
            r#"orders_value_euros_bucket{payment="invoice",le="20.0"} 1"#,
            "orders_open 0",
            "orders_packing_duration_seconds_count 3",
            r#"orders_cache_hits_total{cache="prices"} 1"#,
            r#"orders_database_queries_total{operation="select",table="unknown",status="success"} 2"#,
            r#"orders_gateway_requests_total{method="POST",status_code="200",auth_method="none"} 3"#,
        ] {
            assert!(page.lines().any(|found| found == line), "{line} is not in\n{page}");
        }
        assert!(page.contains(r#"le="0.25"} 3"#) && !page.contains(r#"le="10.0"} 3"#), "{page}");
        for word in ["caracal", "policy", "breaker", "auth_failures", "replay"] {
            assert!(!page.contains(word), "{word} is in\n{page}");
        }
    }
}
