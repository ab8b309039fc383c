//! The Grafana dashboard.

mod graph;
mod model;
mod own;

use caracal_metrics_core::MetricsRegistry;

use crate::panels::{AFTER, BEFORE, Row};
use crate::service::Service;
use crate::target::Target;
use graph::Graph;

/// Returns a Grafana dashboard, as JSON to import, for the families that the registry has in use.
///
/// The dashboard has schema version 39, for Grafana 11 and later. It has a row for each adapter in use, and a
/// row for your own families. Your counters are shown as rates, gauges unchanged, and histograms as
/// percentiles. The description of a panel contains the help texts of its families. The dashboard has one
/// variable for the job, which defaults to the job of the target, and one for the data source.
///
/// ```
/// # mod caracal_metrics { pub use caracal_metrics_core::*; pub use caracal_monitoring as monitoring; }
/// use caracal_metrics::{Counter, Family, MetricsRegistry};
/// use caracal_metrics::monitoring::{Target, dashboard};
///
/// static ORDERS: Family<Counter> = Family::counter("orders_total", "Orders placed.");
///
/// let metrics = MetricsRegistry::builder().namespace("shop").build()?;
/// metrics.family(&ORDERS)?;
///
/// let dashboard = dashboard(&metrics, &Target::new("shop-api", "shop.internal:9000")?);
/// assert!(dashboard.contains(r#"rate(orders_total{job=~\"$job\"}[$__rate_interval])"#));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn dashboard(metrics: &MetricsRegistry, target: &Target) -> String {
    let service = Service::of(metrics, target);
    let known = |row: &&Row| {
        let panels: Vec<_> =
            row.panels.iter().filter_map(|panel| Graph::of(panel, &service)).collect();
        (!panels.is_empty()).then_some((row.title, panels))
    };
    let own = own::panels(&service);
    let own = (!own.is_empty()).then_some(("Application metrics", own));
    let before = BEFORE.iter().filter_map(known).collect::<Vec<_>>();
    let rows = before.into_iter().chain(own).chain(AFTER.iter().filter_map(known));
    let mut dashboard = model::dashboard(&service, &rows.collect::<Vec<_>>());
    // Another crate in the program may enable `serde_json/preserve_order`.
    dashboard.sort_all_objects();
    // The alternate form pretty-prints the JSON and can't fail.
    format!("{dashboard:#}\n")
}
