//! A service that writes its monitoring files.

use caracal_metrics::monitoring::{Target, dashboard, rules, scrape_config};
use caracal_metrics::{Counter, Family, MetricsRegistry};

static ORDERS: Family<Counter> = Family::counter("orders_total", "Orders placed.");

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let metrics = MetricsRegistry::builder().namespace("shop").build()?;
    metrics.family(&ORDERS)?;
    let target = Target::new("shop-api", "shop.internal:9000")?;
    assert!(dashboard(&metrics, &target).contains("Orders placed."));
    assert!(rules(&metrics, &target).contains("ShopApiTargetDown"));
    assert!(scrape_config(&target).contains("shop.internal:9000"));
    Ok(())
}
