//! Services that start and stop under one Prometheus.

use anyhow::{Result, ensure};
use integration_tests::eventually;
use integration_tests::service::Settings;
use reqwest::StatusCode;

use crate::monitoring::{QUICK, configuration, prometheus, until, until_firing, until_resolved};
use crate::scene::Scene;
use crate::steady::Steady;

pub(crate) const ALERTS: [&str; 2] = [DOWN, ABSENT];
const DOWN: &str = "CaracalTargetDown";
const ABSENT: &str = "CaracalTargetAbsent";
const RATIO: &str = "job:caracal_gateway_error_ratio:rate5m";

/// The counters of a killed service begin again at 0. Prometheus adds up the values of both runs.
pub(crate) async fn restart_between_scrapes() -> Result<()> {
    const BEFORE: u32 = 40;
    const AFTER: u32 = 25;
    let written = "caracal_gateway_requests_total{method=\"POST\",status_code=\"201\"}";
    let mut scene = Scene::set(Settings::default()).await?;
    let prometheus = prometheus(QUICK, &[scene.service.address()]).await?;

    // The first value of a series is not an increase. Later changes are.
    scene.client.write("agent-1").await?;
    until(&prometheus, written, |values| values == [1.0]).await?;
    for _ in 0..BEFORE {
        scene.client.write("agent-1").await?;
    }
    scene.settled().await?;
    until(&prometheus, written, |values| values == [f64::from(BEFORE + 1)]).await?;

    scene.kill();
    scene.start_again().await?;
    for _ in 0..AFTER {
        scene.client.write("agent-1").await?;
    }
    scene.recovered().await?;
    until(&prometheus, written, |values| values == [f64::from(AFTER)]).await?;
    let range = format!("{written}[5m]");
    let resets = prometheus.query(&format!("resets({range})")).await?;
    ensure!(resets.len() == 1 && resets[0].value == 1.0, "{resets:?}");
    // `increase` extrapolates from the last scrape to now. The more scrapes there are, the smaller is
    // this part.
    let sent = f64::from(BEFORE + AFTER);
    let of_both = |values: &[f64]| matches!(values, [n] if (sent..sent * 1.1).contains(n));
    until(&prometheus, &format!("increase({range})"), of_both).await?;
    Ok(())
}

/// Sums by job include both instances, and an alert fires for the instance that disappears.
pub(crate) async fn two_instances() -> Result<()> {
    let failing = Scene::set(Settings { failures: 1, ..Settings::default() }).await?;
    let mut sound = Scene::set(Settings::default()).await?;
    let targets = [failing.service.address(), sound.service.address()];
    let prometheus = prometheus(QUICK, &targets).await?;
    let up = "sum by (job) (up{job=\"caracal-gateway\"})";
    until(&prometheus, up, |values| values == [2.0]).await?;

    failing.database.run("revoke insert on ledger from service").await?;
    let fails = Steady::send(&failing.client, |client| async move { client.write("a").await });
    let works = Steady::send(&sound.client, |client| async move { client.write("a").await });
    let half = |values: &[f64]| matches!(values, [ratio] if (0.4..0.6).contains(ratio));
    until(&prometheus, RATIO, half).await?;
    // A breaker that is open in one instance only.
    let breakers = "sum by (job) (caracal_circuit_breaker_state)";
    until(&prometheus, breakers, |values| values == [1.0]).await?;
    let pools = "sum by (job) (caracal_database_connection_pool_size)";
    let one = f64::from(Settings::default().connections);
    until(&prometheus, pools, |values| values == [2.0 * one]).await?;
    let p95 = "job:caracal_gateway_request_duration_seconds:p95_rate5m";
    until(&prometheus, p95, |values| matches!(values, [p95] if *p95 > 0.0)).await?;
    works.stop().await?;
    sound.recovered().await?;

    sound.kill();
    until_firing(&prometheus, &[DOWN]).await?;
    let gone = format!("ALERTS{{alertname=\"{DOWN}\",instance=\"{}\"}}", targets[1]);
    until(&prometheus, &gone, |values| values.len() == 1).await?;
    let count = format!("count(ALERTS{{alertname=\"{DOWN}\"}})");
    until(&prometheus, &count, |values| values == [1.0]).await?;
    // Its series end at once, and the remaining instance represents the job.
    until(&prometheus, pools, |values| values == [one]).await?;
    until(&prometheus, RATIO, |values| matches!(values, [ratio] if *ratio > 0.95)).await?;

    sound.start_again().await?;
    let works = Steady::send(&sound.client, |client| async move { client.write("a").await });
    until_resolved(&prometheus, &[DOWN]).await?;
    until(&prometheus, RATIO, half).await?;
    works.stop().await?;
    sound.recovered().await?;
    failing.database.run("grant insert on ledger to service").await?;
    eventually("the other works as well", async || {
        Ok(failing.client.write("a").await?.status == StatusCode::CREATED)
    })
    .await?;
    fails.stop().await?;
    failing.recovered().await?;

    // No target is scraped at all, which `up == 0` can't detect.
    prometheus.reconfigure(|folder| configuration(folder, QUICK, &[])).await?;
    until_firing(&prometheus, &[ABSENT]).await?;
    prometheus.reconfigure(|folder| configuration(folder, QUICK, &targets)).await?;
    until_resolved(&prometheus, &[ABSENT]).await
}
