//! The dashboard and the rules of a service with native buckets, in a Prometheus that stores native histograms and in
//! one that does not.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use caracal_metrics::axum::{HttpMetricsLayer, metrics_endpoint};
use caracal_metrics::monitoring::{Target, dashboard, rules, scrape_config};
use caracal_metrics::{DurationHistogram, Family, MetricsRegistry, Resolution};
use integration_tests::{Prometheus, Sample, eventually};
use serde_json::Value;
use tokio::net::TcpListener;

const JOB: &str = "shop-api";
const TOOK: Duration = Duration::from_nanos(123_456_789);

/// A classic quantile of this can be anything between the bounds.
static PACKING: Family<DurationHistogram> =
    Family::duration_histogram("packing_seconds", "Packing.")
        .buckets(&[Duration::from_millis(1), Duration::from_secs(10)]);

pub(crate) async fn with_native_storage() -> Result<()> {
    let shop = Shop::start().await?;
    let prometheus = shop.prometheus(&["--enable-feature=native-histograms"]).await?;
    shop.check(&prometheus).await?;
    // The classic series do not exist, so the queries did not use them.
    for classic in ["http_server_request_duration_seconds_count", "packing_seconds_bucket"] {
        ensure!(prometheus.query(classic).await?.is_empty(), "{classic} is stored");
    }
    for (quantile, value) in shop.packing(&prometheus).await? {
        let is_close = (value / TOOK.as_secs_f64() - 1.0).abs() < 0.1;
        ensure!(is_close, "{quantile} is {value}");
    }
    Ok(())
}

pub(crate) async fn with_classic_storage() -> Result<()> {
    let shop = Shop::start().await?;
    let prometheus = shop.prometheus(&[]).await?;
    shop.check(&prometheus).await?;
    for native in ["http_server_request_duration_seconds", "packing_seconds"] {
        ensure!(prometheus.query(native).await?.is_empty(), "{native} is stored");
    }
    for (quantile, value) in shop.packing(&prometheus).await? {
        // The value exists, but is far from the observations.
        ensure!(value > 1.0 && value <= 10.0, "{quantile} is {value}");
    }
    Ok(())
}

struct Shop {
    metrics: MetricsRegistry,
    address: SocketAddr,
}

impl Shop {
    async fn start() -> Result<Self> {
        let metrics = MetricsRegistry::builder()
            .namespace("shop")
            .native_histograms(Resolution::default())
            .build()?;
        metrics.family(&PACKING)?;
        let app = Router::new()
            .route("/orders", get(async || "[]"))
            .route("/broken", get(async || StatusCode::INTERNAL_SERVER_ERROR))
            .layer(HttpMetricsLayer::new(&metrics))
            .route("/metrics", metrics_endpoint(&metrics));
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        tokio::spawn(async move { axum::serve(listener, app).await });
        let shop = Self { metrics, address };
        shop.serve_customers().await?;
        Ok(shop)
    }

    /// Sends requests, of which one in four fails.
    async fn serve_customers(&self) -> Result<()> {
        for path in ["orders", "orders", "orders", "broken"] {
            reqwest::get(format!("http://{}/{path}", self.address)).await?.bytes().await?;
        }
        self.metrics.family(&PACKING)?.observe(TOOK);
        Ok(())
    }

    fn target(&self) -> Result<Target> {
        Ok(Target::new(JOB, self.address.to_string())?)
    }

    async fn prometheus(&self, flags: &[&str]) -> Result<Prometheus> {
        let target = self.target()?;
        let (rules, scrape) = (rules(&self.metrics, &target), scrape_config(&target));
        let configuration = |folder: &Path| -> Result<String> {
            let file = folder.join("rules.yml");
            fs::write(&file, &rules)?;
            let often =
                "global: { scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s }";
            Ok(format!("{often}\nrule_files: [{:?}]\n{scrape}", file.display().to_string()))
        };
        Prometheus::configured_with_flags(configuration, flags).await
    }

    /// Sends requests until Prometheus returns the expected answer.
    async fn wait(
        &self,
        prometheus: &Prometheus,
        query: &str,
        wanted: impl Fn(&[Sample]) -> bool,
    ) -> Result<()> {
        eventually(&format!("{query} is as it should be"), async || {
            self.serve_customers().await?;
            Ok(wanted(&prometheus.query(query).await?))
        })
        .await
    }

    /// Checks that the rules have recorded the requests, and that each panel has data.
    async fn check(&self, prometheus: &Prometheus) -> Result<()> {
        let ratio = "job:http_server_error_ratio:rate5m";
        let is_quarter =
            |samples: &[Sample]| samples.iter().any(|sample| (sample.value - 0.25).abs() < 0.1);
        self.wait(prometheus, ratio, is_quarter).await?;
        let p95 = "job:http_server_request_duration_seconds:p95_rate5m";
        let is_time = |samples: &[Sample]| samples.iter().any(|p95| p95.value > 0.0);
        self.wait(prometheus, p95, is_time).await?;
        let burning = "ALERTS{alertname=\"ShopApiErrorBudgetBurn1h\"}";
        self.wait(prometheus, burning, |alerts| !alerts.is_empty()).await?;

        let mut histograms = 0;
        for (panel, expression) in self.expressions()? {
            let is_histogram =
                expression.contains("_request_duration_seconds") || expression.contains("packing_");
            if !is_histogram {
                continue;
            }
            histograms += 1;
            // The answer contains a histogram if it is native, and buckets otherwise.
            let is_heatmap = expression.contains("increase(");
            let expression = if is_heatmap { format!("count({expression})") } else { expression };
            let has_data = |samples: &[Sample]| {
                !samples.is_empty() && samples.iter().all(|s| !s.value.is_nan())
            };
            self.wait(prometheus, &expression, has_data).await.with_context(|| panel.clone())?;
        }
        ensure!(histograms >= 12, "{histograms} queries of histograms");
        Ok(())
    }

    /// Returns the quantiles that the panel of the family shows.
    async fn packing(&self, prometheus: &Prometheus) -> Result<Vec<(String, f64)>> {
        let mut quantiles = Vec::new();
        for (panel, expression) in self.expressions()? {
            if panel == "packing_seconds" {
                let samples = prometheus.query(&expression).await?;
                let [sample] = &samples[..] else {
                    bail!("{expression}: {samples:?}");
                };
                quantiles.push((expression, sample.value));
            }
        }
        ensure!(quantiles.len() == 3, "{quantiles:?}");
        Ok(quantiles)
    }

    /// Returns the titles of the panels and their queries, as Grafana sends them.
    fn expressions(&self) -> Result<Vec<(String, String)>> {
        let dashboard: Value = serde_json::from_str(&dashboard(&self.metrics, &self.target()?))?;
        let mut expressions = Vec::new();
        for panel in dashboard["panels"].as_array().context("panels")? {
            for target in panel["targets"].as_array().into_iter().flatten() {
                let expression = target["expr"].as_str().context("an expression")?;
                let expression = expression.replace("$__rate_interval", "1m").replace("$job", JOB);
                let title = panel["title"].as_str().context("a title")?;
                expressions.push((title.to_owned(), expression));
            }
        }
        Ok(expressions)
    }
}
