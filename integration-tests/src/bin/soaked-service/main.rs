//! The service of the soak test: an application with `/metrics` in its own router, and the same page on
//! a separate port. Its caches have listeners that misbehave.
//!
//! `soaked-service ADDRESS METRICS_ADDRESS`

mod caches;

use std::net::SocketAddr;
use std::time::Duration;
use std::{env, io, process, thread};

use anyhow::{Context, Result};
use axum::Router;
use axum::routing::get;
use caracal_metrics::MetricsRegistry;
use caracal_metrics::axum::{GatewayMetricsLayer, MetricsEndpoint, metrics_endpoint};
use prometheus::{Gauge, Opts};
use tokio::net::TcpListener;

/// More than hyper and the sockets of a stalled client can hold.
const LONG: usize = 768 << 10;

/// The cache listeners do not return while a scrape waits for them. Prometheus waits one second for the
/// page.
const COLLECTION_TIMEOUT: Duration = Duration::from_millis(200);

#[tokio::main]
async fn main() -> Result<()> {
    let mut arguments = env::args().skip(1);
    let mut next = |name| arguments.next().with_context(|| format!("{name} is missing"));
    let address: SocketAddr = next("ADDRESS")?.parse()?;
    let metrics_address: SocketAddr = next("METRICS_ADDRESS")?.parse()?;

    // A test that is killed can't kill this process, but its standard input is closed.
    thread::spawn(|| {
        let _ = io::copy(&mut io::stdin(), &mut io::sink());
        process::exit(0);
    });
    let metrics = MetricsRegistry::builder()
        .process_metrics()
        .collection_timeout(COLLECTION_TIMEOUT)
        .build()?;
    let long = Gauge::with_opts(Opts::new("long", "x".repeat(LONG)))?;
    metrics.register(Box::new(long))?;
    let _caches = caches::misbehave(&metrics)?;
    let recorded = metrics.clone();
    thread::spawn(move || {
        loop {
            recorded.record_gateway_request("GET", 200, "jwt", Duration::from_millis(3));
            thread::sleep(Duration::from_millis(1));
        }
    });

    let _server = MetricsEndpoint::new(&metrics).serve(metrics_address).await?;
    let application = Router::new()
        .route("/", get(async || "hello"))
        .layer(GatewayMetricsLayer::new(&metrics))
        .route("/metrics", metrics_endpoint(&metrics));
    let listener = TcpListener::bind(address).await?;
    Ok(axum::serve(listener, application).await?)
}
