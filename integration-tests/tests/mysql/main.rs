//! Wrapped pools and queries that are counted from sqlx's events, with sqlx's driver for MySQL, 0.8 and 0.9, on a
//! real MariaDB.

mod connecting;
mod differential;
mod scene;
mod transactions;
mod workload;

use std::process::ExitCode;

use integration_tests::{Needs, run, test};

fn main() -> ExitCode {
    let docker = &[Needs::Docker];
    run(vec![
        test("connection_errors", docker, connecting::connection_errors),
        test("differential_0_8", docker, differential::of_0_8),
        test("differential_0_9", docker, differential::of_0_9),
        test("transactions", docker, transactions::outcomes),
    ])
}
