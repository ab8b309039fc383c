//! A small agent gateway with live metrics: the runnable demo of Caracal metrics.
//!
//! Agents authenticate with a token or an API key, and ask whether they may perform an action. The policies
//! are in a database behind a circuit breaker, and are cached. While the breaker is open, the gateway makes
//! its decisions from the cache alone. To see how a service sets up its metrics, read [`gateway`] (the
//! pool), [`breaker`], [`policy`] and [`replay`] (the caches), [`routes`] (requests and the page) and
//! [`store`] (queries).

pub mod auth;
pub mod breaker;
pub mod config;
pub mod database;
mod database_url;
pub mod demo;
mod error;
pub mod gateway;
pub mod ledger;
pub mod outage;
pub mod policy;
pub mod replay;
pub mod routes;
pub mod store;
mod traffic;

pub use config::Config;
pub use gateway::Gateway;
