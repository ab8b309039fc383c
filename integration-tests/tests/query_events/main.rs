//! Queries that are counted from sqlx's own events, on a real Postgres: sqlx 0.8 and 0.9, and the unchanged
//! repository layers of applications.

mod corpus;
mod differential;
mod migrations;
mod scene;
mod workload;

use std::process::ExitCode;

use integration_tests::{Needs, run, test};

fn main() -> ExitCode {
    let docker = &[Needs::Docker];
    run(vec![
        test("differential_0_8", docker, differential::of_0_8),
        test("differential_0_9", docker, differential::of_0_9),
        test("migrations", docker, migrations::counted_once),
        test("articles", docker, corpus::articles),
        test("newsletter", docker, corpus::newsletter),
        test("identity", docker, corpus::identity),
        test("history", docker, corpus::history),
        test("jobs", docker, corpus::jobs),
    ])
}
