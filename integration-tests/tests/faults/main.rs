//! All adapters together, in a service that receives requests while things break. The records of the
//! clients, the counts of the database and the page must agree.

mod alerts;
mod balance;
mod breaker;
mod client;
mod connections;
mod database;
mod instances;
mod monitoring;
mod outages;
mod panels;
mod runtimes;
mod scene;
mod series;
mod statements;
mod steady;
mod traffic;

use std::process::ExitCode;

use integration_tests::{Needs, run, test};

fn main() -> ExitCode {
    let docker = &[Needs::Docker];
    let both = &[Needs::Docker, Needs::Prometheus];
    run(vec![
        // The slowest test starts first, so that others run at the same time.
        test("restart_between_scrapes", both, instances::restart_between_scrapes),
        test("two_instances", both, instances::two_instances),
        test("alerts_of_a_failing_database", both, alerts::failing_database),
        test("alerts_of_an_exhausted_pool", both, alerts::exhausted_pool),
        test("alerts_of_impatient_callers", both, alerts::impatient_callers),
        test("alerts_of_unknown_agents", both, alerts::unknown_agents),
        test("alerts_of_a_blocked_runtime", &[Needs::Prometheus], runtimes::blocked_workers),
        test(
            "alerts_of_a_family_that_fills_up",
            &[Needs::Prometheus],
            series::a_family_that_fills_up,
        ),
        test("alerts_that_look_back_for_days", both, alerts::long_windows),
        test(
            "every_expression_has_something_to_show",
            both,
            panels::every_expression_has_something_to_show,
        ),
        test("every_alert_has_a_scenario", &[], || async { alerts::each_has_a_scenario() }),
        test("normal_traffic", docker, traffic::normal_traffic),
        test("two_hundred_clients", docker, traffic::two_hundred_clients),
        test("label_flood", docker, traffic::label_flood),
        test("hostile_agents", docker, traffic::hostile_agents),
        test("pool_exhaustion", docker, connections::pool_exhaustion),
        test("terminated_connections", docker, connections::terminated_connections),
        test("wrong_password", docker, connections::wrong_password),
        test("cancelled_requests", docker, connections::cancelled_requests),
        test("paused_server", docker, outages::paused_server),
        test("stopped_and_started_server", docker, outages::stopped_and_started_server),
        test("open_half_open_closed", docker, breaker::open_half_open_closed),
        test("cache_expiry", docker, breaker::cache_expiry),
    ])
}
