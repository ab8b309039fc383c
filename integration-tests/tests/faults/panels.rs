//! The panels that a user looks at after an alert: every expression in `monitoring/` shows what happens
//! to the service.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use integration_tests::service::Settings;
use integration_tests::{Expression, Prometheus, eventually, expressions, without_sample};
use reqwest::StatusCode;
use tokio::task::JoinHandle;

use crate::monitoring::{QUICK, prometheus};
use crate::scene::{NEVER, Scene};

/// Three rounds of faults, with a large margin.
const PATIENCE: Duration = Duration::from_mins(5);

/// Expressions without data in this scenario. A healthy runtime seldom stalls: the scenario
/// `alerts_of_a_blocked_runtime` blocks one. The others are covered by the tests of the layer's
/// streams, of savepoints, and of the endpoint's stalled readers.
const ELSEWHERE: [&str; 5] = [
    "caracal_tokio_worker_stalled_seconds",
    "caracal_tokio_global_queue_depth",
    "caracal_gateway_streams_open",
    "caracal_database_savepoints_total",
    "caracal_metrics_scrapes_given_up_total",
];

/// The number of agents that act repeatedly.
const AGENTS: usize = 10;

/// Waits until each of these had a value other than 0.
fn watch(
    prometheus: Prometheus,
    mut expressions: Vec<Expression>,
) -> JoinHandle<Result<Prometheus>> {
    tokio::spawn(async move {
        let deadline = Instant::now() + PATIENCE;
        while !expressions.is_empty() {
            // Dividing by nothing, or a quantile of nothing, gives NaN.
            let shows = |value: f64| value.is_finite() && value != 0.0;
            expressions = without_sample(&prometheus, expressions, shows).await?;
            ensure!(Instant::now() < deadline, "nothing to show: {expressions:#?}");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        Ok(prometheus)
    })
}

pub(crate) async fn every_expression_has_something_to_show() -> Result<()> {
    let settings = Settings {
        connections: 3,
        baseline: 1,
        // Long enough to open the cut connections again, even on a busy machine.
        acquire_timeout: Duration::from_secs(4),
        failures: 4,
        open_for: Duration::from_secs(2),
        cached_for: Duration::from_secs(12),
        series_per_family: 20,
    };
    let scene = Scene::set(settings).await?;
    scene.client.expect_folded_agents();
    let prometheus = prometheus(QUICK, &[scene.service.address()]).await?;
    let is_of = |names: &[&str], expression: &Expression| {
        names.iter().any(|name| expression.promql.contains(name))
    };
    let (never, watched): (Vec<_>, Vec<_>) = expressions()?
        .into_iter()
        .filter(|expression| !is_of(&ELSEWHERE, expression))
        .partition(|expression| is_of(&NEVER, expression));
    ensure!(never.len() == NEVER.len(), "{never:#?}");
    let watching = watch(prometheus, watched);
    for round in 0.. {
        if watching.is_finished() {
            break;
        }
        traffic(&scene, round).await?;
        fault(&scene, f64::from(round + 1)).await?;
    }
    let prometheus = watching.await??;
    for Expression { source, promql } in never {
        let samples = prometheus.query(&promql).await?;
        let nothing = !samples.is_empty() && samples.iter().all(|sample| sample.value == 0.0);
        ensure!(nothing, "{source} shows {samples:?}");
    }
    scene.recovered().await?;
    Ok(())
}

/// Everything that clients do while nothing breaks.
async fn traffic(scene: &Scene, round: u32) -> Result<()> {
    let client = &scene.client;
    for n in 0..AGENTS {
        let agent = format!("agent-{n}");
        client.act(&agent).await?;
        client.act(&agent).await?;
        client.act(&format!("nobody-{round}-{n}")).await?;
        client.write(&agent).await?;
        client.read(&agent).await?;
        client.transfer(&agent).await?;
        client.act_as_stranger(&agent).await?;
        let nonce = format!("nonce-{round}-{n}");
        client.act_once(&agent, &nonce).await?;
        client.act_once(&agent, &nonce).await?;
    }
    Ok(())
}

/// No connection is free, one client disconnects, and the connections are cut. The breaker opens, and
/// closes again.
async fn fault(scene: &Scene, round: f64) -> Result<()> {
    let client = &scene.client;
    let lock = scene.database.lock().await?;
    let [given_up, cut @ ..] = [(); 3].map(|()| client.start_waiting());
    scene.until_waiting(3).await?;
    let impatient = [(); 2].map(|()| {
        let client = client.clone();
        tokio::spawn(async move { client.write("agent-1").await })
    });
    for impatient in impatient {
        ensure!(impatient.await??.status == StatusCode::SERVICE_UNAVAILABLE);
    }
    client.abandon(given_up).await;
    // Only now has the service noticed that the client disconnected. The database has not, and its
    // query is interrupted.
    let unfinished = "caracal_circuit_breaker_unfinished_calls_total";
    let cancelled = [("name", "database"), ("outcome", "cancelled")];
    scene.page_when("who went away", |page| page.value(unfinished, &cancelled) == round).await?;
    scene.database.terminate_sessions().await?;
    for cut in cut {
        ensure!(cut.await??.status == StatusCode::SERVICE_UNAVAILABLE);
    }
    lock.release().await?;
    eventually("the breaker lets calls through again", async || {
        // Some of them are in the cache.
        for n in 0..AGENTS {
            client.act(&format!("agent-{n}")).await?;
        }
        Ok(client.write("agent-1").await?.status == StatusCode::CREATED)
    })
    .await
}
