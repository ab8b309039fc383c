//! The alerts in `monitoring/` fire in the situations that they describe, and resolve afterwards.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use anyhow::{Result, ensure};
use integration_tests::service::Settings;
use reqwest::StatusCode;

use crate::instances;
use crate::monitoring::{
    QUICK, QUICKEST, ensure_quiet, prometheus, rule_files, until, until_firing, until_resolved,
};
use crate::runtimes;
use crate::scene::Scene;
use crate::series;
use crate::steady::Steady;

const FAILING_DATABASE: [&str; 5] = [
    "CircuitBreakerOpen",
    "CircuitBreakerNotClosed",
    "HighGatewayErrorRate",
    "GatewayErrorBudgetBurn1h",
    "PolicyEvaluationErrors",
];
const EXHAUSTED_POOL: [&str; 3] =
    ["DatabaseConnectionPoolExhausted", "DatabasePoolSaturated", "DatabasePoolCallersWait"];
const IMPATIENT_CALLERS: [&str; 2] = ["DatabasePoolAcquireTimeouts", "CircuitBreakerFlapping"];
const UNKNOWN_AGENTS: [&str; 4] = [
    "HighPolicyDenialRate",
    "PolicyDenialRatioHigh",
    "PolicyCacheHitRatioLow",
    "MetricSeriesLimited",
];
const LONG_WINDOWS: [&str; 3] =
    ["GatewayErrorBudgetBurn6h", "GatewayErrorBudgetBurn1d", "GatewayErrorBudgetBurn3d"];

/// Checks that each alert is in the list of a scenario. A scenario waits for the alerts in its list.
pub(crate) fn each_has_a_scenario() -> Result<()> {
    let mut alerts = BTreeSet::new();
    for (_, text) in rule_files()? {
        let names = text.lines().filter_map(|line| line.trim().strip_prefix("- alert: "));
        alerts.extend(names.map(str::to_owned));
    }
    let shown = [
        &FAILING_DATABASE[..],
        &EXHAUSTED_POOL,
        &IMPATIENT_CALLERS,
        &UNKNOWN_AGENTS,
        &LONG_WINDOWS,
        &instances::ALERTS,
        &runtimes::ALERTS,
        &series::ALERTS,
    ];
    let shown: BTreeSet<_> = shown.concat().into_iter().map(str::to_owned).collect();
    ensure!(shown == alerts, "shown: {shown:#?}, and in the files: {alerts:#?}");
    Ok(())
}

/// The database fails, so requests fail and the breaker opens.
pub(crate) async fn failing_database() -> Result<()> {
    let settings =
        Settings { failures: 3, open_for: Duration::from_secs(3), ..Settings::default() };
    let scene = Scene::set(settings).await?;
    let prometheus = prometheus(QUICK, &[scene.service.address()]).await?;
    // Agents whose policies are not cached, so that each request queries the database.
    let number = AtomicUsize::new(0);
    let traffic = Steady::send(&scene.client, move |client| {
        let agent = format!("new-{}", number.fetch_add(1, Relaxed));
        async move { client.act(&agent).await }
    });
    let rate = "sum(rate(caracal_gateway_requests_total[10s])) > 5";
    until(&prometheus, rate, |values| !values.is_empty()).await?;
    ensure_quiet(&prometheus, &FAILING_DATABASE).await?;

    scene.database.run("revoke select on policies from service").await?;
    until_firing(&prometheus, &FAILING_DATABASE).await?;
    scene.database.run("grant select on policies to service").await?;
    until_resolved(&prometheus, &FAILING_DATABASE).await?;
    traffic.stop().await?;
    scene.recovered().await?;
    Ok(())
}

/// Something holds all connections and does not return them. The other callers wait.
pub(crate) async fn exhausted_pool() -> Result<()> {
    let acquire_timeout = Duration::from_hours(1);
    let settings = Settings { connections: 3, acquire_timeout, ..Settings::default() };
    let scene = Scene::set(settings).await?;
    let prometheus = prometheus(QUICK, &[scene.service.address()]).await?;
    scene.client.write("agent-1").await?;
    let size = "caracal_database_connection_pool_size";
    until(&prometheus, size, |values| values == [3.0]).await?;
    ensure_quiet(&prometheus, &EXHAUSTED_POOL).await?;

    let lock = scene.database.lock().await?;
    let requests = [(); 5].map(|()| scene.client.start_waiting());
    until_firing(&prometheus, &EXHAUSTED_POOL).await?;
    lock.release().await?;
    for request in requests {
        ensure!(request.await??.status == StatusCode::OK);
    }
    until_resolved(&prometheus, &EXHAUSTED_POOL).await?;
    scene.recovered().await?;
    Ok(())
}

