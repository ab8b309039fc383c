//! Prometheus metrics for an existing sqlx pool.
//!
//! ```
//! use caracal_metrics_core::MetricsRegistry;
//! use caracal_sqlx::PoolObserver;
//! use sqlx::sqlite::SqlitePoolOptions;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let metrics = MetricsRegistry::new();
//! let pool = SqlitePoolOptions::new().max_connections(4).connect_lazy("sqlite::memory:")?;
//! let guard = PoolObserver::new(&pool).attach(&metrics)?;
//!
//! let connection = pool.acquire().await?;
//! assert_eq!(metrics.sample("caracal_database_connection_pool_size", &[]), Some(4.0));
//! assert_eq!(metrics.sample("caracal_database_connection_pool_checked_out", &[]), Some(1.0));
//!
//! // Errors of the connection, not of the statement, have a counter of their own.
//! let error = sqlx::Error::PoolTimedOut;
//! guard.connection_errors().observe(&error);
//! let timeouts = &[("error_type", "pool_timeout")];
//! assert_eq!(metrics.sample("caracal_database_connection_errors_total", timeouts), Some(1.0));
//!
//! drop(guard);
//! assert_eq!(metrics.sample("caracal_database_connection_pool_open", &[]), None);
//! # drop(connection);
//! # Ok(())
//! # }
//! ```
//!
//! A pool is read when the metrics are scraped, never by a task in the background; reading it costs
//! a few atomic loads. [`PoolObserver`] says what each gauge means.

mod call;
mod connection_error;
mod driver;
mod gauges;
mod observed;
mod observer;
mod query;
mod recorder;
mod sql;

pub use connection_error::{ConnectionErrorType, ConnectionErrors, classify_connection_error};
pub use driver::Driver;
pub use observed::{ObservedConnection, ObservedPool, ObservedSession, ObservedTransaction};
pub use observer::{PoolGuard, PoolObserver};
