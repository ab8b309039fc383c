//! The monitoring files of a service, with a real Prometheus, promtool and Grafana's models.

mod prometheus;
mod promtool;
mod services;

use std::process::ExitCode;

use anyhow::Result;
use integration_tests::{Needs, grafana_reads, monitoring, run, test};

use crate::services::Shop;

fn main() -> ExitCode {
    run(vec![
        test("grafana_reads_each_dashboard", &[Needs::Python], grafana_reads_each_dashboard),
        test("promtool_accepts_each_service", &[Needs::Prometheus], promtool::accepts_each_service),
        test(
            "alerts_are_about_their_own_job",
            &[Needs::Prometheus],
            promtool::alerts_are_about_their_own_job,
        ),
        test(
            "a_hostile_job_breaks_nothing",
            &[Needs::Prometheus],
            promtool::a_hostile_job_breaks_nothing,
        ),
        test(
            "each_panel_of_a_shop_has_data",
            &[Needs::Prometheus],
            prometheus::each_panel_of_a_shop_has_data,
        ),
        test(
            "each_panel_of_an_http_service_has_data",
            &[Needs::Prometheus],
            prometheus::each_panel_of_an_http_service_has_data,
        ),
        test(
            "a_target_is_absent_once_it_is_gone",
            &[Needs::Prometheus],
            prometheus::a_target_is_absent_once_it_is_gone,
        ),
        test(
            "tls_is_answered_readably",
            &[Needs::Prometheus],
            prometheus::tls_is_answered_readably,
        ),
    ])
}

/// The dashboard of the gateway, and those of services that are not gateways.
async fn grafana_reads_each_dashboard() -> Result<()> {
    grafana_reads(&monitoring("grafana/caracal.json")?)?;
    for shop in [Shop::with_gateway_names().await?, Shop::with_http_names().await?] {
        grafana_reads(&shop.dashboard())?;
    }
    Ok(())
}