/// The same, but the other callers time out. The breaker opens, tries a call, and opens again.
pub(crate) async fn impatient_callers() -> Result<()> {
    let settings = Settings {
        connections: 3,
        acquire_timeout: Duration::from_millis(500),
        failures: 2,
        ..Settings::default()
    };
    let scene = Scene::set(settings).await?;
    let prometheus = prometheus(QUICK, &[scene.service.address()]).await?;
    let lock = scene.database.lock().await?;
    let holding = [(); 3].map(|()| scene.client.start_waiting());
    scene.until_waiting(3).await?;
    let size = "caracal_database_connection_pool_size";
    until(&prometheus, size, |values| values == [3.0]).await?;
    ensure_quiet(&prometheus, &IMPATIENT_CALLERS).await?;

    let traffic = Steady::send(&scene.client, |client| async move { client.write("a").await });
    until_firing(&prometheus, &IMPATIENT_CALLERS).await?;
    lock.release().await?;
    for request in holding {
        ensure!(request.await??.status == StatusCode::OK);
    }
    until_resolved(&prometheus, &IMPATIENT_CALLERS).await?;
    traffic.stop().await?;
    scene.recovered().await?;
    Ok(())
}

/// A flood of unknown agents: their requests are denied, are not in the cache, and exceed the limit of
/// the family.
pub(crate) async fn unknown_agents() -> Result<()> {
    let scene = Scene::set(Settings { series_per_family: 30, ..Settings::default() }).await?;
    scene.client.expect_folded_agents();
    let prometheus = prometheus(QUICK, &[scene.service.address()]).await?;
    let known = Steady::send(&scene.client, |client| async move { client.act("agent-1").await });
    let rate = "sum(rate(caracal_gateway_requests_total[10s])) > 5";
    until(&prometheus, rate, |values| !values.is_empty()).await?;
    ensure_quiet(&prometheus, &UNKNOWN_AGENTS).await?;
    known.stop().await?;

    let number = AtomicUsize::new(0);
    let flood = Steady::send(&scene.client, move |client| {
        let agent = format!("nobody-{}", number.fetch_add(1, Relaxed));
        async move { client.act(&agent).await }
    });
    until_firing(&prometheus, &UNKNOWN_AGENTS).await?;
    flood.stop().await?;

    let known = Steady::send(&scene.client, |client| async move { client.act("agent-1").await });
    until_resolved(&prometheus, &UNKNOWN_AGENTS).await?;
    known.stop().await?;
    scene.recovered().await?;
    Ok(())
}

/// Writing fails for some time, which is enough to spend the budget of several days.
pub(crate) async fn long_windows() -> Result<()> {
    let scene = Scene::set(Settings::default()).await?;
    let prometheus = prometheus(QUICKEST, &[scene.service.address()]).await?;
    let traffic = Steady::send(&scene.client, |client| async move { client.write("a").await });
    let rate = "sum(rate(caracal_gateway_requests_total[5s])) > 5";
    until(&prometheus, rate, |values| !values.is_empty()).await?;
    ensure_quiet(&prometheus, &LONG_WINDOWS).await?;

    scene.database.run("revoke insert on ledger from service").await?;
    until_firing(&prometheus, &LONG_WINDOWS).await?;
    scene.database.run("grant insert on ledger to service").await?;
    until_resolved(&prometheus, &LONG_WINDOWS).await?;
    // Only the short windows have recovered.
    let remembered = "job:caracal_gateway_error_ratio:rate3d > 0.001";
    ensure!(
        !prometheus.query(remembered).await?.is_empty(),
        "the ratio of three days has recovered too"
    );
    traffic.stop().await?;
    scene.recovered().await?;
    Ok(())
}
