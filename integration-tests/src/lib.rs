//! Real databases, a real Prometheus and the real gateway for the tests in `tests/`.
//!
//! `cargo xtask test` installs the programs that the tests need, and sets the environment variables that
//! point to them. If you run the tests without it, Docker pulls the official images of Postgres and
//! MariaDB. `prometheus` and `promtool` must be on the `PATH`, and `python3` must have the packages
//! `prometheus_client` and `grafana_foundation_sdk`. The tests of the live page need `chromium` and
//! `chromedriver`.

mod binary;
mod browser;
mod container;
mod document;
mod gateway;
mod harness;
mod mariadb;
mod monitoring;
mod page;
mod port;
mod postgres;
mod prometheus;
mod promtool;
mod python;
mod server;
pub mod service;
mod soaked;
mod wait;

pub use browser::{Browser, Scheme};
pub use document::{region, repository_file};
pub use gateway::Gateway;
pub use harness::{Needs, run, test};
pub use mariadb::MariaDb;
pub use monitoring::{Expression, dashboard_expressions, expressions, monitoring, without_sample};
pub use page::{Page, Series};
pub use port::free_port;
pub use postgres::Postgres;
pub use prometheus::{Prometheus, Sample};
pub use promtool::{PromtoolReport, promtool, promtool_check, promtool_test_rules};
pub use python::{PythonSample, grafana_reads, python_samples};
pub use server::ServerProcess;
pub use soaked::SoakedService;
pub use wait::{PATIENCE, eventually};

/// The code in the pages of the documentation.
#[cfg(doctest)]
mod pages {
    #[doc = include_str!("../../README.md")]
    struct Readme;

    #[doc = include_str!("../../caracal-metrics/README.md")]
    struct Facade;

    #[doc = include_str!("../../docs/guide.md")]
    struct Guide;

    #[doc = include_str!("../../docs/migrating.md")]
    struct Migrating;

    #[doc = include_str!("../../docs/operations.md")]
    struct Operations;
}
