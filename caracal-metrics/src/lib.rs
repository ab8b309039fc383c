//! Production Prometheus metrics for services built on axum, sqlx, moka and failsafe.
//!
//! Wrap what the service has already, and every part of it reports to one page:
//!
#![cfg_attr(feature = "full", doc = "```")]
#![cfg_attr(not(feature = "full"), doc = "```ignore")]
//! use std::time::Duration;
//!
//! use axum::{Router, routing::get};
//! use caracal_metrics::MetricsRegistry;
//! use caracal_metrics::axum::{GatewayMetricsLayer, metrics_endpoint};
//! use caracal_metrics::breaker::BreakerObserver;
//! use caracal_metrics::cache::CacheObserver;
//! use caracal_metrics::sqlx::PoolObserver;
//! use failsafe::{backoff, failure_policy::consecutive_failures};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let metrics = MetricsRegistry::new();
//!
//! let pool = sqlx::sqlite::SqlitePoolOptions::new().connect_lazy("sqlite::memory:")?;
//! let _pool_guard = PoolObserver::new(&pool).attach(&metrics)?;
//!
//! let policy = consecutive_failures(5, backoff::constant(Duration::from_secs(1)));
//! let breaker = BreakerObserver::new("database").build(policy, (), &metrics)?;
//!
//! let observer = CacheObserver::policy();
//! let policies = moka::future::Cache::builder()
//!     .max_capacity(10_000)
//!     .eviction_listener(observer.listener(|_agent, _policy, _cause| {}))
//!     .build();
//! let policies = observer.wrap(policies, &metrics)?;
//!
//! let app: Router = Router::new()
//!     .route("/agents", get(|| async { "[]" }))
//!     .layer(GatewayMetricsLayer::new(&metrics))
//!     // After the layer, which counts the requests to the routes before it.
//!     .route("/metrics", metrics_endpoint(&metrics));
//!
//! let select = sqlx::query_scalar::<_, String>("SELECT 'allow'").fetch_one(&pool);
//! let effect = policies.try_get_with("agent-1", breaker.call_async(select)).await?;
//! assert_eq!(effect, "allow");
//!
//! let sample = |name, labels| metrics.sample(name, labels);
//! assert_eq!(sample("caracal_policy_cache_misses_total", &[]), Some(1.0));
//! assert_eq!(sample("caracal_database_connection_pool_open", &[]), Some(1.0));
//! let breaker = &[("name", "database")];
//! assert_eq!(sample("caracal_circuit_breaker_successes_total", breaker), Some(1.0));
//! # let requests = &[("method", "GET"), ("status_code", "200"), ("auth_method", "none")];
//! # for (path, counted) in [("/metrics", None), ("/agents", Some(1.0)), ("/metrics", Some(1.0))] {
//! #     use tower_service::Service;
//! #     let request = axum::extract::Request::get(path).body(axum::body::Body::empty())?;
//! #     let response = app.clone().call(request).await?;
//! #     axum::body::to_bytes(response.into_body(), usize::MAX).await?;
//! #     assert_eq!(metrics.sample("caracal_gateway_requests_total", requests), counted, "{path}");
//! # }
//! # Ok(())
//! # }
//! ```
//!
//! Everything can be recorded by hand as well:
//!
//! ```
//! use std::time::Duration;
//!
//! use caracal_metrics::{MetricsRegistry, PolicyDecisionType};
//!
//! let metrics = MetricsRegistry::new();
//! let duration = Duration::from_millis(2);
//! metrics.record_policy_evaluation(PolicyDecisionType::Allowed, "agent-1", duration);
//!
//! let labels = &[("decision", "allowed"), ("agent_id", "agent-1")];
//! assert_eq!(metrics.sample("caracal_policy_evaluations_total", labels), Some(1.0));
//! ```
//!
//! # Features
//!
//! None is on by default.
//!
//! | feature | module | observes |
//! |---|---|---|
//! | `axum` | `axum` | requests, and the page at `/metrics` |
//! | `axum-live` | `axum` | the same, with `live_page`: a page that shows the metrics in a browser |
//! | `axum-serve` | `axum` | the same, with `MetricsEndpoint::serve` for metrics on a port of their own |
//! | `breaker` | `breaker` | failsafe circuit breakers |
//! | `bridge` | `bridge` | libraries that record through the `metrics` facade |
//! | `cache` | `cache` | moka caches, of `moka::future` and of `moka::sync` |
//! | `monitoring` | `monitoring` | nothing: makes a Grafana dashboard, Prometheus rules and a scrape configuration for the service |
//! | `process` | | the process, with `MetricsRegistry::builder().process_metrics()` (Linux) |
//! | `sqlx` | `sqlx` | connection pools and connection errors |
//! | `sqlx-any`, `sqlx-mysql`, `sqlx-postgres`, `sqlx-sqlite` | `sqlx` | queries through a wrapped pool of that database |
//! | `sqlx-0_8`, `sqlx-0_8-any`, `sqlx-0_8-mysql`, `sqlx-0_8-postgres`, `sqlx-0_8-sqlite` | `sqlx_0_8` | the same, with sqlx 0.8 |
//! | `sqlx-query-events`, `sqlx-0_8-query-events` | `sqlx`, `sqlx_0_8` | queries from the `tracing` events of sqlx 0.8 and 0.9, without a wrapper |
//! | `tokio` | `tokio` | tokio runtimes |
//! | `testing` | `testing` | nothing: what tests need, see `testing_metrics` |
//! | `conformance` | `conformance` | nothing: the kit for authors of adapters |
//! | `protobuf` | | nothing: adds `Format::Protobuf`, for scrapers that ask for it |
//! | `full` | all but `sqlx_0_8` | all but the queries, which need the feature of the database, or `sqlx-query-events` |
//!
//! "No method named `serve`" or "no method named `process_metrics`" means that `axum-serve` or `process`
//! is not enabled: the compiler can't name the feature that a method needs.

