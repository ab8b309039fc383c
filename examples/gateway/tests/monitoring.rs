//! `monitoring/` contains the files that the gateway itself generates: its dashboard, its rules and its
//! scrape configuration.
//!
//! After a change, run `cargo xtask docs` to write the files again.

mod support;

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use caracal_metrics::monitoring::{Target, dashboard, rules, scrape_config};
use support::Running;

/// The job and the port of `monitoring/prometheus.yml`.
fn target() -> Target {
    Target::new("caracal-gateway", "localhost:8443").unwrap()
}

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../monitoring").join(name)
}

// Like the running gateway. A current-thread runtime has no workers that could stall.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_files_are_what_the_gateway_generates() {
    // No request has arrived yet. The files must not depend on what has happened.
    let running = Running::quiet().await;
    let metrics = running.gateway.metrics();
    for (name, now) in [
        ("grafana/caracal.json", dashboard(metrics, &target())),
        ("rules.yml", rules(metrics, &target())),
    ] {
        let file = file(name);
        if env::var_os("CARACAL_REWRITE").is_some() && env::var_os("CI").is_none() {
            fs::write(file, now).unwrap();
        } else {
            let before = fs::read_to_string(&file).unwrap_or_default();
            assert!(before == now, "monitoring/{name} is stale: run `cargo xtask docs`");
        }
    }
}

#[test]
fn prometheus_scrapes_the_gateway_as_it_says() {
    let configuration = fs::read_to_string(file("prometheus.yml")).unwrap();
    // Without its comments.
    let lines = configuration.lines().filter(|line| !line.trim_start().starts_with('#'));
    let configuration = lines.collect::<Vec<_>>().join("\n") + "\n";
    assert!(configuration.ends_with(&scrape_config(&target())), "{configuration}");
}
