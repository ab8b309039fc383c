//! The alerts in `monitoring/` fire in what they warn of, and resolve after it.
//!
//! Not here: the burn rates over six hours and more, whose windows last minutes even in quick motion;
//! promtool evaluates those (`monitoring/tests/`).

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use anyhow::{Result, ensure};
use reqwest::StatusCode;

use crate::monitoring::{ensure_quiet, prometheus, until, until_firing, until_resolved};
use crate::scene::Scene;
use crate::service::Settings;
use crate::steady::Steady;

/// The database fails; requests do, and the breaker is open.
pub(crate) async fn failing_database() -> Result<()> {
    const ALERTS: [&str; 5] = [
        "CircuitBreakerOpen",
        "CircuitBreakerNotClosed",
        "HighGatewayErrorRate",
        "GatewayErrorBudgetBurn1h",
        "PolicyEvaluationErrors",
    ];
    let settings =
        Settings { failures: 3, open_for: Duration::from_secs(3), ..Settings::default() };
    let scene = Scene::set(settings).await?;
    let prometheus = prometheus(&[scene.service.address()]).await?;
    // Agents whose policies nobody knows yet, so that the database is asked each time.
    let number = AtomicUsize::new(0);
    let traffic = Steady::send(&scene.client, move |client| {
        let agent = format!("new-{}", number.fetch_add(1, Relaxed));
        async move { client.act(&agent).await }
    });
    let rate = "sum(rate(caracal_gateway_requests_total[10s])) > 5";
    until(&prometheus, rate, |values| !values.is_empty()).await?;
    ensure_quiet(&prometheus, &ALERTS).await?;

    scene.database.run("revoke select on policies from service").await?;
    until_firing(&prometheus, &ALERTS).await?;
    scene.database.run("grant select on policies to service").await?;
    until_resolved(&prometheus, &ALERTS).await?;
    traffic.stop().await?;
    scene.recovered().await?;
    Ok(())
}

/// Somebody holds all connections and forgets; the others wait.
pub(crate) async fn exhausted_pool() -> Result<()> {
    const ALERTS: [&str; 3] =
        ["DatabaseConnectionPoolExhausted", "DatabasePoolSaturated", "DatabasePoolCallersWait"];
    let acquire_timeout = Duration::from_hours(1);
    let settings = Settings { connections: 3, acquire_timeout, ..Settings::default() };
    let scene = Scene::set(settings).await?;
    let prometheus = prometheus(&[scene.service.address()]).await?;
    scene.client.write("agent-1").await?;
    let size = "caracal_database_connection_pool_size";
    until(&prometheus, size, |values| values == [3.0]).await?;
    ensure_quiet(&prometheus, &ALERTS).await?;

    let lock = scene.database.lock().await?;
    let requests = [(); 5].map(|()| scene.client.start_waiting());
    until_firing(&prometheus, &ALERTS).await?;
    lock.release().await?;
    for request in requests {
        ensure!(request.await??.status == StatusCode::OK);
    }
    until_resolved(&prometheus, &ALERTS).await?;
    scene.recovered().await?;
    Ok(())
}

/// The same, and the others lose their patience: the breaker opens, tries and opens again.
pub(crate) async fn impatient_callers() -> Result<()> {
    const ALERTS: [&str; 2] = ["DatabasePoolAcquireTimeouts", "CircuitBreakerFlapping"];
    let settings = Settings {
        connections: 3,
        acquire_timeout: Duration::from_millis(500),
        failures: 2,
        ..Settings::default()
    };
    let scene = Scene::set(settings).await?;
    let prometheus = prometheus(&[scene.service.address()]).await?;
    let lock = scene.database.lock().await?;
    let holding = [(); 3].map(|()| scene.client.start_waiting());
    scene.until_waiting(3).await?;
    let size = "caracal_database_connection_pool_size";
    until(&prometheus, size, |values| values == [3.0]).await?;
    ensure_quiet(&prometheus, &ALERTS).await?;

    let traffic = Steady::send(&scene.client, |client| async move { client.write("a").await });
    until_firing(&prometheus, &ALERTS).await?;
    lock.release().await?;
    for request in holding {
        ensure!(request.await??.status == StatusCode::OK);
    }
    until_resolved(&prometheus, &ALERTS).await?;
    traffic.stop().await?;
    scene.recovered().await?;
    Ok(())
}

/// Agents that nobody knows come in masses: denied, not in the cache, and too many for the family.
pub(crate) async fn unknown_agents() -> Result<()> {
    const ALERTS: [&str; 4] = [
        "HighPolicyDenialRate",
        "PolicyDenialRatioHigh",
        "PolicyCacheHitRatioLow",
        "MetricSeriesLimited",
    ];
    let scene = Scene::set(Settings { series_per_family: 30, ..Settings::default() }).await?;
    scene.client.expect_folded_agents();
    let prometheus = prometheus(&[scene.service.address()]).await?;
    let known = Steady::send(&scene.client, |client| async move { client.act("agent-1").await });
    let rate = "sum(rate(caracal_gateway_requests_total[10s])) > 5";
    until(&prometheus, rate, |values| !values.is_empty()).await?;
    ensure_quiet(&prometheus, &ALERTS).await?;
    known.stop().await?;

    let number = AtomicUsize::new(0);
    let flood = Steady::send(&scene.client, move |client| {
        let agent = format!("nobody-{}", number.fetch_add(1, Relaxed));
        async move { client.act(&agent).await }
    });
    until_firing(&prometheus, &ALERTS).await?;
    flood.stop().await?;

    let known = Steady::send(&scene.client, |client| async move { client.act("agent-1").await });
    until_resolved(&prometheus, &ALERTS).await?;
    known.stop().await?;
    scene.recovered().await?;
    Ok(())
}
