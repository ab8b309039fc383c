//! Prometheus metrics for an existing pool of sqlx 0.8, and for its queries.
//!
//! This crate has the same types, families and series as `caracal-sqlx`, which is for sqlx 0.9. Most
//! applications use it as `caracal_metrics::sqlx_0_8`, with the feature `sqlx-0_8` of
//! `caracal-metrics`. The documentation of `caracal-sqlx` also applies to this crate. The examples here
//! use the paths of `caracal-sqlx`.
//!
//! [`PoolObserver::attach`] exports the gauges of a pool of any database. [`PoolObserver::wrap`] also
//! returns an [`ObservedPool`], which counts and times its queries. The features `postgres`, `sqlite`,
//! `mysql` and `any` select the databases whose pools can be wrapped. The feature `query-events` adds
//! `QueryEvents`, which counts and times queries without a wrapper.
//!
//! # Both versions in one program
//!
//! A program may observe pools of both versions in one registry. The name of a pool must then be unique
//! among both, and queries count in the same series. Both versions of the SQLite driver link one C
//! library, so Cargo selects `libsqlite3-sys` 0.30, the only release that both accept. Both versions
//! give the databases of `sqlite::memory:` the same names, so a pool of one version may share such a
//! database with a pool of the other. `SqliteConnectOptions::new()` makes a separate database for each
//! connection.

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
