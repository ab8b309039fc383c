//! Prometheus metrics for circuit breakers of the [failsafe] crate.
//!
//! The metrics show the state of each breaker, its transitions, and how each call ended. Each call is counted
//! exactly once. Each transition of a breaker that this crate builds is also counted exactly once. To use this
//! crate in a service, enable the feature `breaker` of `caracal-metrics`.
//!
//! ```
//! # mod caracal_metrics { pub use caracal_metrics_core::*; pub use caracal_breaker as breaker; }
//! use std::time::Duration;
//! use caracal_metrics::breaker::BreakerObserver;
//! use caracal_metrics::{CircuitBreakerState, MetricsRegistry};
//! use failsafe::{CircuitBreaker, Error, backoff, failure_policy};
//!
//! # async fn query() -> Result<(), &'static str> { Ok(()) }
//! # let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
//! let metrics = MetricsRegistry::new();
//! let policy = failure_policy::consecutive_failures(2, backoff::constant(Duration::from_secs(30)));
//! let breaker = BreakerObserver::new("database").build(policy, (), &metrics)?;
//!
//! // Use it like any failsafe breaker. The second failure opens it.
//! for _ in 0..2 {
//!     assert!(matches!(breaker.call(|| Err::<(), _>("refused")), Err(Error::Inner("refused"))));
//! }
//! assert!(matches!(breaker.call(|| Ok::<_, ()>(())), Err(Error::Rejected)));
//! assert_eq!(breaker.state(), CircuitBreakerState::Open);
//!
//! // Asynchronous calls are `Send` if the future inside is `Send`.
//! breaker.reset();
//! let call = breaker.call_async(query());
//! # let call = std::pin::pin!(call);
//! # assert!(call.poll(&mut cx).is_ready());
//! # async fn show(call: impl Future<Output = Result<(), Error<&'static str>>>) -> Result<(), Error<&'static str>> {
//! call.await?;
//! # Ok(()) }
//!
//! let name = ("name", "database");
//! assert_eq!(metrics.sample("caracal_circuit_breaker_state", &[name]), Some(0.0));
//! assert_eq!(metrics.sample("caracal_circuit_breaker_failures_total", &[name]), Some(2.0));
//! assert_eq!(metrics.sample("caracal_circuit_breaker_rejections_total", &[name]), Some(1.0));
//! assert_eq!(metrics.sample("caracal_circuit_breaker_successes_total", &[name]), Some(1.0));
//! let opened = [name, ("from_state", "closed"), ("to_state", "open")];
//! assert_eq!(metrics.sample("caracal_circuit_breaker_state_changes_total", &opened), Some(1.0));
//! # Ok::<(), caracal_metrics::AttachError>(())
//! ```
//!
//! [`BreakerObserver::build`] creates a breaker. [`BreakerObserver::wrap`] observes an existing breaker. Both
//! return an [`ObservedBreaker`]. The [`guide`] explains each metric and how to alert on it.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod breaker;
mod call_future;
mod calls;
pub mod families;
mod listeners;
mod look;
mod observation;
mod observer;
#[cfg(test)]
mod races;
mod tracker;
mod transitions;
mod watched;

#[doc = include_str!("../docs/guide.md")]
pub mod guide {}

pub use breaker::ObservedBreaker;
pub use call_future::CallFuture;
pub use listeners::{ObservedInstrument, ObservedPolicy};
pub use observer::{BreakerObserver, BuiltBreaker, CIRCUIT_BREAKER};
