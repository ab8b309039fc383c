//! Services that come and go under one Prometheus.

use anyhow::{Result, ensure};
use integration_tests::service::{Service, Settings};
use reqwest::StatusCode;

use crate::client::Client;
use crate::monitoring::{QUICK, configuration, prometheus, until, until_firing, until_resolved};
use crate::scene::Scene;
use crate::steady::Steady;

pub(crate) const ALERTS: [&str; 2] = [DOWN, ABSENT];
const DOWN: &str = "CaracalTargetDown";
const ABSENT: &str = "CaracalTargetAbsent";
const RATIO: &str = "job:caracal_gateway_error_ratio:rate5m";

/// The counters of a service that is killed begin anew: Prometheus adds up both lives.
pub(crate) async fn restart_between_scrapes() -> Result<()> {
    const BEFORE: u32 = 40;
    const AFTER: u32 = 25;
    let written = "caracal_gateway_requests_total{method=\"POST\",status_code=\"201\"}";
    let mut scene = Scene::set(Settings::default()).await?;
    let prometheus = prometheus(QUICK, &[scene.service.address()]).await?;

    // The first value of a series is no increase: what comes after it is.
    scene.client.write("agent-1").await?;
    until(&prometheus, written, |values| values == [1.0]).await?;
    for _ in 0..BEFORE {
        scene.client.write("agent-1").await?;
    }
    scene.settled().await?;
    until(&prometheus, written, |values| values == [f64::from(BEFORE + 1)]).await?;

    scene.restart().await?;
    for _ in 0..AFTER {
        scene.client.write("agent-1").await?;
    }
    scene.recovered().await?;
    until(&prometheus, written, |values| values == [f64::from(AFTER)]).await?;
    let range = format!("{written}[5m]");
    let resets = prometheus.query(&format!("resets({range})")).await?;
    ensure!(resets.len() == 1 && resets[0].value == 1.0, "{resets:?}");
    // `increase` extrapolates by up to half a scrape's interval: it reads somewhat more than there was.
    let increase = prometheus.query(&format!("increase({range})")).await?;
    let sent = f64::from(BEFORE + AFTER);
    ensure!(increase.len() == 1, "{increase:?}");
    ensure!((sent..sent * 1.25).contains(&increase[0].value), "{increase:?} of {sent}");
    Ok(())
}

/// What is summed by job has both instances in it, and the one that goes away is missed.
pub(crate) async fn two_instances() -> Result<()> {
    let settings = Settings {
        failures: 1,
        // The one that fails does so for good.
        open_for: std::time::Duration::from_hours(1),
        ..Settings::default()
    };
    let scene = Scene::set(settings.clone()).await?;
    let mut sound = Service::start(&settings, scene.database.service_url()).await?;
    let (failing, address) = (&scene.client, sound.address());
    let targets = [scene.service.address(), address];
    let prometheus = prometheus(QUICK, &targets).await?;
    let up = "sum by (job) (up{job=\"caracal-gateway\"})";
    until(&prometheus, up, |values| values == [2.0]).await?;

    // A breaker that is open in one instance only.
    scene.database.run("revoke insert on ledger from service").await?;
    let answer = failing.write("agent-1").await?;
    ensure!(answer.status == StatusCode::SERVICE_UNAVAILABLE, "{answer:?}");
    scene.database.run("grant insert on ledger to service").await?;

    let fails = Steady::send(failing, |client| async move { client.write("agent-1").await });
    let works =
        Steady::send(&Client::new(address), |client| async move { client.write("agent-1").await });
    let half = |values: &[f64]| matches!(values, [ratio] if (0.4..0.6).contains(ratio));
    until(&prometheus, RATIO, half).await?;
    let breakers = "sum by (job) (caracal_circuit_breaker_state)";
    until(&prometheus, breakers, |values| values == [1.0]).await?;
    let pools = "sum by (job) (caracal_database_connection_pool_size)";
    let both = f64::from(2 * settings.connections);
    until(&prometheus, pools, |values| values == [both]).await?;
    let p95 = "job:caracal_gateway_request_duration_seconds:p95_rate5m";
    until(&prometheus, p95, |values| matches!(values, [p95] if *p95 > 0.0)).await?;
    works.stop().await?;

    sound.kill();
    until_firing(&prometheus, &[DOWN]).await?;
    let gone = format!("ALERTS{{alertname=\"{DOWN}\",instance=\"{address}\"}}");
    until(&prometheus, &gone, |values| values.len() == 1).await?;
    let count = format!("count(ALERTS{{alertname=\"{DOWN}\"}})");
    until(&prometheus, &count, |values| values == [1.0]).await?;
    // Its series end at once, and the one that is left speaks for the job.
    until(&prometheus, pools, |values| values == [f64::from(settings.connections)]).await?;
    until(&prometheus, RATIO, |values| matches!(values, [ratio] if *ratio > 0.95)).await?;

    sound.start_again().await?;
    let works =
        Steady::send(&Client::new(address), |client| async move { client.write("agent-1").await });
    until_resolved(&prometheus, &[DOWN]).await?;
    until(&prometheus, RATIO, half).await?;
    for steady in [fails, works] {
        steady.stop().await?;
    }
    scene.unharmed(&scene.settled().await?)?;

    // Nobody is scraped at all, which no `up == 0` can tell.
    prometheus.reconfigure(|folder| configuration(folder, QUICK, &[])).await?;
    until_firing(&prometheus, &[ABSENT]).await?;
    prometheus.reconfigure(|folder| configuration(folder, QUICK, &targets)).await?;
    until_resolved(&prometheus, &[ABSENT]).await?;
    sound.ensure_no_panic()
}
