//! Services other than the gateway, with hostile text and their own names.

use anyhow::{Result, ensure};
use axum::Router;
use axum::routing::get;
use caracal_metrics::axum::{HttpMetricsLayer, live_page};
use caracal_metrics::{Counter, Family, MetricsRegistry, labels};
use integration_tests::{Browser, eventually};
use serde_json::json;

use crate::view::{go, holds, open, panel, series, serve, tile};

const ATTACK: &str = "<img src=x onerror=\"window.pwned=1\"><script>window.pwned=1</script>";

labels! { struct Caller<'a> { caller: &'a str } }

static CALLS: Family<Counter, Caller<'_>> =
    Family::counter("calls_total", "<script>window.pwned=1</script> Calls.");

pub(crate) async fn hostile_text_is_text() -> Result<()> {
    let metrics = MetricsRegistry::builder().namespace("shop").build()?;
    let calls = metrics.family(&CALLS)?;
    let turned = "before \u{202e}after";
    let long = "x".repeat(10_000);
    for caller in [ATTACK, turned, &long, "'\"&amp;\u{7}"] {
        calls.inc(Caller { caller });
    }
    let app = Router::new()
        .route("/{evil}/<img src=x onerror=window.pwned=1>", get(|| async { "" }))
        .layer(HttpMetricsLayer::new(&metrics))
        .nest("/live", live_page(&metrics));
    let origin = serve(app).await?;
    reqwest::get(format!("{origin}/a/%3Cimg%20src=x%20onerror=window.pwned=1%3E")).await?;
    Browser::run(async |browser| {
        // The page is in a folder, and its address has no slash at the end.
        open(browser, &format!("{origin}/live")).await?;
        go(browser, "/cardinality").await?;
        browser
            .script("document.querySelectorAll('details').forEach((d) => { d.open = true })", &[])
            .await?;
        let shown = series(browser, "calls_total").await?;
        ensure!(shown.iter().any(|row| row[0] == ATTACK), "{shown:?}");
        ensure!(shown.iter().any(|row| row[0] == "before \\u202eafter"), "{shown:?}");
        ensure!(shown.iter().any(|row| row[0] == "'\"&amp;\\u0007"), "{shown:?}");
        go(browser, &format!("/metrics/{ATTACK}")).await?;
        go(browser, "/files").await?;
        eventually("the job can be typed", async || Ok(browser.text("#file-job").await?.is_some()))
            .await?;
        let typed = "const job = document.querySelector('#file-job');
            job.value = arguments[0]; job.dispatchEvent(new Event('input'));";
        browser.script(typed, &[json!(ATTACK)]).await?;
        for view in ["/metrics", "/overview"] {
            go(browser, view).await?;
            eventually("the view is there", async || {
                Ok(browser.text("main .view").await?.is_some())
            })
            .await?;
        }
        ensure!(holds(browser, "return window.pwned === undefined").await?, "a script ran");
        ensure!(holds(browser, "return !document.querySelector('main img, main script')").await?);
        browser.ensure_clean(&origin).await
    })
    .await
}

/// A service with the HTTP semantic conventions and its own namespace, with a layer, a family of its own, and
/// a series limit that was reached.
pub(crate) async fn names_of_its_own() -> Result<()> {
    let metrics = MetricsRegistry::builder().namespace("shop").max_series_per_family(2).build()?;
    let calls = metrics.family(&CALLS)?;
    for number in 0..5 {
        calls.inc(Caller { caller: &format!("caller-{number}") });
    }
    let app = Router::new()
        .route("/orders", get(|| async { "[]" }))
        .layer(HttpMetricsLayer::new(&metrics))
        .merge(live_page(&metrics));
    let origin = serve(app).await?;
    for _ in 0..7 {
        reqwest::get(format!("{origin}/orders")).await?;
    }
    Browser::run(async |browser| {
        open(browser, &origin).await?;
        eventually("its requests are there", async || {
            Ok(panel(browser, "Busiest routes").await?.1.contains("/orders"))
        })
        .await?;
        ensure!(!tile(browser, "In flight").await?.is_empty());
        let text = browser.text("body").await?.unwrap_or_default();
        ensure!(text.contains("shop") && !text.to_lowercase().contains("caracal"), "{text}");
        go(browser, "/cardinality").await?;
        eventually("what was merged is told", async || {
            let text = browser.text("main").await?.unwrap_or_default();
            Ok(text.contains("3 updates were merged") && text.contains("100% of 2"))
        })
        .await?;
        browser.ensure_clean(&origin).await
    })
    .await
}
