//! The test of migrations in caracal-sqlx, with sqlx 0.8. It has a process of its own, because the subscriber is
//! the process's.

extern crate caracal_sqlx_0_8 as caracal_sqlx;
extern crate sqlx_0_8 as sqlx;

#[path = "../../caracal-sqlx/tests/migrations.rs"]
mod same;
