//! All adapters together, in a service that is driven through its front door while things break: what
//! clients saw, what the database counted and what the page says must agree.

mod client;
mod database;
mod handlers;
mod page;
mod scene;
mod service;
mod traffic;

use std::process::ExitCode;

use integration_tests::{Needs, run, test};

fn main() -> ExitCode {
    scene::count_panics();
    let docker = &[Needs::Docker];
    run(vec![
        test("normal_traffic", docker, traffic::normal_traffic),
        test("two_hundred_clients", docker, traffic::two_hundred_clients),
        test("label_flood", docker, traffic::label_flood),
        test("hostile_agents", docker, traffic::hostile_agents),
    ])
}
