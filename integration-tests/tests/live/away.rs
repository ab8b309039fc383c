//! A service that goes away, and comes back as another process.

use anyhow::{Result, ensure};
use integration_tests::{Browser, Gateway, eventually};

use crate::view::{is_live, open, tile};

pub(crate) async fn away_and_back() -> Result<()> {
    let mut gateway = Gateway::start(&["--outage-interval", "0"]).await?;
    Browser::run(async |browser| {
        let url = gateway.server().url("/");
        open(browser, &url).await?;
        let has_rate = async || Ok(tile(browser, "Requests").await?.ends_with("/s"));
        eventually("the rate is there", has_rate).await?;
        gateway.kill();
        eventually("the page says so", async || {
            let status = browser.text("#status.away").await?;
            Ok(status.is_some_and(|text| text.starts_with("Not reachable since ")))
        })
        .await?;
        // What was read stays.
        ensure!(has_rate().await?, "the last numbers are gone");
        gateway.start_again().await?;
        is_live(browser).await?;
        eventually("the restart is marked", async || {
            let status = browser.text("#status.live").await?;
            Ok(status.is_some_and(|text| text.contains("restarted at")))
        })
        .await?;
        let negative =
            "return [...document.querySelectorAll('.tile b, .legend b, .now, td.number')]
            .map((one) => one.textContent).filter((text) => /^[-−]\\d/.test(text))";
        let negative = browser.script(negative, &[]).await?;
        ensure!(negative == serde_json::json!([]), "negative rates: {negative}");
        // Requests that failed while it was away are in the console; nothing else may be.
        let complaints = browser.complaints().await?;
        let other: Vec<_> = complaints.iter().filter(|line| !line.contains("net::ERR_")).collect();
        ensure!(other.is_empty(), "{other:#?}");
        // A tab that nobody looks at asks nothing.
        browser
            .script(
                "Object.defineProperty(document, 'hidden', { configurable: true, get: () => true });
                 document.dispatchEvent(new Event('visibilitychange'))",
                &[],
            )
            .await?;
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        browser.requests().await?;
        tokio::time::sleep(std::time::Duration::from_secs(3)).await;
        let asked = browser.requests().await?;
        ensure!(asked.is_empty(), "asked while hidden: {asked:?}");
        browser
            .script(
                "delete document.hidden; document.dispatchEvent(new Event('visibilitychange'))",
                &[],
            )
            .await?;
        eventually("it goes on", async || Ok(!browser.requests().await?.is_empty())).await
    })
    .await
}
