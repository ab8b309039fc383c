//! The differential test of caracal-sqlx on SQLite without `TRACE`, with sqlx 0.8. It has a process of its own,
//! because the subscriber is the process's.

extern crate caracal_sqlx_0_8 as caracal_sqlx;
extern crate sqlx_0_8 as sqlx;

#[path = "../../caracal-sqlx/tests/query_events_without_trace.rs"]
mod same;
