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

/// Somebody holds all connections and forgets; the others wait in vain, and the breaker opens and closes.
pub(crate) async fn exhausted_pool() -> Result<()> {
    const ALERTS: [&str; 3] =
        ["DatabaseConnectionPoolExhausted", "DatabasePoolSaturated", "CircuitBreakerFlapping"];
    const CONNECTIONS: u32 = 3;
    let settings = Settings {
        connections: CONNECTIONS,
        acquire_timeout: Duration::from_millis(100),
        failures: 2,
        ..Settings::default()
    };
    let scene = Scene::set(settings).await?;
    let prometheus = prometheus(&[scene.service.address()]).await?;
    let traffic = Steady::send(&scene.client, |client| async move { client.write("a").await });
    let size = "caracal_database_connection_pool_size";
    until(&prometheus, size, |values| values == [f64::from(CONNECTIONS)]).await?;
    ensure_quiet(&prometheus, &ALERTS).await?;

    let lock = scene.database.lock().await?;
    let mut holding = Vec::new();
    while holding.len() < CONNECTIONS as usize {
        let request = scene.client.start_waiting();
        // One that got no connection in time, as the traffic had them all, is sent again.
        while scene.database.waiting().await? == holding.len() && !request.is_finished() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        if request.is_finished() {
            ensure!(request.await??.status == StatusCode::SERVICE_UNAVAILABLE);
        } else {
            holding.push(request);
        }
    }
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
