//! Accessibility: the keyboard, contrasts and names of controls.

use anyhow::{Context, Result, ensure};
use integration_tests::{Browser, Gateway, Scheme, eventually};
use serde_json::Value;
use thirtyfour::Key;

use crate::view::{go, open, panel};

const VIEWS: [&str; 5] = [
    "/overview",
    "/metrics",
    "/metrics/caracal_gateway_request_duration_seconds",
    "/cardinality",
    "/files",
];

async fn shows(browser: &Browser, view: &str) -> Result<()> {
    go(browser, view).await?;
    eventually("the view has something to focus", async || {
        Ok(browser.text("main .view a, main .view button").await?.is_some())
    })
    .await
}

/// Returns every control, in the order of the page, and the one that has the focus.
const CONTROLS: &str = "
    const all = [...document.querySelectorAll(
        'a[href], button, select, input, summary, [tabindex=\"0\"]')]
        .filter((one) => one.checkVisibility());
    const focused = document.activeElement;
    const style = getComputedStyle(focused);
    const visible = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
    return [all.length, all.indexOf(focused), visible, focused.outerHTML.slice(0, 200)];";

pub(crate) async fn keyboard() -> Result<()> {
    let gateway = Gateway::start(&["--outage-interval", "0"]).await?;
    Browser::run(async |browser| {
        open(browser, &gateway.server().url("/")).await?;
        browser.look(1280, 900, Scheme::Light).await?;
        let metric = "/metrics/caracal_gateway_requests_total";
        for view in ["/overview", metric, "/cardinality", "/files"] {
            shows(browser, view).await?;
            if view == "/overview" {
                eventually("panels are there", async || {
                    Ok(!panel(browser, "pool").await?.1.is_empty())
                })
                .await?;
            }
            if view == metric {
                eventually("the series are there", async || {
                    Ok(browser.text(".series .rows tr").await?.is_some())
                })
                .await?;
            }
            // No control appears or disappears while the test goes through them.
            browser
                .script("document.querySelector('#pause[aria-pressed=false]')?.click()", &[])
                .await?;
            browser.script("document.activeElement.blur(); scrollTo(0, 0)", &[]).await?;
            let mut reached = Vec::new();
            loop {
                browser.press(Key::Tab).await?;
                let state = browser.script(CONTROLS, &[]).await?;
                let (count, at, visible, html): (i64, i64, bool, String) =
                    serde_json::from_value(state)?;
                if reached.contains(&at) || at < 0 {
                    let count = usize::try_from(count)?;
                    ensure!(
                        reached.len() == count,
                        "{view}: {} of {count} controls; at {html}",
                        reached.len()
                    );
                    break;
                }
                ensure!(visible, "{view}: the focus does not show at {html}");
                reached.push(at);
            }
        }
        // What the keys do.
        shows(browser, "/overview").await?;
        browser.script("document.querySelector('#pause[aria-pressed=true]')?.click()", &[]).await?;
        browser.script("document.querySelector('.panel .chart').focus()", &[]).await?;
        browser.press(Key::Left).await?;
        eventually("the value is read out", async || {
            let readout = browser.text(".panel .readout:not([hidden])").await?;
            Ok(readout.is_some_and(|text| text.contains("2xx") || text.contains("4xx")))
        })
        .await?;
        browser.script("document.querySelector('.panel .info').focus()", &[]).await?;
        browser.press(Key::Enter).await?;
        let about = browser.text(".panel .about").await?.context("about the panel")?;
        for part in
            ["caracal_gateway_requests_total", "counter", "Total number", "sum by (status_code)"]
        {
            ensure!(about.contains(part), "{part} is missing: {about}");
        }
        browser.script("document.querySelector('.panel .about button').focus()", &[]).await?;
        browser.press(Key::Enter).await?;
        eventually("the query is copied", async || {
            Ok(browser.text(".panel .about button").await?.is_some_and(|text| text == "Copied"))
        })
        .await?;
        browser.ensure_clean(&gateway.server().url("/")).await
    })
    .await
}

