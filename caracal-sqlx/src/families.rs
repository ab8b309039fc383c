//! The families of this adapter. It also records into families of the catalogue.

use std::time::Duration;

use caracal_metrics_core::catalogue::{self, Pool};
use caracal_metrics_core::{Counter, DurationHistogram, Family, FamilySpec, Gauge, labels};

labels! {
    /// How a transaction ended.
    #[non_exhaustive]
    pub enum TransactionOutcome {
        /// The commit succeeded.
        Committed => "committed",
        /// The rollback succeeded.
        RolledBack => "rolled_back",
        /// It was dropped without a commit or a rollback. sqlx rolls it back later.
        Dropped => "dropped",
        /// The commit or the rollback returned an error or was cancelled. It is not known whether the
        /// database applied it.
        Failed => "failed",
    }

    /// How a savepoint ended.
    #[non_exhaustive]
    pub enum SavepointOutcome {
        /// The savepoint was released. Its changes are part of the transaction.
        Released => "released",
        /// The changes since the savepoint were rolled back.
        RolledBack => "rolled_back",
        /// It was dropped without a release or a rollback. sqlx rolls it back later.
        Dropped => "dropped",
        /// The release or the rollback returned an error or was cancelled.
        Failed => "failed",
    }

    /// The labels of transactions.
    pub struct Transaction<'a> {
        /// The name of the pool, if it has one.
        pub pool: Option<&'a str>,
        /// How they ended.
        pub outcome: TransactionOutcome,
    }

    /// The labels of savepoints.
    pub struct Savepoint<'a> {
        /// The name of the pool, if it has one.
        pub pool: Option<&'a str>,
        /// How they ended.
        pub outcome: SavepointOutcome,
    }
}

/// `database_connection_pool_open`.
pub static DATABASE_CONNECTION_POOL_OPEN: Family<Gauge, Pool<'_>> = Family::gauge(
    "database_connection_pool_open",
    "Number of database connections that the pool holds open",
)
.namespaced()
.shown_once_used();

/// `database_connection_pool_idle`.
pub static DATABASE_CONNECTION_POOL_IDLE: Family<Gauge, Pool<'_>> = Family::gauge(
    "database_connection_pool_idle",
    "Number of open database connections that are not in use",
)
.namespaced()
.shown_once_used();

/// `database_connection_pool_min`.
pub static DATABASE_CONNECTION_POOL_MIN: Family<Gauge, Pool<'_>> = Family::gauge(
    "database_connection_pool_min",
    "Minimum number of database connections that the pool keeps open",
)
.namespaced()
.shown_once_used();

/// `database_connection_pool_pending`.
pub static DATABASE_CONNECTION_POOL_PENDING: Family<Gauge, Pool<'_>> = Family::gauge(
    "database_connection_pool_pending",
    "Number of callers waiting for a database connection",
)
.namespaced()
.shown_once_used();

// An idle connection takes microseconds, and a new one takes milliseconds. Callers time out after 30 seconds
// by default.
const WAITS: &[Duration] = &[
    Duration::from_micros(100),
    Duration::from_millis(1),
    Duration::from_millis(5),
    Duration::from_millis(10),
    Duration::from_millis(25),
    Duration::from_millis(50),
    Duration::from_millis(100),
    Duration::from_millis(250),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_millis(2_500),
    Duration::from_secs(5),
    Duration::from_secs(10),
    Duration::from_secs(30),
];

/// `database_connection_pool_acquire_duration_seconds`.
pub static DATABASE_CONNECTION_POOL_ACQUIRE_DURATION: Family<DurationHistogram, Pool<'_>> =
    Family::duration_histogram(
        "database_connection_pool_acquire_duration_seconds",
        "Time that callers waited for a database connection, in seconds",
    )
    .namespaced()
    .shown_once_used()
    .buckets(WAITS);

/// `database_connection_pool_hold_duration_seconds`.
pub static DATABASE_CONNECTION_POOL_HOLD_DURATION: Family<DurationHistogram, Pool<'_>> =
    Family::duration_histogram(
        "database_connection_pool_hold_duration_seconds",
        "Time that callers held a database connection, in seconds",
    )
    .namespaced()
    .shown_once_used()
    .buckets(WAITS);

/// `database_connection_pool_acquire_timeouts_total`.
pub static DATABASE_CONNECTION_POOL_ACQUIRE_TIMEOUTS: Family<Counter, Pool<'_>> = Family::counter(
    "database_connection_pool_acquire_timeouts_total",
    "Total number of callers that timed out waiting for a database connection",
)
.namespaced()
.shown_once_used();

/// `database_connection_pool_opened_connections_total`.
pub static DATABASE_CONNECTION_POOL_OPENED_CONNECTIONS: Family<Counter, Pool<'_>> =
    Family::counter(
        "database_connection_pool_opened_connections_total",
        "Total number of database connections that the pool opened",
    )
    .namespaced()
    .shown_once_used();

/// `database_connection_pool_closed_connections_total`.
pub static DATABASE_CONNECTION_POOL_CLOSED_CONNECTIONS: Family<Counter, Pool<'_>> =
    Family::counter(
        "database_connection_pool_closed_connections_total",
        "Total number of database connections that left the pool",
    )
    .namespaced()
    .shown_once_used();

/// `database_transactions_total`.
pub static DATABASE_TRANSACTIONS: Family<Counter, Transaction<'_>> =
    Family::counter("database_transactions_total", "Total number of database transactions")
        .namespaced()
        .shown_once_used();

/// `database_savepoints_total`.
pub static DATABASE_SAVEPOINTS: Family<Counter, Savepoint<'_>> =
    Family::counter("database_savepoints_total", "Total number of savepoints in transactions")
        .namespaced()
        .shown_once_used();

/// `database_transaction_duration_seconds`.
pub static DATABASE_TRANSACTION_DURATION: Family<DurationHistogram, Pool<'_>> =
    Family::duration_histogram(
        "database_transaction_duration_seconds",
        "Duration of database transactions, in seconds",
    )
    .namespaced()
    .shown_once_used()
    .buckets(WAITS);

/// The families that this crate declares.
pub static FAMILIES: [&FamilySpec; 12] = [
    DATABASE_CONNECTION_POOL_OPEN.spec(),
    DATABASE_CONNECTION_POOL_IDLE.spec(),
    DATABASE_CONNECTION_POOL_MIN.spec(),
    DATABASE_CONNECTION_POOL_PENDING.spec(),
    DATABASE_CONNECTION_POOL_ACQUIRE_DURATION.spec(),
    DATABASE_CONNECTION_POOL_HOLD_DURATION.spec(),
    DATABASE_CONNECTION_POOL_ACQUIRE_TIMEOUTS.spec(),
    DATABASE_CONNECTION_POOL_OPENED_CONNECTIONS.spec(),
    DATABASE_CONNECTION_POOL_CLOSED_CONNECTIONS.spec(),
    DATABASE_TRANSACTIONS.spec(),
    DATABASE_SAVEPOINTS.spec(),
    DATABASE_TRANSACTION_DURATION.spec(),
];

/// The families of the catalogue that this crate records into.
pub static FED_FAMILIES: [&FamilySpec; 6] = [
    catalogue::DATABASE_QUERIES.spec(),
    catalogue::DATABASE_QUERY_DURATION.spec(),
    catalogue::DATABASE_CONNECTION_POOL_SIZE.spec(),
    catalogue::DATABASE_CONNECTION_POOL_CHECKED_OUT.spec(),
    catalogue::DATABASE_CONNECTION_POOL_OVERFLOW.spec(),
    catalogue::DATABASE_CONNECTION_ERRORS.spec(),
];
