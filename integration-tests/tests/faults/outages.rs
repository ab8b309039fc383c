//! The whole server hangs, or stops and starts again.

use std::time::Duration;

use anyhow::{Result, ensure};
use integration_tests::eventually;
use integration_tests::service::Settings;
use reqwest::StatusCode;

use crate::scene::Scene;

const ERRORS: &str = "caracal_database_connection_errors_total";
const STATE: &str = "caracal_circuit_breaker_state";
const BREAKER: [(&str, &str); 1] = [("name", "database")];

/// Requests in progress are not lost: they wait, and complete when the server continues.
pub(crate) async fn paused_server() -> Result<()> {
    const CONNECTIONS: u32 = 4;
    let settings = Settings {
        connections: CONNECTIONS,
        acquire_timeout: Duration::from_secs(1),
        ..Settings::default()
    };
    let scene = Scene::set(settings).await?;
    // Queries that are on the server when it is paused.
    let lock = scene.database.lock().await?;
    let under_way = [(); 2].map(|()| scene.client.start_waiting());
    scene.until_waiting(2).await?;
    scene.database.postgres().container().pause().await?;

    // Other queries can't be sent. Each one fails after the pool's timeout.
    for _ in 0..3 {
        let answer = scene.client.write("agent-1").await?;
        ensure!(answer.status == StatusCode::SERVICE_UNAVAILABLE, "{answer:?}");
    }
    let page = scene.page().await?;
    ensure!(page.value("caracal_gateway_requests_in_flight", &[]) == 2.0, "{}", page.excerpt());
    ensure!(page.value(ERRORS, &[("error_type", "pool_timeout")]) == 3.0, "{}", page.excerpt());
    ensure!(under_way.iter().all(|request| !request.is_finished()));

    scene.database.postgres().container().unpause().await?;
    lock.release().await?;
    for request in under_way {
        ensure!(request.await??.status == StatusCode::OK);
    }
    eventually("the service works again", async || {
        Ok(scene.client.write("agent-1").await?.status == StatusCode::CREATED)
    })
    .await?;
    let page = scene.recovered().await?;
    let failed = page.value("caracal_circuit_breaker_failures_total", &BREAKER);
    let errors = page.sum(ERRORS, &[]);
    ensure!(errors == failed, "{failed} calls failed, {errors} of them on the connection");
    Ok(())
}

pub(crate) async fn stopped_and_started_server() -> Result<()> {
    let settings = Settings {
        connections: 4,
        acquire_timeout: Duration::from_secs(1),
        failures: 3,
        ..Settings::default()
    };
    let scene = Scene::set_on_fixed_port(settings).await?;
    ensure!(scene.client.act("agent-1").await?.status == StatusCode::OK);
    // The stop interrupts one query.
    let lock = scene.database.lock().await?;
    let cut = scene.client.start_waiting();
    scene.until_waiting(1).await?;
    scene.database.stop().await?;
    drop(lock);
    ensure!(cut.await??.status == StatusCode::SERVICE_UNAVAILABLE);

    // The breaker opens after three failures. Policies in the cache are available all the time.
    eventually("the breaker rejects", async || {
        ensure!(scene.client.act("agent-1").await?.status == StatusCode::OK);
        let answer = scene.client.write("agent-1").await?;
        ensure!(answer.status == StatusCode::SERVICE_UNAVAILABLE, "{answer:?}");
        Ok(answer.database.as_deref() == Some("rejection"))
    })
    .await?;
    ensure!(scene.client.act("agent-1").await?.degraded);
    let page = scene.settled().await?;
    ensure!(page.value(STATE, &BREAKER) == 1.0, "{}", page.excerpt());
    let failed = page.value("caracal_circuit_breaker_failures_total", &BREAKER);
    ensure!(
        page.sum(ERRORS, &[]) == failed,
        "each failure is the connection's:\n{}",
        page.excerpt()
    );

    scene.database.start_again().await?;
    eventually("the service works again", async || {
        Ok(scene.client.write("agent-1").await?.status == StatusCode::CREATED)
    })
    .await?;
    let page = scene.recovered().await?;
    let errors = page.sum(ERRORS, &[]);
    let failed = page.value("caracal_circuit_breaker_failures_total", &BREAKER);
    ensure!(errors == failed, "{failed} calls failed, {errors} on the connection");
    ensure!(!scene.client.act("agent-1").await?.degraded);
    Ok(())
}