//! # Versions of the libraries
//!
//! The libraries are in the adapters' signatures, so the versions must be compatible:
//!
//! | library | version | module |
//! |---|---|---|
//! | axum | 0.8, from 0.8.9 | `axum` |
//! | failsafe | 1.3 | `breaker` |
//! | moka | 0.12, from 0.12.13 | `cache` |
//! | prometheus | 0.14 | [`MetricsRegistryBuilder::registry`] |
//! | sqlx | 0.9 | `sqlx` |
//! | sqlx | 0.8 | `sqlx_0_8` |
//! | tokio | 1, from 1.45 | `tokio` |
//!
//! A program may use both versions of sqlx, with any drivers: Postgres and MySQL have no C library,
//! and for SQLite Cargo selects `libsqlite3-sys` 0.30, the only release that both versions accept.
//! A program that pins a later `libsqlite3-sys` can't have the SQLite drivers of both.

#![cfg_attr(docsrs, feature(doc_cfg))]

pub use caracal_metrics_core::*;

#[cfg(feature = "monitoring")]
pub use caracal_monitoring as monitoring;

#[cfg(feature = "testing")]
#[doc = include_str!("../docs/testing.md")]
pub mod testing_metrics {}

macro_rules! adapters {
    ($( $feature:literal: $adapter:ident as $name:ident; )*) => {
        $(
            #[cfg(feature = $feature)]
            pub use $adapter as $name;
        )*

        /// Each adapter that is on: its feature, the families that it declares, and those of the
        /// [`catalogue`] that it feeds.
        ///
        /// For tools that list metrics, such as a generator of documentation. The families that no
        /// adapter declares are in [`catalogue::families`] and [`REGISTRY_FAMILIES`].
        #[must_use]
        pub fn adapters() -> Vec<Adapter> {
            vec![
                $(
                    #[cfg(feature = $feature)]
                    Adapter {
                        feature: $feature,
                        declares: &$adapter::families::FAMILIES,
                        feeds: &$adapter::families::FED_FAMILIES,
                    },
                )*
                // Its families are those of `sqlx`, which lists them if it is on.
                #[cfg(all(feature = "sqlx-0_8", not(feature = "sqlx")))]
                Adapter {
                    feature: "sqlx-0_8",
                    declares: &sqlx_0_8::families::FAMILIES,
                    feeds: &sqlx_0_8::families::FED_FAMILIES,
                },
            ]
        }
    };
}

adapters! {
    "axum": caracal_axum as axum;
    "breaker": caracal_breaker as breaker;
    "bridge": caracal_bridge as bridge;
    "cache": caracal_cache as cache;
    "sqlx": caracal_sqlx as sqlx;
    "tokio": caracal_tokio as tokio;
}

#[cfg(feature = "sqlx-0_8")]
pub use caracal_sqlx_0_8 as sqlx_0_8;

/// What an adapter has to do with families.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Adapter {
    /// The feature that turns it on.
    pub feature: &'static str,
    /// The families that it declares.
    pub declares: &'static [&'static FamilySpec],
    /// The families of the [`catalogue`] that it feeds.
    pub feeds: &'static [&'static FamilySpec],
}
