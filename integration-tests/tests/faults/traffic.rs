//! Nothing breaks: much traffic, and all numbers agree.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use anyhow::{Result, ensure};
use integration_tests::service::Settings;
use reqwest::StatusCode;

use crate::client::Client;
use crate::database::allowed;
use crate::scene::Scene;

const QUERIES: &str = "caracal_database_queries_total";

pub(crate) async fn normal_traffic() -> Result<()> {
    let scene = Scene::set(Settings::default()).await?;
    let client = &scene.client;
    for n in 0..30 {
        let agent = format!("agent-{}", n % 10);
        let expected = if allowed(n % 10) { StatusCode::OK } else { StatusCode::FORBIDDEN };
        ensure!(client.act(&agent).await?.status == expected, "{agent}");
        ensure!(client.write(&agent).await?.status == StatusCode::CREATED);
        ensure!(client.read(&agent).await?.status == StatusCode::OK);
        if n % 3 == 0 {
            ensure!(client.transfer(&agent).await?.status == StatusCode::OK);
        }
        if n % 5 == 0 {
            ensure!(client.act_as_stranger(&agent).await?.status == StatusCode::UNAUTHORIZED);
            let nonce = format!("nonce-{n}");
            ensure!(client.act_once(&agent, &nonce).await?.status == expected, "{agent}");
            ensure!(client.act_once(&agent, &nonce).await?.status == StatusCode::CONFLICT);
        }
    }
    let page = scene.recovered().await?;
    ensure!(page.value(QUERIES, &select("policies")) == 10.0, "each policy is read once");
    ensure!(page.value("caracal_policy_cache_size", &[]) == 10.0, "{}", page.excerpt());
    let nonces = [("cache", "nonces")];
    ensure!(page.value("caracal_cache_size", &nonces) == 6.0, "{}", page.excerpt());
    ensure!(page.value("caracal_cache_hits_total", &nonces) == 6.0, "{}", page.excerpt());
    ensure!(page.value("caracal_cache_misses_total", &nonces) == 6.0, "{}", page.excerpt());
    ensure!(page.sum("caracal_database_connection_errors_total", &[]) == 0.0, "{}", page.excerpt());
    Ok(())
}

fn select(table: &str) -> [(&str, &str); 3] {
    [("operation", "select"), ("table", table), ("status", "success")]
}

/// Reads pages one after the other until it is stopped, and checks that each one is complete. Returns
/// their number.
async fn pages_in_a_row(client: Client, stop: Arc<AtomicBool>) -> Result<usize> {
    let mut earlier = client.page().await?;
    let mut pages = 0;
    while !stop.load(Relaxed) {
        let page = client.page().await?;
        let fallen = page.fallen_since(&earlier);
        ensure!(fallen.is_empty(), "fallen: {fallen:?}");
        let torn = page.torn();
        ensure!(torn.is_empty(), "torn: {torn:?}");
        earlier = page;
        pages += 1;
    }
    Ok(pages)
}

pub(crate) async fn two_hundred_clients() -> Result<()> {
    const CLIENTS: usize = 200;
    const ROUNDS: usize = 5;
    let scene = Scene::set(Settings::default()).await?;
    let mut clients = tokio::task::JoinSet::new();
    for n in 0..CLIENTS {
        let client = scene.client.clone();
        clients.spawn(async move {
            for round in 0..ROUNDS {
                // Neighbouring requests ask for the same policy at the same time, and wait for one
                // answer.
                let agent = format!("agent-{}", (n / 4 + round) % 60);
                client.act(&agent).await?;
                client.write(&agent).await?;
                if n % 10 == round {
                    client.transfer(&agent).await?;
                }
            }
            anyhow::Ok(())
        });
    }
    let stop = Arc::new(AtomicBool::new(false));
    let reading = tokio::spawn(pages_in_a_row(scene.client.clone(), Arc::clone(&stop)));
    while let Some(finished) = clients.join_next().await {
        finished??;
    }
    stop.store(true, Relaxed);
    let pages = reading.await??;
    ensure!(pages >= 3, "{pages} pages are not enough to compare");
    let page = scene.recovered().await?;
    let lookups = (CLIENTS * ROUNDS) as f64;
    let hits = page.value("caracal_policy_cache_hits_total", &[]);
    let misses = page.value("caracal_policy_cache_misses_total", &[]);
    ensure!(hits + misses == lookups, "{hits} and {misses}");
    ensure!(page.value(QUERIES, &select("policies")) == misses, "each miss is a query");
    let overall = page.sum("caracal_gateway_requests_total", &[]);
    ensure!(overall == lookups * 2.0 + 100.0, "{overall} requests");
    Ok(())
}

