//! A family that reaches its limit, and whose idle series stop counting towards it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use anyhow::Result;
use caracal_metrics::axum::MetricsEndpoint;
use caracal_metrics::{Counter, Family, MetricsRegistry, labels};
use tokio::time::interval;

use crate::monitoring::{QUICK, ensure_quiet, prometheus, until, until_firing, until_resolved};

pub(crate) const ALERTS: [&str; 1] = ["SeriesNearLimit"];

const LIMIT: usize = 50;
const TENANTS: usize = 45;
const IDLE: Duration = Duration::from_secs(5);

labels! { struct Order<'a> { tenant: &'a str } }
static ORDERS: Family<Counter, Order<'_>> = Family::counter("shop_orders_total", "Orders.");

/// Almost as many tenants as the limit allows place orders, and then stop.
pub(crate) async fn a_family_that_fills_up() -> Result<()> {
    let builder = MetricsRegistry::builder().max_series(&ORDERS, LIMIT);
    let metrics = builder.hide_idle_series(IDLE).build()?;
    let orders = metrics.family(&ORDERS)?;
    let server = MetricsEndpoint::new(&metrics).serve("127.0.0.1:0").await?;
    let prometheus = prometheus(QUICK, &[server.local_addr()]).await?;
    orders.inc(Order { tenant: "the only one" });
    let series = "caracal_metrics_series{metric=\"shop_orders_total\"}";
    until(&prometheus, series, |values| values == [1.0]).await?;
    ensure_quiet(&prometheus, &ALERTS).await?;

    let are_there = Arc::new(AtomicBool::new(true));
    let ordering = tokio::spawn({
        let are_there = Arc::clone(&are_there);
        async move {
            let mut often = interval(Duration::from_millis(100));
            while are_there.load(Relaxed) {
                often.tick().await;
                for tenant in 0..TENANTS {
                    orders.inc(Order { tenant: &tenant.to_string() });
                }
            }
        }
    });
    until_firing(&prometheus, &ALERTS).await?;
    are_there.store(false, Relaxed);
    ordering.await?;
    until_resolved(&prometheus, &ALERTS).await?;
    until(&prometheus, series, |values| values == [0.0]).await?;
    until(&prometheus, "count(shop_orders_total) or vector(0)", |values| values == [0.0]).await?;
    server.shutdown().await?;
    Ok(())
}
