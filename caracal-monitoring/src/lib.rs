//! Monitoring files for a service: a Grafana dashboard, Prometheus rules with alerts, and a scrape
//! configuration.
//!
//! [`dashboard`], [`rules`] and [`scrape_config`] generate the files. The files use the namespace and the job of
//! your service. The dashboard and the rules cover the adapters that the service uses. The dashboard also shows
//! your own families. You can write the files to your repository, or let users download them from the live page of
//! the running service (`live_page` or `MetricsEndpoint::live` of caracal-axum).
//!
//! An adapter that is not in use adds no panels and no alerts. Call the functions after everything is attached
//! and registered.
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
//! // This service has no circuit breaker, so its rules have no alert about one.
//! assert!(!rules.contains("CircuitBreaker"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The functions escape all text that you provide (the job, help texts, label names) as YAML, JSON or PromQL
//! requires.

mod dashboard;
mod native;
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
