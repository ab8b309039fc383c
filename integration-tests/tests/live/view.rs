//! Reads the page for the tests.

use std::net::Ipv4Addr;

use anyhow::{Context, Result, ensure};
use axum::Router;
use integration_tests::{Browser, eventually};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// Serves a router until the test ends. Returns the address, such as `http://127.0.0.1:1234`.
pub(crate) async fn serve(app: Router) -> Result<String> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let origin = format!("http://{}", listener.local_addr()?);
    tokio::spawn(async { axum::serve(listener, app).await });
    Ok(origin)
}

/// Opens the page, and waits for its first reading.
pub(crate) async fn open(browser: &Browser, url: &str) -> Result<()> {
    browser.open(url).await?;
    is_live(browser).await
}

/// Waits until the page shows that it reads the service.
pub(crate) async fn is_live(browser: &Browser) -> Result<()> {
    eventually("the page is live", async || {
        let status = browser.text("#status.live").await?;
        Ok(status.is_some_and(|text| text.starts_with("Live")))
    })
    .await
}

/// Opens a view by its address, such as `/metrics`.
pub(crate) async fn go(browser: &Browser, view: &str) -> Result<()> {
    browser.script("location.hash = arguments[0]", &[json!(view)]).await?;
    Ok(())
}

/// Returns the value of a tile of the overview.
pub(crate) async fn tile(browser: &Browser, title: &str) -> Result<String> {
    let script = "return [...document.querySelectorAll('.tile')]
        .find((tile) => tile.firstChild.textContent === arguments[0])?.children[1].textContent ?? ''";
    let text = browser.script(script, &[json!(title)]).await?;
    Ok(text.as_str().unwrap_or_default().to_owned())
}

/// Returns the current value of a panel and its whole text.
pub(crate) async fn panel(browser: &Browser, title: &str) -> Result<(String, String)> {
    let script = "const found = [...document.querySelectorAll('.panel')]
        .find((panel) => panel.getAttribute('aria-label') === arguments[0]);
        return found ? [found.querySelector('.now').textContent, found.innerText] : ['', ''];";
    Ok(serde_json::from_value(browser.script(script, &[json!(title)]).await?)?)
}

/// Returns the cells of each row in the table of the series of a family.
pub(crate) async fn series(browser: &Browser, family: &str) -> Result<Vec<Vec<String>>> {
    go(browser, &format!("/metrics/{family}")).await?;
    eventually("the table of series is there", async || {
        let note = browser.text("h2").await?;
        let rows = browser.text("table.series .rows tr").await?;
        Ok(note.as_deref() == Some(family) && rows.is_some())
    })
    .await?;
    rows(browser).await
}

/// Returns the rows of the table of series that are in view.
pub(crate) async fn rows(browser: &Browser) -> Result<Vec<Vec<String>>> {
    let script = "return [...document.querySelectorAll('table.series .rows tr')]
        .map((row) => [...row.children].map((cell) => cell.textContent))";
    Ok(serde_json::from_value(browser.script(script, &[]).await?)?)
}

/// Returns the names of the columns.
pub(crate) async fn columns(browser: &Browser) -> Result<Vec<String>> {
    let script = "return [...document.querySelectorAll('table.series thead th')]
        .map((cell) => cell.textContent)";
    Ok(serde_json::from_value(browser.script(script, &[]).await?)?)
}

/// Parses a number as the page writes it.
pub(crate) fn number(text: &str) -> Result<f64> {
    text.replace(',', "").parse().with_context(|| format!("not a number: {text}"))
}

/// Runs a script that returns whether a condition is true.
pub(crate) async fn holds(browser: &Browser, script: &str) -> Result<bool> {
    match browser.script(script, &[]).await? {
        Value::Bool(so) => Ok(so),
        other => {
            ensure!(false, "not a truth value: {other}");
            Ok(false)
        }
    }
}
