//! The files of a shop in a real Prometheus.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use caracal_metrics::axum::MetricsEndpoint;
use caracal_metrics::monitoring::{Target, scrape_config};
use integration_tests::{Prometheus, Sample, dashboard_expressions, eventually, without_sample};

use crate::services::{JOB, Shop};

const ABSENT: &str = "ALERTS{alertname=\"ShopApiTargetAbsent\",alertstate=\"firing\"}";

/// A configuration with the shop's rules and, if the shop is to be scraped, with its scrape
/// configuration. Alerts do not wait for minutes.
fn configuration(folder: &Path, rules: &str, scrape_config: &str) -> Result<String> {
    let hurried = rules.lines().map(|line| match line.split_once("for: ") {
        Some((indent, _)) if indent.trim().is_empty() => format!("{indent}for: 2s\n"),
        _ => format!("{line}\n"),
    });
    let file = folder.join("rules.yml");
    fs::write(&file, hurried.collect::<String>())?;
    Ok(format!(
        "global: {{ scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s }}\n\
         rule_files: [rules.yml]\n{scrape_config}"
    ))
}

async fn prometheus_of(shop: &Shop) -> Result<Prometheus> {
    let (rules, scrape_config) = (shop.rules(), shop.scrape_config());
    Prometheus::configured(|folder| configuration(folder, &rules, &scrape_config)).await
}

pub(crate) async fn each_panel_of_a_shop_has_data() -> Result<()> {
    each_panel_has_data(Shop::with_gateway_names().await?).await
}

pub(crate) async fn each_panel_of_an_http_service_has_data() -> Result<()> {
    each_panel_has_data(Shop::with_http_names().await?).await
}

async fn each_panel_has_data(shop: Shop) -> Result<()> {
    shop.serve_customers().await?;
    let mut expressions = dashboard_expressions(&shop.dashboard())?;
    for own in ["orders_total", "revenue_euros_total", "basket_size_bytes", "stock_items"] {
        let any = expressions.iter().any(|expression| expression.promql.contains(own));
        ensure!(any, "{own} is in no panel: {expressions:#?}");
    }
    let prometheus = prometheus_of(&shop).await?;
    let deadline = Instant::now() + Duration::from_mins(1);
    while !expressions.is_empty() {
        shop.serve_customers().await?;
        expressions = without_sample(&prometheus, expressions, f64::is_finite).await?;
        ensure!(
            expressions.is_empty() || Instant::now() < deadline,
            "no data in a minute: {expressions:#?}"
        );
    }
    Ok(())
}

/// A healthy service with its own names triggers no alert. A service that has disappeared does.
pub(crate) async fn a_target_is_absent_once_it_is_gone() -> Result<()> {
    let shop = Shop::with_gateway_names().await?;
    let prometheus = prometheus_of(&shop).await?;
    let up = format!("up{{job=\"{JOB}\"}}");
    prometheus.wait_until(&up, |samples| samples.iter().any(|up| up.value == 1.0)).await?;
    // For longer than an alert waits: the number of evaluations of the rules.
    let evaluations = "count_over_time(job:shop_gateway_error_ratio:rate5m[1m])";
    let often = |samples: &[Sample]| samples.iter().any(|count| count.value >= 6.0);
    shop.serve_customers().await?;
    prometheus.wait_until(evaluations, often).await?;
    let alerts = prometheus.query("ALERTS").await?;
    ensure!(alerts.is_empty(), "a healthy shop triggered {alerts:?}");

    // The job has no targets any more, as if service discovery found none.
    let (rules, scrape_config) = (shop.rules(), shop.scrape_config());
    let nobody = scrape_config.replace(&format!("[\"{}\"]", shop.address), "[]");
    ensure!(nobody != scrape_config, "{scrape_config}");
    prometheus.reconfigure(|folder| configuration(folder, &rules, &nobody)).await?;
    let firing = prometheus.wait_until(ABSENT, |samples| !samples.is_empty()).await?;
    let alert = firing.first().context("it fires")?;
    ensure!(alert.labels.get("job").is_some_and(|job| job == JOB), "{alert:?}");

    prometheus.reconfigure(|folder| configuration(folder, &rules, &scrape_config)).await?;
    prometheus.wait_until(ABSENT, <[_]>::is_empty).await?;
    Ok(())
}

/// A Prometheus that is configured to scrape over TLS reports the cause: it receives a response in
/// plain HTTP. If the server sent a TLS alert instead, the message would not name the cause.
pub(crate) async fn tls_is_answered_readably() -> Result<()> {
    let shop = Shop::with_gateway_names().await?;
    let server = MetricsEndpoint::new(&shop.metrics).serve("127.0.0.1:0").await?;
    for address in [shop.address, server.local_addr()] {
        let over_tls = scrape_config(&Target::new(JOB, address.to_string())?.https(true));
        let prometheus =
            Prometheus::configured(|folder| configuration(folder, "groups: []", &over_tls)).await?;
        eventually("Prometheus says why it can't scrape", async || {
            let targets = prometheus.get("/api/v1/targets", &[]).await?;
            let error = targets["data"]["activeTargets"][0]["lastError"].to_string();
            Ok(error.contains("server gave HTTP response to HTTPS client"))
        })
        .await?;
    }
    server.shutdown().await?;
    Ok(())
}
