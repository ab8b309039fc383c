//! What is recorded by hand: the recorders of [`MetricsRegistry`](crate::MetricsRegistry), their
//! handles, guards and timers.

mod breaker;
mod database;
mod gateway;
mod policy;

pub use breaker::CircuitBreakerMetrics;
pub use database::{
    DatabaseConnectionErrorMetrics, DatabaseQueryMetrics, DatabaseQueryTimer, PoolStats,
};
pub use gateway::{AuthFailureMetrics, GatewayRequestMetrics, InFlightGuard, ReplayBlockMetrics};
pub use policy::{PolicyEvaluationMetrics, PolicyEvaluationTimer};
