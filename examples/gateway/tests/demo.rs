//! The demo without a user: within seconds, the page shows all metrics.

mod support;

use std::time::Duration;

use caracal_metrics::catalogue;
use gateway::Config;
use support::Running;
use tokio::time::{Instant, interval, timeout};

fn families_without_samples(page: &str) -> Vec<String> {
    let sampled = |name: &str| {
        let mut lines = page.lines().filter_map(|line| line.strip_prefix(name));
        // The name may be followed by labels, a value, or the suffix of a histogram.
        lines.any(|rest| rest.starts_with(['{', ' ']) || rest.starts_with("_count"))
    };
    let classic = catalogue::families().map(|family| family.exposed_name("caracal"));
    classic.filter(|name| !sampled(name)).collect()
}

fn total(page: &str, name: &str) -> f64 {
    page.lines()
        .filter(|line| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(['{', ' '])))
        .filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok())
        .sum()
}

/// Reads the page until nothing is missing from it.
async fn page_without(
    gateway: &Running,
    patience: Duration,
    missing: impl Fn(&str) -> Vec<String>,
) {
    let deadline = Instant::now() + patience;
    let mut ticks = interval(Duration::from_millis(100));
    loop {
        ticks.tick().await;
        let page = gateway.get("/metrics").await.body;
        let missing = missing(&page);
        if missing.is_empty() {
            return;
        }
        assert!(Instant::now() < deadline, "missing after {patience:?}: {missing:?}");
    }
}

#[tokio::test]
async fn every_classic_family_has_samples_within_ten_seconds_and_the_important_ones_grow() {
    let config = Config { no_traffic: false, ..support::quiet_config() };
    let gateway = Running::with(&config).await;
    assert_eq!(catalogue::families().count(), 22);
    page_without(&gateway, Duration::from_secs(10), families_without_samples).await;

    let growing = [
        catalogue::GATEWAY_REQUESTS.spec(),
        catalogue::GATEWAY_AUTH_FAILURES.spec(),
        catalogue::GATEWAY_REPLAY_BLOCKS.spec(),
        catalogue::GATEWAY_DEGRADED_MODE_REQUESTS.spec(),
        catalogue::POLICY_EVALUATIONS.spec(),
        catalogue::POLICY_CACHE_HITS.spec(),
        catalogue::POLICY_CACHE_MISSES.spec(),
        catalogue::POLICY_CACHE_EVICTIONS.spec(),
        catalogue::DATABASE_QUERIES.spec(),
        catalogue::DATABASE_CONNECTION_POOL_SIZE.spec(),
        catalogue::CIRCUIT_BREAKER_FAILURES.spec(),
        catalogue::CIRCUIT_BREAKER_SUCCESSES.spec(),
        catalogue::CIRCUIT_BREAKER_STATE_CHANGES.spec(),
    ]
    .map(|family| family.exposed_name("caracal"));
    let resting = |page: &str| {
        let names = growing.iter().filter(|name| total(page, name) < 1.0);
        names.cloned().collect()
    };
    page_without(&gateway, Duration::from_mins(1), resting).await;
    timeout(support::PATIENCE, gateway.gateway.stop()).await.expect("it stops").expect("cleanly");
}
