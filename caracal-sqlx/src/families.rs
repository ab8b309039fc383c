//! The families of this adapter, in addition to those of the catalogue that it feeds.

use std::time::Duration;

use caracal_metrics_core::catalogue::{self, Pool};
use caracal_metrics_core::{Counter, DurationHistogram, Family, FamilySpec, Gauge};

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
    "Number of open database connections that nobody uses",
)
.namespaced()
.shown_once_used();

/// `database_connection_pool_min`.
pub static DATABASE_CONNECTION_POOL_MIN: Family<Gauge, Pool<'_>> = Family::gauge(
    "database_connection_pool_min",
    "Number of database connections that the pool keeps open",
)
.namespaced()
.shown_once_used();

/// `database_connection_pool_pending`.
pub static DATABASE_CONNECTION_POOL_PENDING: Family<Gauge, Pool<'_>> = Family::gauge(
    "database_connection_pool_pending",
    "Number of callers that wait for a database connection",
)
.namespaced()
.shown_once_used();

// An idle connection is there within microseconds, a new one takes milliseconds, and callers give up
// after 30 seconds by default.
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
        "Duration of waiting for a database connection in seconds",
    )
    .namespaced()
    .shown_once_used()
    .buckets(WAITS);

/// `database_connection_pool_hold_duration_seconds`.
pub static DATABASE_CONNECTION_POOL_HOLD_DURATION: Family<DurationHistogram, Pool<'_>> =
    Family::duration_histogram(
        "database_connection_pool_hold_duration_seconds",
        "Duration of keeping a database connection from the pool in seconds",
    )
    .namespaced()
    .shown_once_used()
    .buckets(WAITS);

/// `database_connection_pool_acquire_timeouts_total`.
pub static DATABASE_CONNECTION_POOL_ACQUIRE_TIMEOUTS: Family<Counter, Pool<'_>> = Family::counter(
    "database_connection_pool_acquire_timeouts_total",
    "Total number of callers that got no database connection in time",
)
.namespaced()
.shown_once_used();

/// The families that this crate declares.
pub static FAMILIES: [&FamilySpec; 7] = [
    DATABASE_CONNECTION_POOL_OPEN.spec(),
    DATABASE_CONNECTION_POOL_IDLE.spec(),
    DATABASE_CONNECTION_POOL_MIN.spec(),
    DATABASE_CONNECTION_POOL_PENDING.spec(),
    DATABASE_CONNECTION_POOL_ACQUIRE_DURATION.spec(),
    DATABASE_CONNECTION_POOL_HOLD_DURATION.spec(),
    DATABASE_CONNECTION_POOL_ACQUIRE_TIMEOUTS.spec(),
];

/// The families of the catalogue that this crate feeds.
pub static FED_FAMILIES: [&FamilySpec; 6] = [
    catalogue::DATABASE_QUERIES.spec(),
    catalogue::DATABASE_QUERY_DURATION.spec(),
    catalogue::DATABASE_CONNECTION_POOL_SIZE.spec(),
    catalogue::DATABASE_CONNECTION_POOL_CHECKED_OUT.spec(),
    catalogue::DATABASE_CONNECTION_POOL_OVERFLOW.spec(),
    catalogue::DATABASE_CONNECTION_ERRORS.spec(),
];
