//! The families of the Python module `caracal.monitoring`, and the methods that record into them, which are
//! named after the functions of the module.
//!
//! Dashboards and alerts use these 22 families, so their names, types, help texts, labels and buckets must not
//! change. They are declared in the same way as your own families, and a registry has them from the start.

mod breaker;
mod database;
mod gateway;
mod policy;

pub use breaker::{
    BreakerName, CIRCUIT_BREAKER_FAILURES, CIRCUIT_BREAKER_STATE, CIRCUIT_BREAKER_STATE_CHANGES,
    CIRCUIT_BREAKER_SUCCESSES, CircuitBreakerMetrics, CircuitBreakerState, StateChange,
};
pub use database::{
    ConnectionError, DATABASE_CONNECTION_ERRORS, DATABASE_CONNECTION_POOL_CHECKED_OUT,
    DATABASE_CONNECTION_POOL_OVERFLOW, DATABASE_CONNECTION_POOL_SIZE, DATABASE_QUERIES,
    DATABASE_QUERY_DURATION, DatabaseOperationType, DatabaseQueryMetrics, DatabaseQueryTimer, Pool,
    PoolStats, Query, QueryStatus, QueryTime,
};
pub use gateway::{
    AuthFailure, GATEWAY_AUTH_FAILURES, GATEWAY_DEGRADED_MODE_REQUESTS, GATEWAY_REPLAY_BLOCKS,
    GATEWAY_REQUEST_BUCKETS, GATEWAY_REQUEST_DURATION, GATEWAY_REQUESTS,
    GATEWAY_REQUESTS_IN_FLIGHT, GatewayRequest, GatewayRequestMetrics, GatewayRequestTime,
    ReplayBlock,
};
pub use policy::{
    POLICY_CACHE_EVICTIONS, POLICY_CACHE_HITS, POLICY_CACHE_MISSES, POLICY_CACHE_SIZE,
    POLICY_EVALUATION_DURATION, POLICY_EVALUATIONS, PolicyDecisionType, PolicyEvaluation,
    PolicyEvaluationMetrics, PolicyEvaluationTime, PolicyEvaluationTimer,
};

use crate::builder::MetricsRegistryBuilder;
use crate::family_spec::FamilySpec;
use crate::registry::MetricsRegistry;

/// Returns the 22 families, in the order of the Python module.
pub fn families() -> impl Iterator<Item = &'static FamilySpec> {
    let parts: [&[&FamilySpec]; 4] =
        [&gateway::FAMILIES, &policy::FAMILIES, &database::FAMILIES, &breaker::FAMILIES];
    parts.into_iter().flatten().copied()
}

impl Default for MetricsRegistry {
    fn default() -> Self {
        Self::new()
    }
}

impl MetricsRegistry {
    /// Creates a registry with default settings. It is independent of all others.
    ///
    /// # Panics
    ///
    /// Never: default settings are valid for the catalogue. A test checks this.
    #[must_use]
    pub fn new() -> Self {
        // `expect` would link the formatting of all errors into every program.
        let Ok(registry) = Self::builder().build() else {
            unreachable!("default settings are valid")
        };
        registry
    }

    /// Returns a builder with the default settings.
    pub fn builder() -> MetricsRegistryBuilder {
        MetricsRegistryBuilder::of_families(families())
    }
}
