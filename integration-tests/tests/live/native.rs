//! Quantiles and the heatmap of native buckets.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use caracal_metrics::axum::live_page;
use caracal_metrics::{DurationHistogram, Family, MetricsRegistry, Resolution};
use integration_tests::{Browser, Scheme, eventually};
use thirtyfour::Key;

use crate::view::{go, open, serve};

/// All observations are in one classic bucket, so the classic buckets can't show any quantile.
static TOOK: Family<DurationHistogram> =
    Family::duration_histogram("took_seconds", "Took.").buckets(&[Duration::from_secs(1)]);

/// The ratio of two neighbouring bounds: 2^(1/2^5).
const SCHEMA: u8 = 5;

/// Durations from 1 to 100 milliseconds. Most of them are short.
fn observations() -> impl Iterator<Item = Duration> {
    (1..=1000_u64).map(|n| Duration::from_micros(1_000 + n * n * 99 / 1_000))
}

/// Returns the value that this part of the observations does not exceed.
fn exact(quantile: f64) -> f64 {
    let mut all: Vec<_> = observations().map(|took| took.as_secs_f64()).collect();
    all.sort_by(f64::total_cmp);
    #[expect(clippy::cast_sign_loss, reason = "a place in a list")]
    let place = (quantile * all.len() as f64).ceil() as usize - 1;
    all[place]
}

/// Parses a duration as the page writes it, and returns its seconds.
fn seconds(text: &str) -> Result<f64> {
    let (number, unit) = text.split_once(' ').context("a number and its unit")?;
    let unit = match unit.trim() {
        "s" => 1.0,
        "ms" => 1e-3,
        "µs" => 1e-6,
        other => bail!("the unit {other}"),
    };
    Ok(number.parse::<f64>()? * unit)
}

pub(crate) async fn quantiles() -> Result<()> {
    let metrics =
        MetricsRegistry::builder().native_histograms(Resolution::schema(SCHEMA)).build()?;
    let took = metrics.family(&TOOK)?;
    // The service makes the same observations before each document, so the observations between any two
    // documents are the same.
    let observe = from_fn(move |request: Request, next: Next| {
        if request.uri().path() == "/live.json" {
            observations().for_each(|duration| took.observe(duration));
        }
        next.run(request)
    });
    let origin = serve(Router::new().merge(live_page(&metrics)).layer(observe)).await?;
    Browser::run(async |browser| {
        // The window is so high that the whole list is in view.
        browser.look(1280, 3000, Scheme::Light).await?;
        open(browser, &origin).await?;
        go(browser, "/metrics").await?;
        eventually("the list has the quantile", async || {
            let list = browser.text(".families .rows").await?.unwrap_or_default();
            Ok(list.contains("p95 "))
        })
        .await?;
        go(browser, "/metrics/took_seconds").await?;
        let legend = "return [...document.querySelectorAll('.panel .legend .entry')]
            .map((entry) => [entry.querySelector('bdi').textContent, entry.querySelector('b').textContent])";
        let mut shown = Vec::new();
        eventually("the quantiles are there", async || {
            shown = serde_json::from_value(browser.script(legend, &[]).await?)?;
            Ok(shown.len() == 3 && shown.iter().all(|(_, value): &(String, String)| value != "–"))
        })
        .await?;
        // The tolerance is the width of a bucket, and the rounding to three digits.
        let error = 2_f64.powf(2_f64.powi(-i32::from(SCHEMA))) - 1.0 + 0.005;
        for ((name, value), quantile) in shown.iter().zip([0.5, 0.95, 0.99]) {
            let (value, exact) = (seconds(value)?, exact(quantile));
            let is_close = (value / exact - 1.0).abs() <= error;
            ensure!(is_close, "{name} is {value}, not {exact}");
        }
        // The keyboard shows the rows of the heatmap. They are much narrower than the classic bucket.
        browser.script("document.querySelectorAll('.panel .chart')[1].focus()", &[]).await?;
        browser.press(Key::Left).await?;
        let mut readout = String::new();
        eventually("the heatmap is read out", async || {
            readout = browser.text(".panel .readout:not([hidden])").await?.unwrap_or_default();
            Ok(readout.contains(" to "))
        })
        .await?;
        let rows: Vec<_> = readout.lines().filter_map(|line| line.split_once(" to ")).collect();
        ensure!(rows.len() == 10, "{readout}");
        for (low, rest) in rows {
            let high: Vec<_> = rest.split(' ').take(2).collect();
            let width = seconds(&high.join(" "))? / seconds(low)?;
            ensure!(width < 1.5, "a row from {low} to {high:?}");
        }
        // There is one query for native histograms, and one for classic buckets.
        let query = browser.text(".query code").await?.unwrap_or_default();
        ensure!(query == "histogram_quantile(0.95, sum(rate(took_seconds[1m])))", "{query}");
        let text = browser.text("main").await?.unwrap_or_default();
        ensure!(text.contains("sum by (le) (rate(took_seconds_bucket[1m]))"), "{text}");
        browser.ensure_clean(&origin).await
    })
    .await
}
