//! Wrapped pools and queries that are counted from sqlx's events, with sqlx's driver for MySQL, 0.8 and 0.9, on a
//! real MariaDB.

mod connecting;
mod differential;
mod limits;
mod scene;
mod transactions;
mod workload;

use std::process::ExitCode;

use integration_tests::{Needs, run, test};

fn main() -> ExitCode {
    let docker = &[Needs::Docker];
    run(vec![
        test("connection_errors", docker, connecting::connection_errors),
        test("full_server", docker, connecting::full_server),
        test("time_limits_0_8", docker, limits::v0_8::time_limits),
        test("time_limits_0_9", docker, limits::v0_9::time_limits),
        test("cancelled_0_8", docker, limits::v0_8::cancelled),
        test("cancelled_0_9", docker, limits::v0_9::cancelled),
        test("differential_0_8", docker, differential::of_0_8),
        test("differential_0_9", docker, differential::of_0_9),
        test("transactions", docker, transactions::outcomes),
    ])
}
