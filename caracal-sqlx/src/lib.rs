//! Prometheus metrics for existing sqlx 0.9 connection pools and their queries.
//!
//! The crate `caracal-sqlx-0_8` has the same types for sqlx 0.8. It is available as
//! `caracal_metrics::sqlx_0_8` with the feature `sqlx-0_8`. A program can use both
//! crates.
//!
//! [`PoolObserver::attach`] exports gauges for a pool, whatever its database. [`PoolObserver::wrap`]
//! does this too, and returns an [`ObservedPool`], which counts and times the pool's queries. The
//! features `postgres`, `sqlite`, `mysql` and `any` select the databases whose pools can be wrapped.
//! The feature `query-events` adds `QueryEvents`, which counts and times queries without a wrapper.
//!
#![cfg_attr(feature = "sqlite", doc = "```")]
#![cfg_attr(not(feature = "sqlite"), doc = "```ignore")]
//! # mod caracal_metrics { pub use caracal_metrics_core::*; pub use caracal_sqlx as sqlx; }
//! use caracal_metrics::MetricsRegistry;
//! use caracal_metrics::sqlx::PoolObserver;
//! use sqlx::sqlite::SqlitePoolOptions;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let metrics = MetricsRegistry::new();
//! let pool = SqlitePoolOptions::new().max_connections(1).connect("sqlite::memory:").await?;
//! let pool = PoolObserver::new(&pool).wrap(&metrics)?;
//!
//! sqlx::query("CREATE TABLE agents (id INTEGER PRIMARY KEY, name TEXT)").execute(&pool).await?;
//! let mut transaction = pool.begin().await?;
//! sqlx::query("INSERT INTO agents (name) VALUES ($1)")
//!     .bind("scout")
//!     .execute(&mut *transaction)
//!     .await?;
//! transaction.commit().await?;
//!
//! let inserts = &[("operation", "insert"), ("table", "agents"), ("status", "success")];
//! assert_eq!(metrics.sample("caracal_database_queries_total", inserts), Some(1.0));
//! assert_eq!(metrics.sample("caracal_database_connection_pool_size", &[]), Some(1.0));
//! # Ok(())
//! # }
//! ```
//!
//! This example observes two Postgres pools in one registry:
//!
#![cfg_attr(feature = "postgres", doc = "```no_run")]
#![cfg_attr(not(feature = "postgres"), doc = "```ignore")]
//! # mod caracal_metrics { pub use caracal_metrics_core::*; pub use caracal_sqlx as sqlx; }
//! use caracal_metrics::MetricsRegistry;
//! use caracal_metrics::sqlx::{ObservedPool, ObservedSession, PoolObserver};
//! use sqlx::{PgPool, Postgres};
//!
//! async fn rename(
//!     session: &mut ObservedSession<'_, Postgres>,
//!     id: i64,
//!     name: &str,
//! ) -> sqlx::Result<()> {
//!     sqlx::query("UPDATE agents SET name = $1 WHERE id = $2")
//!         .bind(name)
//!         .bind(id)
//!         .execute(session)
//!         .await?;
//!     Ok(())
//! }
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let metrics = MetricsRegistry::new();
//! let primary = PgPool::connect("postgres://gateway@db1/gateway").await?;
//! let replica = PgPool::connect("postgres://gateway@db2/gateway").await?;
//! let primary = PoolObserver::new(&primary).named("primary").wrap(&metrics)?;
//! let replica: ObservedPool<Postgres> =
//!     PoolObserver::new(&replica).named("replica").baseline(5).wrap(&metrics)?;
//!
//! let agents: i64 = sqlx::query_scalar("SELECT count(*) FROM agents").fetch_one(&replica).await?;
//! let mut transaction = primary.begin().await?;
//! rename(&mut transaction, agents, "scout").await?;
//! transaction.commit().await?;
//! # Ok(())
//! # }
//! ```
//!
//! # Queries
//!
//! A query is counted once in `caracal_database_queries_total` and once in
//! `caracal_database_query_duration_seconds`. The labels `operation` and `table` are derived from the
//! text of the query. The details are:
//!
//! - The duration is the time from the first poll to the end. It includes the wait for a connection,
//!   which is also recorded separately in `caracal_database_connection_pool_acquire_duration_seconds`.
//! - If a query is dropped, its status depends on what it was doing. If it had just returned a row, it
//!   counts as a success. If it was waiting for the database, it counts as an error, even if it had
//!   already returned rows. A query that was never polled is not counted.
//! - A `fetch_one` that finds no row counts as a success.
//! - The label `table` is the table that the statement writes to or, if it only reads, the first table
//!   in the outermost `FROM`. The schema is omitted. Functions and the names that a `WITH` defines do
//!   not count as tables. If a query inside a `WITH` writes and the main statement only reads, the
//!   whole statement counts as that write (for example, as `delete`).
//! - If a statement can't be parsed, `operation` is `other`. If its table can't be determined, `table`
//!   is `unknown`. Several statements in one text count as one query with `operation="other"` and
//!   `table="batch"`. The statements in the body of a trigger, a rule or a routine belong to the
//!   statement that creates it.
//! - The name of a table is the only part of the text that appears in a label. Strings, numbers and
//!   comments never do.
//! - Statements that begin or end a transaction, or that concern a savepoint, do not count as queries,
//!   regardless of how they are sent. Preparing a statement does not count as a query either.
//!
//! Connection errors are also counted in `caracal_database_connection_errors_total`.
//!
//! # Transactions
//!
//! A transaction is counted once in `caracal_database_transactions_total` when it ends. A savepoint is
//! counted in `caracal_database_savepoints_total`. The label `outcome` has one of these values:
//!
//! - `committed` (for a savepoint, `released`) or `rolled_back` if the commit or the rollback succeeded.
//! - `dropped` if the transaction was dropped without a commit or a rollback. sqlx then rolls it back
//!   later.
//! - `failed` if the commit or the rollback returned an error or was cancelled. sqlx does not report
//!   whether the database has committed or rolled back.
//!
//! `caracal_database_transaction_duration_seconds` records the time from sending `BEGIN` to the end of
//! the transaction. It excludes the wait for a connection, and does not record savepoints separately. A
//! transaction that could not begin is not counted. The same applies to a transaction that sqlx does
//! not know about, such as one that you begin with `query("BEGIN")`. Postgres answers a `COMMIT` after
//! a failed statement with a rollback, and sqlx reports this as a success. Such a transaction counts as
//! `committed`.
//!
//! # Code that uses sqlx's own types
//!
//! Some code takes sqlx's own types or traits. It works with a wrapped pool, but the wrapper may count only a
//! part of what the code does:
//!
//! | code | what you pass | counted |
//! |---|---|---|
//! | generic over `Executor` | `&pool`, `&mut *connection`, `&mut *transaction` | everything |
//! | generic over `Acquire`, such as `migrate!().run(&pool)` ([migrations](#migrations)) | `&pool`, `&mut connection` | the wait for the connection, and how long it is held |
//! | takes `&mut PgConnection` | `connection.as_mut()` or [`inner()`](ObservedSession::inner) | how long the connection is held |
//! | generic over `AsMut`, such as `PgAdvisoryLock::acquire` | the connection | how long the connection is held |
//! | takes `&PgPool`, such as `PgListener::connect_with` and `PgPoolCopyExt` | [`pool.inner()`](ObservedPool::inner) | nothing |
//!
//! If such code gives you access to its connection, as the guard of a `PgAdvisoryLock` does, use
//! [`ObservedPool::session`] to count the queries that you run on it. With Postgres, `ObservedPool::listener`
//! replaces `PgListener::connect_with`, and pools, connections and transactions have their own `copy_in_raw`
//! and `copy_out_raw`. These two methods count a `COPY` as one query with `operation="other"`. Its
//! label `table` is the table that is copied.
//!
//! `Acquire::begin` returns sqlx's transaction, whose outcome is not counted. The wrappers' own `begin` takes
//! precedence over it, even where the trait is in scope.
//!
//! With the feature `query-events`, `QueryEvents` also counts the queries of such code, from the events that
//! sqlx emits. It works without a wrapper, or in addition to one. The status of these queries is `unknown`.
//! sqlx does not emit events for `COPY`, so `QueryEvents` does not count sqlx's `copy_in_raw` and
//! `copy_out_raw`.
//!
//! # Migrations
//!
//! `migrate!().run(&pool)` runs on a wrapped pool as it does on sqlx's own. sqlx implements `Migrate` for the
//! driver's connection type, and `Acquire` must return a connection that dereferences to exactly this type. A
//! wrapper can't substitute its own type, so it can't count the statements of migrations. To count them, install
//! `QueryEvents` at the start of the program. Queries of wrapped pools are still counted only once. One line is
//! enough:
//!
#![cfg_attr(all(feature = "query-events", feature = "sqlite"), doc = "```")]
#![cfg_attr(not(all(feature = "query-events", feature = "sqlite")), doc = "```ignore")]
//! # mod caracal_metrics { pub use caracal_metrics_core::*; pub use caracal_sqlx as sqlx; }
//! # use caracal_metrics::MetricsRegistry;
//! # use caracal_metrics::sqlx::{Dialect, PoolObserver, QueryEvents};
//! # use sqlx::migrate::Migrator;
//! # use sqlx::sqlite::SqlitePoolOptions;
//! use tracing_subscriber::layer::SubscriberExt;
//! use tracing_subscriber::util::SubscriberInitExt;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let metrics = MetricsRegistry::new();
//! # let pool = SqlitePoolOptions::new().max_connections(1).connect("sqlite::memory:").await?;
//! # // Instead of `migrate!()`, which needs a folder.
//! # let migrations = Migrator::with_migrations(Vec::new());
//! tracing_subscriber::registry().with(QueryEvents::new(&metrics, Dialect::Sqlite)?.layer()).init();
//!
//! let pool = PoolObserver::new(&pool).wrap(&metrics)?;
//! migrations.run(&pool).await?;
//!
//! let reads = &[("operation", "select"), ("table", "_sqlx_migrations"), ("status", "unknown")];
//! assert_eq!(metrics.sample("caracal_database_queries_total", reads), Some(2.0));
//! # Ok(())
//! # }
//! ```
//!
//! # Databases
//!
//! The tests run against Postgres 15, SQLite, and MariaDB 10.11 (with sqlx's MySQL driver). MariaDB and MySQL
//! 8.4 have different statements, error numbers and ways to log in. For MySQL 8.4, only the labels that are
//! derived from statements are tested, without a server.
//!
//! # Lifetimes
//!
//! A [`PoolGuard`], and an [`ObservedPool`] with its connections, transactions and streams, hold a clone of the
//! pool, because sqlx has no weak handle. The series of the pool are removed when the last of these objects is
//! dropped or the pool is closed. The registry does not hold the pool.
//!
//! A pool is read when the metrics are scraped. There is no background task. Reading a pool takes a few atomic
//! loads. [`PoolObserver`] documents the meaning of each gauge.

#![cfg_attr(docsrs, feature(doc_cfg))]

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
