//! Services of users: a shop with its own families, and with its requests under either set of names.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Result;
use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use caracal_metrics::axum::{GatewayMetricsLayer, HttpMetricsLayer, metrics_endpoint};
use caracal_metrics::cache::CacheObserver;
use caracal_metrics::cache::sync::ObservedCache;
use caracal_metrics::monitoring::{Target, dashboard, rules, scrape_config};
use caracal_metrics::{
    Counter, Family, FloatCounter, FloatGauge, Histogram, Metric, MetricsRegistry, labels,
};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

labels! {
    struct Order<'a> {
        tenant: &'a str,
    }
}

static ORDERS: Family<Counter, Order<'_>> =
    Family::counter("orders_total", "Orders \"placed\" <b>so</b> far").namespaced();
static REVENUE: Family<FloatCounter> = Family::float_counter("revenue_euros_total", "Revenue.");
static BASKETS: Family<Histogram, Order<'_>> =
    Family::histogram("basket_size_bytes", "Size of baskets.")
        .unit("bytes")
        .buckets(&[16.0, 256.0, 4096.0]);
static BALANCE: Family<FloatGauge> = Family::float_gauge("balance_euros", "May be negative.");

/// The name of the shop's job.
pub(crate) const JOB: &str = "shop-api";

/// A running shop.
pub(crate) struct Shop {
    pub(crate) metrics: MetricsRegistry,
    pub(crate) address: SocketAddr,
    server: JoinHandle<()>,
    orders: Metric<Counter, Order<'static>>,
    baskets: Metric<Histogram, Order<'static>>,
    prices: ObservedCache<u32, u32>,
}

impl Drop for Shop {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Shop {
    /// A shop that records requests with the layer of the gateway.
    pub(crate) async fn with_gateway_names() -> Result<Self> {
        let metrics = MetricsRegistry::builder().namespace("shop").process_metrics().build()?;
        let layer = GatewayMetricsLayer::new(&metrics).by_route();
        Self::start(metrics, |router| router.layer(layer)).await
    }

    /// A shop that records requests under the names of OpenTelemetry, in a registry with the default
    /// namespace.
    pub(crate) async fn with_http_names() -> Result<Self> {
        let metrics = MetricsRegistry::new();
        let layer = HttpMetricsLayer::new(&metrics);
        Self::start(metrics, |router| router.layer(layer)).await
    }

    async fn start(
        metrics: MetricsRegistry,
        observe: impl FnOnce(Router) -> Router,
    ) -> Result<Self> {
        metrics.family(&REVENUE)?.inc_by(12.5);
        metrics.family(&BALANCE)?.set(-3.5);
        let stock = prometheus::IntGauge::new("stock_items", "Of the crate `prometheus`")?;
        metrics.register(Box::new(stock))?;
        let observer = CacheObserver::named("prices");
        let prices = moka::sync::Cache::builder()
            .max_capacity(10)
            .eviction_listener(observer.listener(|_, _, _| {}))
            .build();
        let prices = observer.wrap(prices, &metrics)?;
        let (orders, baskets) = (metrics.family(&ORDERS)?, metrics.family(&BASKETS)?);

        let shop = Router::new()
            .route("/baskets/{id}", get(async || "[]"))
            .route("/broken", get(async || StatusCode::INTERNAL_SERVER_ERROR));
        let router = observe(shop).route("/metrics", metrics_endpoint(&metrics));
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let server = tokio::spawn(async move {
            axum::serve(listener, router).await.expect("the server runs until it is aborted");
        });
        Ok(Self { metrics, address, server, orders, baskets, prices })
    }

    pub(crate) fn target(&self) -> Target {
        Target::new(JOB, self.address.to_string()).expect("an address of a socket")
    }

    pub(crate) fn dashboard(&self) -> String {
        dashboard(&self.metrics, &self.target())
    }

    pub(crate) fn rules(&self) -> String {
        rules(&self.metrics, &self.target())
    }

    pub(crate) fn scrape_config(&self) -> String {
        scrape_config(&self.target())
    }

    /// Sends requests that use all parts of the shop.
    pub(crate) async fn serve_customers(&self) -> Result<()> {
        for number in 0..20_u32 {
            let tenant = if number % 2 == 0 { "acme" } else { "}\"{{x}}" };
            self.orders.inc(Order { tenant });
            self.baskets.observe(Order { tenant }, f64::from(number));
            self.prices.get_with(number % 15, || number);
            self.prices.get_with(1, || number);
        }
        for path in ["baskets/1", "baskets/2", "broken"] {
            reqwest::get(format!("http://{}/{path}", self.address)).await?.bytes().await?;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        Ok(())
    }
}
