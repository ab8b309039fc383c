//! The database behind a circuit breaker.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use caracal_metrics::breaker::{BreakerObserver, BuiltBreaker};
use caracal_metrics::{AttachError, CircuitBreakerState, MetricsRegistry};
use failsafe::backoff::{self, Constant};
use failsafe::failure_policy::{self, ConsecutiveFailures};
use failsafe::{Error, Instrument};

use crate::store::Store;

/// The number of consecutive failures after which the breaker opens.
const FAILURES: u32 = 5;
/// How long the breaker stays open before it lets a call through.
const OPEN_FOR: Duration = Duration::from_secs(1);

/// The reason why a call to the database failed.
#[derive(Debug)]
pub enum Unavailable {
    /// The breaker is open, so the database was not called.
    Rejected,
    /// The database was called and failed.
    Failed(sqlx::Error),
}

impl From<Error<sqlx::Error>> for Unavailable {
    fn from(error: Error<sqlx::Error>) -> Self {
        match error {
            Error::Rejected => Self::Rejected,
            Error::Inner(error) => Self::Failed(error),
        }
    }
}

impl fmt::Display for Unavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rejected => f.write_str("the circuit breaker is open"),
            Self::Failed(error) => error.fmt(f),
        }
    }
}

/// Logs the transitions of the breaker.
#[derive(Debug, Default)]
pub struct BreakerLog {
    /// failsafe calls `on_closed` once when it builds a breaker. This call is not logged.
    was_open: AtomicBool,
}

impl Instrument for BreakerLog {
    fn on_call_rejected(&self) {}

    fn on_open(&self) {
        self.was_open.store(true, Relaxed);
        tracing::warn!("circuit breaker open: calls to the database are rejected");
    }

    fn on_half_open(&self) {
        tracing::info!("circuit breaker half-open: the next call tests the database");
    }

    fn on_closed(&self) {
        if self.was_open.swap(false, Relaxed) {
            tracing::info!("circuit breaker closed");
        }
    }
}

/// The store behind the breaker named `database`.
#[derive(Debug)]
pub struct GuardedStore {
    store: Store,
    breaker: BuiltBreaker<ConsecutiveFailures<Constant>, BreakerLog>,
}

impl GuardedStore {
    /// Puts a breaker in front of the store.
    ///
    /// # Errors
    ///
    /// Returns an error if the registry already has a breaker of this name.
    pub fn new(store: Store, metrics: &MetricsRegistry) -> Result<Self, AttachError> {
        let policy = failure_policy::consecutive_failures(FAILURES, backoff::constant(OPEN_FOR));
        let observer = BreakerObserver::new("database").call_durations();
        let breaker = observer.build(policy, BreakerLog::default(), metrics)?;
        Ok(Self { store, breaker })
    }

    /// Calls the store, if the breaker lets the call through.
    ///
    /// # Errors
    ///
    /// Returns an error if the breaker rejects the call, or if the database fails.
    pub async fn call<'a, T, F>(
        &'a self,
        ask: impl FnOnce(&'a Store) -> F,
    ) -> Result<T, Unavailable>
    where
        F: Future<Output = Result<T, sqlx::Error>>,
    {
        Ok(self.breaker.call_async(ask(&self.store)).await?)
    }

    /// Returns whether the breaker is not closed. Decisions may then come from the cache only.
    #[must_use]
    pub fn is_degraded(&self) -> bool {
        self.breaker.state() != CircuitBreakerState::Closed
    }

    /// Returns the state of the breaker.
    #[must_use]
    pub fn state(&self) -> CircuitBreakerState {
        self.breaker.state()
    }
}
