//! Takes pictures of the page, and saves them in `target/live-page`. With `CARACAL_REWRITE=1`, the test also
//! writes the picture of the README.

use std::{env, fs};

use anyhow::{Result, ensure};
use integration_tests::{Browser, Gateway, Scheme, eventually};
use serde_json::Value;

use crate::view::{go, open, panel};

const README: &str = "overview-light";

pub(crate) async fn screenshots() -> Result<()> {
    let gateway = Gateway::start(&["--outage-interval", "12"]).await?;
    Browser::run(async |browser| {
        browser.look(1280, 900, Scheme::Light).await?;
        open(browser, &gateway.server().url("/")).await?;
        eventually("an outage is on the page", async || {
            Ok(panel(browser, "database").await?.1.contains("half_open → closed"))
        })
        .await?;
        for (name, width, height, scheme, view) in [
            ("overview-dark", 1280, 900, Scheme::Dark, "/overview"),
            ("overview-whole", 1280, 2000, Scheme::Light, "/overview"),
            ("overview-narrow", 380, 2600, Scheme::Light, "/overview"),
            ("overview-narrow-dark", 380, 800, Scheme::Dark, "/overview"),
            ("overview-4k", 3840, 2160, Scheme::Dark, "/overview"),
            ("metrics-light", 1280, 900, Scheme::Light, "/metrics"),
            ("metrics-narrow", 380, 800, Scheme::Light, "/metrics"),
            ("cardinality-dark", 1280, 900, Scheme::Dark, "/cardinality"),
            ("files-light", 1280, 900, Scheme::Light, "/files"),
            (
                "metric-light",
                1280,
                900,
                Scheme::Light,
                "/metrics/caracal_gateway_request_duration_seconds",
            ),
            // This one is the last, because it has the longest curves. It is the picture of the README.
            (README, 1280, 1240, Scheme::Light, "/overview"),
        ] {
            browser.look(width, height, scheme).await?;
            go(browser, view).await?;
            // After two readings, the page is drawn for this size.
            let drawn =
                "const before = window.lastStatus ??= document.querySelector('#status').innerText;
                return before !== document.querySelector('#status').innerText";
            browser.script("delete window.lastStatus", &[]).await?;
            eventually("it is drawn", async || {
                Ok(browser.script(drawn, &[]).await? == Value::Bool(true))
            })
            .await?;
            let overflow = "return document.documentElement.scrollWidth - innerWidth";
            let overflow = browser.script(overflow, &[]).await?;
            ensure!(
                overflow.as_i64().is_some_and(|over| over <= 0),
                "{name} is {overflow} too wide"
            );
            let picture = browser.screenshot(name).await?;
            if name == README && env::var_os("CARACAL_REWRITE").is_some() {
                fs::copy(picture, concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/live-page.png"))?;
            }
        }
        browser.ensure_clean(&gateway.server().url("/")).await
    })
    .await
}
