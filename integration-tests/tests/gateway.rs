//! The demo gateway as a user sees it: started from its binary, read through its page, and stored by a
//! real Prometheus.

use std::collections::{BTreeMap, BTreeSet};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use caracal_metrics_core::{FamilySpec, catalogue};
use integration_tests::{Gateway, Needs, Prometheus, promtool_check, run, test};

fn main() -> ExitCode {
    run(vec![
        test("every_family_moves_by_itself", &[], every_family_moves_by_itself),
        test("an_exhausted_pool_shows", &[], an_exhausted_pool_shows),
        test("without_traffic_nothing_moves", &[], without_traffic_nothing_moves),
        test("promtool_finds_nothing", &[Needs::Prometheus], promtool_finds_nothing),
        test(
            "prometheus_stores_every_family",
            &[Needs::Prometheus],
            prometheus_stores_every_family,
        ),
    ])
}

fn classic() -> impl Iterator<Item = (String, &'static FamilySpec)> {
    catalogue::families().map(|family| (family.exposed_name("caracal"), family))
}

/// The samples of a page, by family, according to the text of the page.
fn samples(page: &str) -> BTreeMap<String, Vec<(String, f64)>> {
    let mut families = BTreeMap::new();
    let mut family = String::new();
    for line in page.lines() {
        if let Some(header) = line.strip_prefix("# TYPE ") {
            header.split(' ').next().unwrap_or_default().clone_into(&mut family);
            families.insert(family.clone(), Vec::new());
        } else if let Some((series, value)) =
            line.rsplit_once(' ').filter(|_| !line.starts_with('#'))
        {
            let value = value.parse().unwrap_or(f64::NAN);
            families.entry(family.clone()).or_default().push((series.to_owned(), value));
        }
    }
    families
}

async fn page(gateway: &Gateway) -> Result<String> {
    Ok(reqwest::get(gateway.server().url("/metrics")).await?.error_for_status()?.text().await?)
}

fn total(page: &str, family: &str) -> f64 {
    samples(page).get(family).map_or(0.0, |samples| samples.iter().map(|(_, value)| value).sum())
}

/// Reads pages until one is as expected.
async fn wait_for(gateway: &Gateway, what: &str, wanted: impl Fn(&str) -> bool) -> Result<String> {
    let deadline = Instant::now() + Duration::from_mins(1);
    loop {
        let page = page(gateway).await?;
        if wanted(&page) {
            return Ok(page);
        }
        if Instant::now() > deadline {
            bail!("no {what} within a minute:\n{page}");
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// The classic families that have no sample, and the counters that have never changed.
fn without_samples(page: &str) -> Vec<String> {
    let samples = samples(page);
    let names = classic().map(|(name, _)| name);
    names.filter(|name| samples.get(name).is_none_or(Vec::is_empty)).collect()
}

async fn every_family_moves_by_itself() -> Result<()> {
    let gateway = Gateway::start(&[]).await?;
    let first = wait_for(&gateway, "page with samples of every family", |page| {
        without_samples(page).is_empty()
    })
    .await?;
    for family in [
        "caracal_gateway_requests_total",
        "caracal_policy_evaluations_total",
        "caracal_database_queries_total",
        "caracal_policy_cache_hits_total",
        "caracal_policy_cache_misses_total",
    ] {
        let before = total(&first, family);
        wait_for(&gateway, family, |page| total(page, family) > before).await?;
    }
    // The gateway makes its database fail from time to time.
    for family in [
        "caracal_gateway_auth_failures_total",
        "caracal_gateway_replay_blocks_total",
        "caracal_gateway_degraded_mode_requests_total",
        "caracal_circuit_breaker_failures_total",
        "caracal_circuit_breaker_successes_total",
        "caracal_circuit_breaker_state_changes_total",
        "caracal_database_connection_pool_size",
    ] {
        wait_for(&gateway, family, |page| total(page, family) > 0.0).await?;
    }
    wait_for(&gateway, "open breaker", |page| total(page, "caracal_circuit_breaker_state") == 1.0)
        .await?;
    wait_for(&gateway, "closed breaker", |page| {
        total(page, "caracal_circuit_breaker_state") == 0.0
    })
    .await?;
    Ok(())
}

/// Facts that only a wrapped pool knows: how many callers wait, for how long, and how many timed out.
async fn an_exhausted_pool_shows() -> Result<()> {
    let gateway = Gateway::start(&["--outage-interval", "8"]).await?;
    let pool = |name: &str| format!("caracal_database_connection_pool_{name}");
    for family in ["pending", "acquire_timeouts_total"].map(pool) {
        wait_for(&gateway, &family, |page| total(page, &family) > 0.0).await?;
    }
    for family in ["acquire_duration_seconds", "hold_duration_seconds"].map(pool) {
        let samples = samples(&page(&gateway).await?);
        let count = samples.get(&family).into_iter().flatten();
        let count = count.filter(|(series, _)| *series == format!("{family}_count"));
        ensure!(count.map(|(_, value)| value).sum::<f64>() > 0.0, "{family}: {samples:?}");
    }
    // While the tables are locked, both reading and writing fail.
    for table in ["policies", "ledger"] {
        wait_for(&gateway, table, |page| {
            let failed = format!("table=\"{table}\",status=\"error\"");
            let queries = samples(page);
            let mut queries = queries.get("caracal_database_queries_total").into_iter().flatten();
            queries.any(|(series, value)| series.contains(&failed) && *value > 0.0)
        })
        .await?;
    }
    Ok(())
}

async fn without_traffic_nothing_moves() -> Result<()> {
    let gateway = Gateway::start(&["--no-traffic"]).await?;
    let page = page(&gateway).await?;
    let exposed: BTreeSet<_> = samples(&page).into_keys().collect();
    for (name, _) in classic() {
        ensure!(exposed.contains(name.as_str()), "{name} is missing");
    }
    ensure!(total(&page, "caracal_policy_evaluations_total") == 0.0, "{page}");
    Ok(())
}

async fn promtool_finds_nothing() -> Result<()> {
    let gateway = Gateway::start(&[]).await?;
    let page = wait_for(&gateway, "page with samples of every family", |page| {
        without_samples(page).is_empty()
    })
    .await?;
    let report = promtool_check(&page)?;
    ensure!(report.code == 0 && report.output.is_empty(), "{report:?}");
    Ok(())
}

async fn prometheus_stores_every_family() -> Result<()> {
    let gateway = Gateway::start(&[]).await?;
    let prometheus = Prometheus::scraping(gateway.server().address()).await?;
    for (name, family) in classic() {
        let suffixes: &[&str] = match family.kind.as_str() {
            "histogram" => &["_bucket", "_sum", "_count"],
            _ => &[""],
        };
        for suffix in suffixes {
            let name = format!("{name}{suffix}");
            prometheus.wait_until(&name, |samples| !samples.is_empty()).await?;
        }
    }
    // As stored by Prometheus: the target is up, and no scrape was rejected.
    let up = prometheus.query("min_over_time(up[1m])").await?;
    ensure!(up.len() == 1 && up[0].value == 1.0, "{up:?}");
    let grown = prometheus
        .wait_until("sum(increase(caracal_gateway_requests_total[30s])) > 0", |s| !s.is_empty())
        .await?;
    ensure!(grown.len() == 1, "{grown:?}");
    Ok(())
}
