//! Hostile clients at the endpoint and at the metrics server, and a Prometheus that must not miss a
//! scrape. `CARACAL_SOAK_SECONDS` sets the duration (20 by default). `cargo xtask soak` runs for five
//! minutes.

mod hostile;

use std::env;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use integration_tests::{Needs, Prometheus, Sample, SoakedService, eventually, run, test};
use serde_json::json;
use tokio::time::{Instant, sleep};

use crate::hostile::Hostile;

const SECONDS: &str = "CARACAL_SOAK_SECONDS";

/// Far more than a page of a mebibyte for each concurrent scrape (40 in the application, 32 at the
/// metrics server), and far less than they would use without limits.
const MOST_MEMORY: f64 = 300.0 * 1024.0 * 1024.0;

fn main() -> ExitCode {
    run(vec![test("no_scrape_is_missed", &[Needs::Prometheus], no_scrape_is_missed)])
}

async fn no_scrape_is_missed() -> Result<()> {
    let seconds = env::var(SECONDS).ok().map_or(Ok(20), |seconds| seconds.parse::<u64>());
    let seconds = seconds.with_context(|| format!("{SECONDS} is not a number of seconds"))?;
    let service = SoakedService::start().await?;
    // This service has no hostile clients. It misses a scrape only if the machine is too slow for the
    // test to be meaningful.
    let spared = SoakedService::start().await?;
    let targets = [service.application(), service.metrics(), spared.metrics()];
    let prometheus = Prometheus::configured(|_| configuration(targets)).await?;
    prometheus.wait_until("up == 1", |up| up.len() == targets.len()).await?;

    let begin = Instant::now();
    let hostile = Hostile::begin(service.application(), service.metrics());
    sleep(Duration::from_secs(seconds)).await;
    // The time in which the clients were there, and nothing before.
    let window = format!("[{}s]", begin.elapsed().as_secs());
    let value = async |expression: &str| {
        let expression = expression.replace("[]", &window);
        let samples = prometheus.query(&expression).await?;
        eprintln!("{expression}: {:?}", values(&samples));
        Ok::<_, anyhow::Error>(samples)
    };
    value("max_over_time(scrape_duration_seconds[])").await?;
    let up = value("min_over_time(up[])").await?;
    let scrapes = value("count_over_time(up[])").await?;
    ensure!(scrapes.len() == targets.len(), "{scrapes:?}");
    // One scrape may be due at each end of the window.
    let missed = |sample: &&Sample| sample.value < seconds as f64 - 1.0;
    let missed: Vec<_> =
        up.iter().filter(|up| up.value < 1.0).chain(scrapes.iter().filter(missed)).collect();
    let spared = spared.metrics().to_string();
    ensure!(
        missed.iter().all(|sample| sample.labels["instance"] != spared),
        "this machine is too slow: scrapes of a service that is left alone were missed, too: {missed:?}"
    );
    ensure!(missed.is_empty(), "scrapes were missed: {missed:?}");
    let files = value("max_over_time(process_open_fds[])").await?;
    let most = hostile.most_connections() as f64;
    // Files other than connections: those of the runtime, the listeners, and connections that are
    // closing.
    ensure!(files.iter().all(|files| files.value < most + 100.0), "{files:?}");
    let memory = value("max_over_time(process_resident_memory_bytes[])").await?;
    ensure!(memory.iter().all(|memory| memory.value < MOST_MEMORY), "{memory:?}");

    // The clients had the intended effect.
    for family in [
        "caracal_metrics_scrapes_given_up_total",
        "caracal_metrics_server_connections_closed_total",
    ] {
        let given_up = value(&format!("sum(increase({family}[]))")).await?;
        ensure!(given_up.iter().any(|sample| sample.value > 0.0), "{family} did not grow");
    }
    drop(hostile);
    // Only the scrape that reads the page remains.
    eventually("only the scrape that reads the page is in flight", async || {
        let page = reqwest::get(format!("http://{}/metrics", service.metrics())).await?;
        let page = page.error_for_status()?.text().await?;
        Ok(page.contains("\ncaracal_metrics_scrapes_in_flight 1\n"))
    })
    .await
}

fn values(samples: &[Sample]) -> Vec<f64> {
    samples.iter().map(|sample| sample.value).collect()
}

/// JSON, which is also YAML.
fn configuration(targets: [SocketAddr; 3]) -> Result<String> {
    Ok(serde_json::to_string(&json!({
        "global": { "scrape_interval": "1s", "scrape_timeout": "1s" },
        "scrape_configs": [
            { "job_name": "test", "static_configs": [{ "targets": targets.map(|t| t.to_string()) }] },
        ],
    }))?)
}