/// Names of agents come from clients. They can't fill the memory, and no record is lost.
pub(crate) async fn label_flood() -> Result<()> {
    const AGENTS: usize = 1_000;
    const LIMIT: usize = 50;
    const EVALUATIONS: &str = "caracal_policy_evaluations_total";
    const FAMILIES: [&str; 2] =
        ["caracal_gateway_requests_total", "caracal_gateway_route_requests_total"];
    let settings = Settings { series_per_family: LIMIT, ..Settings::default() };
    let scene = Scene::set(settings).await?;
    scene.client.expect_folded_agents();
    for n in 0..AGENTS {
        scene.client.act(&format!("nobody-{n}")).await?;
    }
    // No known agent is lost in the flood, and neither is an agent of the flood that returns.
    for _ in 0..5 {
        scene.client.act("nobody-0").await?;
        scene.client.act("nobody-999").await?;
    }
    let page = scene.recovered().await?;
    let denied = [("decision", "denied")];
    ensure!(page.sum(EVALUATIONS, &denied) == (AGENTS + 10) as f64, "{}", page.excerpt());
    let agent = |agent| page.value(EVALUATIONS, &[denied[0], ("agent_id", agent)]);
    ensure!(agent("nobody-0") == 6.0, "{}", agent("nobody-0"));
    ensure!(agent("nobody-999") == 0.0, "{}", agent("nobody-999"));
    let named = page.count(EVALUATIONS) - 1;
    ensure!(named <= LIMIT, "{named} agents have a series");
    let limited = page.value("caracal_metrics_series_limited_total", &[("metric", EVALUATIONS)]);
    let folded = agent("aggregated");
    ensure!(limited == folded, "{limited} records were counted as folded, {folded} were");
    ensure!(folded == (AGENTS + 10 - named - 5) as f64, "{folded} of {AGENTS}, {named} named");

    // Invented methods and paths add one series of each kind in total, not one for each value.
    let before = FAMILIES.map(|family| page.count(family));
    for n in 0..50 {
        let invented = format!("METHOD{n}");
        let status = scene.client.invent(invented.as_bytes(), &format!("/no/{n}")).await?;
        ensure!(status == StatusCode::NOT_FOUND, "{status}");
    }
    let page = scene.settled().await?;
    let of_both = FAMILIES.map(|family| page.count(family));
    ensure!(of_both == before.map(|count| count + 1), "{}", page.excerpt());
    scene.unharmed(&page)
}

/// Labels from clients can't break the page, and can't be hidden in it.
pub(crate) async fn hostile_agents() -> Result<()> {
    const EVALUATIONS: &str = "caracal_policy_evaluations_total";
    let scene = Scene::set(Settings::default()).await?;
    let agents = [("%22", "\""), ("%5C", "\\"), ("%0A", "\n"), ("a%22%7D%201", "a\"} 1")];
    for (sent, _) in agents {
        scene.client.act(sent).await?;
    }
    let page = scene.recovered().await?;
    let mut seen = BTreeSet::new();
    for (_, agent) in agents {
        let labels = [("decision", "denied"), ("agent_id", agent)];
        ensure!(page.value(EVALUATIONS, &labels) == 1.0, "{agent:?}:\n{}", page.excerpt());
        seen.insert(agent);
    }
    ensure!(page.count(EVALUATIONS) == seen.len(), "{}", page.excerpt());
    Ok(())
}
