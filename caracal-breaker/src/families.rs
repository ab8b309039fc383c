//! The families of this adapter, in addition to those of the catalogue that it feeds.

use caracal_metrics_core::catalogue::{self, BreakerName};
use caracal_metrics_core::{Counter, DurationHistogram, Family, FamilySpec, labels};

labels! {
    /// How a call ended without a result.
    #[non_exhaustive]
    pub enum Outcome {
        /// Its future was dropped.
        Cancelled => "cancelled",
        /// It panicked.
        Panicked => "panicked",
    }

    /// How a call ended.
    #[non_exhaustive]
    pub enum CallOutcome {
        /// It counts as a success.
        Success => "success",
        /// It counts as a failure.
        Failure => "failure",
        /// Its future was dropped.
        Cancelled => "cancelled",
        /// It panicked.
        Panicked => "panicked",
    }

    /// The labels of the duration of a call.
    pub struct CallTime<'a> {
        /// The name of the breaker.
        pub name: &'a str,
        /// How the call ended.
        pub outcome: CallOutcome,
    }

    /// The labels of a call that ended without a result.
    pub struct UnfinishedCall<'a> {
        /// The name of the breaker.
        pub name: &'a str,
        /// How the call ended.
        pub outcome: Outcome,
    }
}

/// `circuit_breaker_rejections_total`.
pub static CIRCUIT_BREAKER_REJECTIONS: Family<Counter, BreakerName<'_>> = Family::counter(
    "circuit_breaker_rejections_total",
    "Total number of calls that an open circuit breaker rejected",
)
.namespaced()
.shown_once_used();

/// `circuit_breaker_unfinished_calls_total`.
pub static CIRCUIT_BREAKER_UNFINISHED_CALLS: Family<Counter, UnfinishedCall<'_>> = Family::counter(
    "circuit_breaker_unfinished_calls_total",
    "Total number of calls through a circuit breaker that ended without a result",
)
.namespaced()
.shown_once_used();

/// `circuit_breaker_call_duration_seconds`.
pub static CIRCUIT_BREAKER_CALL_DURATION: Family<DurationHistogram, CallTime<'_>> =
    Family::duration_histogram(
        "circuit_breaker_call_duration_seconds",
        "Duration of calls that a circuit breaker let through, in seconds",
    )
    .namespaced()
    .shown_once_used()
    .buckets(catalogue::GATEWAY_REQUEST_BUCKETS);

/// The families that this crate declares.
pub static FAMILIES: [&FamilySpec; 3] = [
    CIRCUIT_BREAKER_REJECTIONS.spec(),
    CIRCUIT_BREAKER_UNFINISHED_CALLS.spec(),
    CIRCUIT_BREAKER_CALL_DURATION.spec(),
];

/// The families of the catalogue that this crate feeds.
pub static FED_FAMILIES: [&FamilySpec; 4] = [
    catalogue::CIRCUIT_BREAKER_STATE.spec(),
    catalogue::CIRCUIT_BREAKER_FAILURES.spec(),
    catalogue::CIRCUIT_BREAKER_SUCCESSES.spec(),
    catalogue::CIRCUIT_BREAKER_STATE_CHANGES.spec(),
];
