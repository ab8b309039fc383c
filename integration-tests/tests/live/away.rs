//! A service that becomes unreachable, and is restarted as another process.

use anyhow::{Result, ensure};
use integration_tests::{Browser, Gateway, eventually};

use crate::view::{holds, is_live, open, tile};

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
        // The readings so far are kept.
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
        // The console may contain the requests that failed while the service was unreachable, and nothing
        // else.
        let complaints = browser.complaints().await?;
        let other: Vec<_> = complaints.iter().filter(|line| !line.contains("net::ERR_")).collect();
        ensure!(other.is_empty(), "{other:#?}");
        Ok(())
    })
    .await
}

/// Tracks the pending work of the page: timers that have not run, and requests without an answer.
const FOLLOW: &str = "
    const due = window.due = new Set();
    const { setTimeout: set, clearTimeout: clear, setInterval: every, fetch: ask } = window;
    window.setTimeout = (work, ...rest) => {
        const timer = set(() => {
            due.delete(timer);
            work();
        }, ...rest);
        due.add(timer);
        return timer;
    };
    window.clearTimeout = (timer) => {
        due.delete(timer);
        clear(timer);
    };
    window.setInterval = (...work) => {
        due.add(Symbol());
        return every(...work);
    };
    // The next work of the page begins before a script of the test can run.
    const follow = (work) => {
        due.add(work);
        return work.finally(() => due.delete(work));
    };
    window.fetch = async (...request) => {
        window.asked = (window.asked ?? 0) + 1;
        const answer = await follow(ask(...request));
        const json = answer.json.bind(answer);
        answer.json = () => follow(json());
        return answer;
    };";

/// A hidden tab sends no requests: once it is hidden, no work that could send one is pending.
pub(crate) async fn hidden() -> Result<()> {
    let gateway = Gateway::start(&["--outage-interval", "0"]).await?;
    Browser::run(async |browser| {
        open(browser, &gateway.server().url("/")).await?;
        browser.script(FOLLOW, &[]).await?;
        let asked = async || {
            let asked = browser.script("return window.asked ?? 0", &[]).await?;
            anyhow::Ok(asked.as_u64())
        };
        // Work from before is done, and all new work is tracked.
        eventually("it reads", async || Ok(asked().await? > Some(1))).await?;
        let has_work = "return window.due.size > 0";
        ensure!(holds(browser, has_work).await?, "the page is at rest while it is looked at");
        browser
            .script(
                "Object.defineProperty(document, 'hidden', { configurable: true, get: () => true });
                 document.dispatchEvent(new Event('visibilitychange'))",
                &[],
            )
            .await?;
        eventually("the page is at rest", async || Ok(!holds(browser, has_work).await?)).await?;
        let before = asked().await?;
        browser
            .script(
                "delete document.hidden; document.dispatchEvent(new Event('visibilitychange'))",
                &[],
            )
            .await?;
        eventually("it goes on", async || Ok(asked().await? > before)).await
    })
    .await
}
