//! The circuit breaker in all its states while the cache answers, and a cache whose entries expire.

use std::time::Duration;

use anyhow::{Result, ensure};
use integration_tests::service::Settings;
use integration_tests::{Page, eventually};
use reqwest::StatusCode;

use crate::scene::Scene;

const STATE: &str = "caracal_circuit_breaker_state";
const CHANGES: &str = "caracal_circuit_breaker_state_changes_total";
const BREAKER: (&str, &str) = ("name", "database");

fn changes(page: &Page, from: &str, to: &str) -> f64 {
    page.value(CHANGES, &[BREAKER, ("from_state", from), ("to_state", to)])
}

/// The state of the breaker on the page, immediately after the client saw its effect.
async fn state(scene: &Scene) -> Result<f64> {
    Ok(scene.page().await?.value(STATE, &[BREAKER]))
}

/// Sends requests until the breaker lets a call through, whatever its result.
async fn until_let_through(scene: &Scene) -> Result<()> {
    eventually("the breaker lets a call through", async || {
        Ok(scene.client.write("agent-1").await?.database.as_deref() != Some("rejection"))
    })
    .await
}

pub(crate) async fn open_half_open_closed() -> Result<()> {
    const FAILURES: u32 = 5;
    // Open for longer than three requests take on a busy machine.
    let open_for = Duration::from_secs(3);
    let settings = Settings { failures: FAILURES, open_for, ..Settings::default() };
    let scene = Scene::set(settings).await?;
    let client = &scene.client;
    ensure!(client.act("agent-1").await?.status == StatusCode::OK);
    ensure!(client.act("agent-0").await?.status == StatusCode::FORBIDDEN);
    ensure!(state(&scene).await? == 0.0);

    // The server responds, but every statement fails.
    scene.database.run("revoke select, insert on policies, ledger from service").await?;
    for _ in 0..FAILURES {
        ensure!(state(&scene).await? == 0.0);
        let answer = client.act("agent-2").await?;
        ensure!(answer.database.as_deref() == Some("failure"), "{answer:?}");
    }
    ensure!(state(&scene).await? == 1.0);

    // Open: the database is not called, and the cache answers for the agents that it contains.
    let mut rejected = 0;
    for (agent, status) in [
        ("agent-1", StatusCode::OK),
        ("agent-0", StatusCode::FORBIDDEN),
        ("agent-3", StatusCode::SERVICE_UNAVAILABLE),
    ] {
        let answer = client.act(agent).await?;
        ensure!(answer.status == status, "{agent}: {answer:?}");
        ensure!(answer.degraded == (status != StatusCode::SERVICE_UNAVAILABLE), "{answer:?}");
        rejected += u32::from(answer.database.as_deref() == Some("rejection"));
    }
    ensure!(rejected == 1, "{rejected} asked for the database");

    // Half-open, and the call fails, so the breaker opens again.
    until_let_through(&scene).await?;
    let page = scene.settled().await?;
    ensure!(page.value(STATE, &[BREAKER]) == 1.0, "{}", page.excerpt());
    ensure!(changes(&page, "half_open", "open") >= 1.0, "{}", page.excerpt());

    // Half-open, for as long as the test needs.
    scene.database.run("grant select, insert on policies, ledger to service").await?;
    let lock = scene.database.lock().await?;
    let attempt = eventually_half_open(&scene).await?;
    let page = scene.page().await?;
    ensure!(page.value(STATE, &[BREAKER]) == 2.0, "{}", page.excerpt());
    ensure!(client.act("agent-1").await?.degraded, "half-open is not closed");
    lock.release().await?;
    ensure!(attempt.await??.status == StatusCode::OK);

    let page = scene.recovered().await?;
    // One legal walk: every state was entered as often as it was left, except for the last one.
    let (opened, reopened) =
        (changes(&page, "closed", "open"), changes(&page, "half_open", "open"));
    let (tried, closed) =
        (changes(&page, "open", "half_open"), changes(&page, "half_open", "closed"));
    ensure!((opened, closed) == (1.0, 1.0), "{}", page.excerpt());
    ensure!(tried == reopened + closed, "{}", page.excerpt());
    ensure!(page.sum(CHANGES, &[BREAKER]) == opened + reopened + tried + closed);
    ensure!(!client.act("agent-1").await?.degraded);
    ensure!(client.act("agent-4").await?.status == StatusCode::OK);
    scene.recovered().await?;
    Ok(())
}

/// Sends requests that wait for the lock until the breaker lets one through. Returns that request.
async fn eventually_half_open(
    scene: &Scene,
) -> Result<tokio::task::JoinHandle<Result<crate::client::Answer>>> {
    loop {
        let attempt = scene.client.start_waiting();
        while !attempt.is_finished() {
            if scene.database.waiting().await? == 1 {
                return Ok(attempt);
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let answer = attempt.await??;
        ensure!(answer.database.as_deref() == Some("rejection"), "{answer:?}");
    }
}

pub(crate) async fn cache_expiry() -> Result<()> {
    const AGENTS: usize = 20;
    const SIZE: &str = "caracal_policy_cache_size";
    const EVICTIONS: &str = "caracal_policy_cache_evictions_total";
    const EXPIRED: [(&str, &str); 2] = [("cache", "policy"), ("cause", "expired")];
    // Longer than forty requests take on a busy machine.
    let cached_for = Duration::from_secs(6);
    let scene = Scene::set(Settings { cached_for, ..Settings::default() }).await?;
    for _ in 0..2 {
        for n in 0..AGENTS {
            scene.client.act(&format!("agent-{n}")).await?;
        }
    }
    let page = scene.settled().await?;
    ensure!(page.value(SIZE, &[]) == AGENTS as f64, "{}", page.excerpt());
    ensure!(page.value(EVICTIONS, &[]) == 0.0, "{}", page.excerpt());

    // No requests are sent any more. Only scrapes remove the entries.
    let page = scene.page_when("an empty cache", |page| page.value(SIZE, &[]) == 0.0).await?;
    ensure!(page.value(EVICTIONS, &[]) == AGENTS as f64, "{}", page.excerpt());
    ensure!(page.value("caracal_cache_removals_total", &EXPIRED) == AGENTS as f64);

    // An expired entry is not a hit, so the database is queried again.
    ensure!(scene.client.act("agent-1").await?.cache.as_deref() == Some("miss"));
    let page = scene.recovered().await?;
    ensure!(page.value("caracal_policy_cache_hits_total", &[]) == AGENTS as f64);
    ensure!(page.value("caracal_policy_cache_misses_total", &[]) == (AGENTS + 1) as f64);
    let executed = scene.database.executed("select effect from policies").await?;
    ensure!(executed == (AGENTS + 1) as f64, "{executed} queries for {AGENTS} agents");
    Ok(())
}
