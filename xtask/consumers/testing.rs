//! The test helpers, for a service's own families.

use caracal_metrics::testing::{assert_moved, lint, with_registry};
use caracal_metrics::{Counter, Family, MetricsRegistry, get_metrics_registry, labels};

labels! { struct Order<'a> { tenant: &'a str } }
static ORDERS: Family<Counter, Order<'_>> = Family::counter("orders_total", "Orders placed.");

fn place_order() {
    let metrics = get_metrics_registry().unwrap();
    metrics.family(&ORDERS).unwrap().inc(Order { tenant: "acme" });
}

fn main() {
    let metrics = MetricsRegistry::new();
    metrics.family(&ORDERS).unwrap();
    let before = metrics.snapshot();
    with_registry(&metrics, place_order);
    let moved = metrics.snapshot().since(&before);
    assert_moved!(moved, { ORDERS[Order { tenant: "acme" }] => 1 });
    assert_eq!(lint(&metrics), []);
}
