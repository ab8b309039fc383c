//! Prometheus metrics for existing sqlx 0.8 connection pools and their queries.
//!
//! This crate has the same types, families and series as `caracal-sqlx`, which is for sqlx 0.9. Most
//! applications use it as `caracal_metrics::sqlx_0_8`, with the feature `sqlx-0_8` of
//! `caracal-metrics`. The documentation of `caracal-sqlx` also applies to this crate. The examples in
//! this crate were written for `caracal-sqlx`: replace `caracal_metrics::sqlx` with
//! `caracal_metrics::sqlx_0_8`.
//!
//! [`PoolObserver::attach`] exports gauges for a pool, whatever its database. [`PoolObserver::wrap`]
//! does this too, and returns an [`ObservedPool`], which counts and times the pool's queries. The
//! features `postgres`, `sqlite`, `mysql` and `any` select the databases whose pools can be wrapped.
//! The feature `query-events` adds `QueryEvents`, which counts and times queries without a wrapper.
//!
//! # Both versions in one program
//!
//! A program can observe pools of both versions in one registry. The names of the pools must then be
//! unique across both versions, and the queries of both versions are counted in the same series.
//!
//! Both versions of the SQLite driver link to the same C library. Cargo therefore selects `libsqlite3-sys`
//! 0.30, the only release that both accept. Both versions choose the same names for in-memory databases
//! (`sqlite::memory:`). A pool of one version may therefore share an in-memory database with a pool of the
//! other. To avoid this, use `SqliteConnectOptions::new()`, which gives each connection a separate database,
//! even within one pool.

// The linked files are the sources of caracal-sqlx, which name the library `sqlx`.
extern crate sqlx_0_8 as sqlx;

mod call;
mod connection_error;
mod connections;
mod counted;
mod driver;
#[cfg(feature = "query-events")]
mod events;
pub mod families;
mod gauges;
mod observed;
mod observer;
mod query;
mod recorder;
mod sql;
mod transactions;
mod version;

pub use connection_error::{ConnectionErrorType, ConnectionErrors, classify_connection_error};
pub use connections::ConnectionCounter;
pub use driver::Driver;
#[cfg(feature = "query-events")]
pub use events::{HiddenQueryEvents, QUERY_EVENTS, QueryEvents};
#[cfg(feature = "postgres")]
pub use observed::ObservedCopyIn;
pub use observed::{
    AcquiredConnection, ObservedConnection, ObservedPool, ObservedSession, ObservedTransaction,
};
pub use observer::{CONNECTION_POOL, PoolGuard, PoolObserver};
#[cfg(feature = "query-events")]
pub use sql::Dialect;
pub use version::{BeginStatement, ObservablePool};
