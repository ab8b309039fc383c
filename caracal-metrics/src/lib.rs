//! Prometheus metrics for production services built on axum, sqlx, moka, failsafe and tokio.
//!
//! You keep your `Router`, pool, cache, circuit breaker and runtime. You wrap them, or attach them to a metrics
//! registry. The support for each library is an *adapter*, which a Cargo [feature](#features) of this crate
//! enables. This page is a tour of the parts: [HTTP requests](#http-requests), [connection
//! pools](#connection-pools), [caches](#caches), [circuit breakers](#circuit-breakers), [your own
//! metrics](#your-own-metrics) and [tests](#tests).
//!
//! Everything records into a [`MetricsRegistry`]. Create one registry in `main`, and pass clones of it to the
//! other parts of your program. Clones are cheap and share the same metrics.
//!
//! # HTTP requests
//!
//! Add `HttpMetricsLayer` to your router. Add the `/metrics` route after the layer, so that scrapes are not
//! counted:
//!
#![cfg_attr(feature = "axum", doc = "```")]
#![cfg_attr(not(feature = "axum"), doc = "```ignore")]
//! use axum::{Router, routing::get};
//! use caracal_metrics::MetricsRegistry;
//! use caracal_metrics::axum::{HttpMetricsLayer, metrics_endpoint};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let metrics = MetricsRegistry::new();
//! let app: Router = Router::new()
//!     .route("/agents", get(|| async { "[]" }))
//!     .layer(HttpMetricsLayer::new(&metrics))
//!     .route("/metrics", metrics_endpoint(&metrics));
//! # let requests = [("http_request_method", "GET"), ("http_response_status_code", "200"),
//! #     ("http_route", "/agents"), ("url_scheme", "http")];
//! # for (path, counted) in [("/metrics", None), ("/agents", Some(1.0)), ("/metrics", Some(1.0))] {
//! #     use tower_service::Service;
//! #     let request = axum::extract::Request::get(path).body(axum::body::Body::empty())?;
//! #     let response = app.clone().call(request).await?;
//! #     axum::body::to_bytes(response.into_body(), usize::MAX).await?;
//! #     let count = metrics.sample("http_server_request_duration_seconds_count", &requests);
//! #     assert_eq!(count, counted, "{path}");
//! # }
//! # Ok(())
//! # }
//! ```
//!
//! `HttpMetricsLayer` uses the names of OpenTelemetry's semantic conventions. `GatewayMetricsLayer` uses the names
//! of the Python module `caracal.monitoring`.
//!
//! # Connection pools
//!
//! `PoolObserver::attach` adds gauges for an existing pool to the registry, and returns a guard. The gauges stay
//! on the metrics page until the guard is dropped or the pool is closed. To count and time queries as well, enable
//! the feature of your database, such as `sqlx-postgres`, and use `PoolObserver::wrap` instead.
//!
#![cfg_attr(feature = "full", doc = "```")]
#![cfg_attr(not(feature = "full"), doc = "```ignore")]
//! use caracal_metrics::MetricsRegistry;
//! use caracal_metrics::sqlx::PoolObserver;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let metrics = MetricsRegistry::new();
//! let pool = sqlx::sqlite::SqlitePoolOptions::new().connect_lazy("sqlite::memory:")?;
//! let _pool_guard = PoolObserver::new(&pool).attach(&metrics)?;
//!
//! let one: i64 = sqlx::query_scalar("SELECT 1").fetch_one(&pool).await?;
//! assert_eq!(one, 1);
//! assert_eq!(metrics.sample("caracal_database_connection_pool_open", &[]), Some(1.0));
//! # Ok(())
//! # }
//! ```
//!
//! # Caches
//!
//! `CacheObserver::wrap` returns a wrapper with the same methods as the moka cache. `CacheObserver::listener`
//! returns an eviction listener that counts removals by cause:
//!
#![cfg_attr(feature = "full", doc = "```")]
#![cfg_attr(not(feature = "full"), doc = "```ignore")]
//! use caracal_metrics::MetricsRegistry;
//! use caracal_metrics::cache::CacheObserver;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let metrics = MetricsRegistry::new();
//! let observer = CacheObserver::named("sessions");
//! let sessions = moka::future::Cache::builder()
//!     .max_capacity(10_000)
//!     .eviction_listener(observer.listener(|_key, _session, _cause| {}))
//!     .build();
//! let sessions = observer.wrap(sessions, &metrics)?;
//!
//! let user = sessions.get_with("a1b2", async { "alice" }).await;
//! assert_eq!(user, "alice");
//! let misses = metrics.sample("caracal_cache_misses_total", &[("cache", "sessions")]);
//! assert_eq!(misses, Some(1.0));
//! # Ok(())
//! # }
//! ```
//!
//! # Circuit breakers
//!
//! To observe an existing failsafe breaker, use `BreakerObserver::wrap`. To create a breaker whose transitions are
//! also counted, use `BreakerObserver::build`:
//!
#![cfg_attr(feature = "full", doc = "```")]
#![cfg_attr(not(feature = "full"), doc = "```ignore")]
//! use std::time::Duration;
//!
//! use caracal_metrics::MetricsRegistry;
//! use caracal_metrics::breaker::BreakerObserver;
//! use failsafe::{backoff, failure_policy::consecutive_failures};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let metrics = MetricsRegistry::new();
//! let policy = consecutive_failures(5, backoff::constant(Duration::from_secs(1)));
//! let breaker = BreakerObserver::new("database").build(policy, (), &metrics)?;
//!
//! let answer = breaker.call_async(async { Ok::<_, std::io::Error>(42) }).await?;
//! assert_eq!(answer, 42);
//! let name = [("name", "database")];
//! assert_eq!(metrics.sample("caracal_circuit_breaker_successes_total", &name), Some(1.0));
//! # Ok(())
//! # }
//! ```
//!
//! # Your own metrics
//!
//! You declare a metric as a `static` with a type, a name, a help text and labels. The compiler checks the labels:
//!
//! ```
//! use caracal_metrics::{Counter, Family, MetricsRegistry, labels};
//!
//! labels! {
//!     /// How an order is paid.
//!     pub enum Payment { Card => "card", Invoice => "invoice" }
//!
//!     /// The labels of an order.
//!     pub struct Order<'a> { payment: Payment, customer: &'a str }
//! }
//!
//! static ORDERS: Family<Counter, Order<'_>> =
//!     Family::counter("orders_placed_total", "Orders placed.");
//!
//! let metrics = MetricsRegistry::builder().namespace("orders").only_used_families().build()?;
//! let orders = metrics.family(&ORDERS)?;
//! orders.inc(Order { payment: Payment::Card, customer: "acme" });
//!
//! let labels = [("payment", "card"), ("customer", "acme")];
//! assert_eq!(metrics.sample("orders_placed_total", &labels), Some(1.0));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! For the families of the [`catalogue`], the registry also has recording methods, such as
//! [`record_policy_evaluation`](MetricsRegistry::record_policy_evaluation).
//!
//! # Tests
//!
//! Give each test its own registry. [`MetricsRegistry::sample`] reads one value, as in the examples above. With
//! the feature `testing`, tests can compare snapshots. A failed assertion lists every series that changed. For a
//! guide, see the module `testing_metrics`.
//!
#![cfg_attr(feature = "testing", doc = "```")]
#![cfg_attr(not(feature = "testing"), doc = "```ignore")]
//! use caracal_metrics::testing::assert_moved;
//! use caracal_metrics::{Counter, Family, MetricsRegistry};
//!
//! static JOBS: Family<Counter> = Family::counter("jobs_done_total", "Jobs done.");
//!
//! let metrics = MetricsRegistry::new();
//! let jobs = metrics.family(&JOBS)?;
//!
//! let before = metrics.snapshot();
//! jobs.inc();
//! assert_moved!(metrics.snapshot().since(&before), { JOBS => 1 });
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Features
//!
//! No feature is enabled by default.
//!
//! | feature | module | observes |
//! |---|---|---|
//! | `axum` | `axum` | HTTP requests; also provides the `/metrics` endpoint |
//! | `axum-live` | `axum` | the same as `axum`; also provides `live_page`, which shows the metrics in a browser |
//! | `axum-serve` | `axum` | the same as `axum`; also provides `MetricsEndpoint::serve`, which serves the metrics on a separate port |
//! | `breaker` | `breaker` | failsafe circuit breakers |
//! | `bridge` | `bridge` | libraries that record through the `metrics` facade |
//! | `cache` | `cache` | moka caches (both `moka::future` and `moka::sync`) |
//! | `monitoring` | `monitoring` | nothing; generates a Grafana dashboard, Prometheus rules and a scrape configuration for the service |
//! | `process` | | the process, with `MetricsRegistry::builder().process_metrics()` (Linux) |
//! | `sqlx` | `sqlx` | connection pools and connection errors |
//! | `sqlx-any`, `sqlx-mysql`, `sqlx-postgres`, `sqlx-sqlite` | `sqlx` | queries through a wrapped pool of that database |
//! | `sqlx-0_8`, `sqlx-0_8-any`, `sqlx-0_8-mysql`, `sqlx-0_8-postgres`, `sqlx-0_8-sqlite` | `sqlx_0_8` | the same as the corresponding features in the two rows above, for sqlx 0.8 |
//! | `sqlx-query-events`, `sqlx-0_8-query-events` | `sqlx`, `sqlx_0_8` | queries from the `tracing` events of sqlx (0.9 and 0.8, respectively), without a wrapper |
//! | `tokio` | `tokio` | tokio runtimes |
//! | `testing` | `testing` | nothing; provides tools for tests, see `testing_metrics` |
//! | `conformance` | `conformance` | nothing; provides a test kit for authors of adapters |
//! | `protobuf` | | nothing; adds `Format::Protobuf`, for scrapers that request it |
//! | `full` | the modules of these features | enables `axum`, `axum-live`, `axum-serve`, `breaker`, `bridge`, `cache`, `monitoring`, `process`, `protobuf`, `sqlx` and `tokio`; to observe queries, add the feature of the database or `sqlx-query-events` |
//!
//! If the compiler reports "no method named `serve`" or "no method named `process_metrics`", enable the feature
//! `axum-serve` or `process`, respectively. The error message does not name the feature, because the compiler does
//! not know methods that a disabled feature would add.
//!
//! # Versions of the libraries
//!
//! The signatures of the adapters contain types of these libraries, so your program must use compatible
//! versions:
//!
//! | library | version | module |
//! |---|---|---|
//! | axum | 0.8 (0.8.9 or later) | `axum` |
//! | failsafe | 1.3 | `breaker` |
//! | metrics | 0.24 (0.24.2 or later) | `bridge` |
//! | moka | 0.12 (0.12.13 or later) | `cache` |
//! | prometheus | 0.14 | [`MetricsRegistryBuilder::registry`] |
//! | sqlx | 0.9 | `sqlx` |
//! | sqlx | 0.8 (0.8.3 or later) | `sqlx_0_8` |
//! | tokio | 1 (1.45 or later) | `tokio` |
//!
//! A program can use both versions of sqlx, with any drivers. The drivers for Postgres and MySQL need no C
//! library. For SQLite, Cargo selects `libsqlite3-sys` 0.30, the only release that both versions accept. If your
//! program pins a later `libsqlite3-sys`, it can't use the SQLite drivers of both versions.

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

        /// Returns each enabled adapter: its feature, the families that it declares, and the families of the
        /// [`catalogue`] that it feeds.
        ///
        /// This is for tools that list metrics, such as a documentation generator. The families that no adapter
        /// declares are in [`catalogue::families`] and [`REGISTRY_FAMILIES`].
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
                // Its families are the same as those of `sqlx`, which lists them if it is enabled.
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

/// An adapter and its families.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Adapter {
    /// The feature that enables it.
    pub feature: &'static str,
    /// The families that it declares.
    pub declares: &'static [&'static FamilySpec],
    /// The families of the [`catalogue`] that it feeds.
    pub feeds: &'static [&'static FamilySpec],
}