/// Returns the lowest contrast between a text and its background, as defined by WCAG 2, and the text.
const CONTRAST: &str = "
    const parse = (text) => {
        const canvas = window.probe ??= new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
        canvas.clearRect(0, 0, 1, 1);
        canvas.fillStyle = text;
        canvas.fillRect(0, 0, 1, 1);
        const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
        return { rgb: [r, g, b], a: a / 255 };
    };
    const light = ({ rgb }) => {
        const [r, g, b] = rgb.map((c) => c / 255).map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const ground = (element) => {
        for (let at = element; at; at = at.parentElement) {
            const found = parse(getComputedStyle(at).backgroundColor);
            if (found.a === 1) return found;
        }
        return parse('white');
    };
    let [lowest, which, texts] = [99, '', 0];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const element = walker.currentNode.parentElement;
        if (!walker.currentNode.textContent.trim() || !element.checkVisibility()) continue;
        texts += 1;
        const [one, other] = [light(parse(getComputedStyle(element).color)), light(ground(element))];
        const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
        if (ratio < lowest) [lowest, which] = [ratio, element.outerHTML.slice(0, 200)];
    }
    // Text that is drawn on canvases.
    const root = getComputedStyle(document.documentElement);
    const drawn = (name) => light(parse(root.getPropertyValue(name)));
    for (const [text, under] of [['--muted', '--card'], ['--text', '--card']]) {
        const [one, other] = [drawn(text), drawn(under)];
        const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
        if (ratio < lowest) [lowest, which] = [ratio, `${text} on ${under}`];
    }
    return [lowest, which, texts];";

pub(crate) async fn contrast() -> Result<()> {
    let gateway = Gateway::start(&["--outage-interval", "8"]).await?;
    Browser::run(async |browser| {
        open(browser, &gateway.server().url("/")).await?;
        for scheme in [Scheme::Light, Scheme::Dark] {
            browser.look(1280, 900, scheme).await?;
            for view in VIEWS {
                shows(browser, view).await?;
                if view == "/overview" {
                    eventually("problems are on the page", async || {
                        Ok(browser.text(".attention.bad").await?.is_some())
                    })
                    .await?;
                }
                browser
                    .script(
                        "document.querySelectorAll('details').forEach((d) => { d.open = true })",
                        &[],
                    )
                    .await?;
                let (lowest, which, texts): (f64, String, u64) =
                    serde_json::from_value(browser.script(CONTRAST, &[]).await?)?;
                ensure!(texts > 10, "{view}: {texts} texts");
                ensure!(lowest >= 4.5, "{scheme:?} {view}: {lowest:.2} of {which}");
            }
        }
        Ok(())
    })
    .await
}

pub(crate) async fn files() -> Result<()> {
    let gateway = Gateway::start(&["--no-traffic"]).await?;
    Browser::run(async |browser| {
        open(browser, &gateway.server().url("/")).await?;
        shows(browser, "/files").await?;
        let typed = "const job = document.querySelector('#file-job');
            job.value = 'shop \"1\"'; job.dispatchEvent(new Event('input'));
            return [...document.querySelectorAll('a[download]')].map((link) => link.href)";
        let links = browser.script(typed, &[]).await?;
        let links: Vec<String> = serde_json::from_value(links)?;
        ensure!(links.len() == 3, "{links:?}");
        for link in links {
            let answer = reqwest::get(&link).await?.error_for_status()?;
            ensure!(answer.headers()["content-disposition"].to_str()?.starts_with("attachment"));
            let text = answer.text().await?;
            ensure!(text.contains("shop"), "{link}: {text}");
            if link.contains("dashboard.json") {
                let dashboard: Value = serde_json::from_str(&text)?;
                ensure!(dashboard["panels"].as_array().is_some_and(|panels| !panels.is_empty()));
            }
        }
        let refused = reqwest::get(gateway.server().url("/rules.yml?job=")).await?;
        ensure!(refused.status() == 400, "{}", refused.status());
        Ok(())
    })
    .await
}
