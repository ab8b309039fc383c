//! What a service takes away for its monitoring: a Grafana dashboard, Prometheus rules with alerts, and a
//! scrape configuration, for its namespace, its job and the families that it has in use, its own included.
//!
//! The files of a repository's `monitoring/` and those that a service offers at run time are made by the
//! same functions: [`dashboard`], [`rules`] and [`scrape_config`]. An adapter that is not in use gives no
//! panel and no alert. So call them once everything is attached and registered, as the service answers
//! requests.
//!
//! ```
//! # mod caracal_metrics { pub use caracal_metrics_core::*; pub use caracal_monitoring as monitoring; }
//! use caracal_metrics::{Counter, Family, MetricsRegistry};
//! use caracal_metrics::monitoring::{Target, dashboard, rules, scrape_config};
//!
//! static ORDERS: Family<Counter> = Family::counter("orders_total", "Orders placed.");
//!
//! let metrics = MetricsRegistry::builder().namespace("shop").build()?;
//! metrics.family(&ORDERS)?;
//!
//! let target = Target::new("shop-api", "shop.internal:9000")?;
//! assert!(scrape_config(&target).contains("job_name: shop-api"));
//! assert!(dashboard(&metrics, &target).contains("Orders placed."));
//! let rules = rules(&metrics, &target);
//! assert!(rules.contains("alert: ShopApiTargetAbsent"));
//! // Nothing in this service has to do with circuit breakers.
//! assert!(!rules.contains("CircuitBreaker"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! What comes from elsewhere (the job, help texts, label names) is escaped for each place that it is
//! written to: YAML, JSON and PromQL.

mod dashboard;
mod panels;
mod promql;
mod rules;
mod scrape;
mod service;
mod target;
mod text;

pub use dashboard::dashboard;
pub use rules::rules;
pub use scrape::scrape_config;
pub use target::{Target, TargetError};
