//! The tests of caracal-sqlx, with sqlx 0.8.
#![allow(clippy::duplicate_mod, reason = "each of them has the helpers that it uses")]

extern crate caracal_sqlx_0_8 as caracal_sqlx;
extern crate sqlx_0_8 as sqlx;

#[path = "../../caracal-sqlx/tests/acquiring.rs"]
mod acquiring;
#[path = "../../caracal-sqlx/tests/conformance.rs"]
mod conformance;
#[path = "../../caracal-sqlx/tests/connection_errors.rs"]
mod connection_errors;
#[path = "../../caracal-sqlx/tests/exemplars.rs"]
mod exemplars;
#[cfg(feature = "mysql")]
#[path = "../../caracal-sqlx/tests/mysql_errors.rs"]
mod mysql_errors;
#[path = "../../caracal-sqlx/tests/pool_gauges.rs"]
mod pool_gauges;
#[path = "../../caracal-sqlx/tests/queries.rs"]
mod queries;
#[path = "../../caracal-sqlx/tests/transactions.rs"]
mod transactions;
