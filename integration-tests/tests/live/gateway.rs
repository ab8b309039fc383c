//! The page of the running gateway.

use anyhow::{Context, Result, ensure};
use integration_tests::{Browser, Gateway, Page, eventually};
use serde_json::Value;

use crate::view::{columns, holds, number, open, panel, series, tile};

/// Families of each type, with and without labels.
const COMPARED: [&str; 6] = [
    "caracal_gateway_requests_total",
    "caracal_gateway_request_duration_seconds",
    "caracal_gateway_route_requests_total",
    "caracal_database_connection_pool_size",
    "caracal_circuit_breaker_state_changes_total",
    "caracal_policy_cache_size",
];

async fn page(gateway: &Gateway) -> Result<Page> {
    Page::parse(reqwest::get(gateway.server().url("/metrics")).await?.text().await?)
}

/// A gateway without its own traffic, so that the page does not change between two readings.
pub(crate) async fn numbers_are_equal() -> Result<()> {
    let gateway = Gateway::start(&["--no-traffic"]).await?;
    for (path, times) in [("/v2/nothing", 3), ("/v1/agents/a/ledger", 5)] {
        for _ in 0..times {
            reqwest::get(gateway.server().url(path)).await?;
        }
    }
    let url = gateway.server().url("/");
    Browser::run(async |browser| {
        open(browser, &url).await?;
        let metrics = page(&gateway).await?;
        for family in COMPARED {
            let shown = series(browser, family).await?;
            let columns = columns(browser).await?;
            ensure!(!shown.is_empty(), "{family} has no series");
            for row in &shown {
                let labels: Vec<_> = columns.iter().zip(row).collect();
                let (labels, values): (Vec<_>, Vec<_>) = labels
                    .into_iter()
                    .partition(|(name, _)| !["value", "count", "sum"].contains(&name.as_str()));
                let labels: Vec<_> =
                    labels.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
                for (column, value) in values {
                    let name = match column.as_str() {
                        "value" => family.to_owned(),
                        part => format!("{family}_{part}"),
                    };
                    let expected = metrics.value(&name, &labels);
                    ensure!(
                        number(value)? == expected,
                        "{name} {labels:?}: {value}, not {expected}"
                    );
                }
            }
            let all = match columns.last().context("a column")?.as_str() {
                "sum" => metrics.count(&format!("{family}_count")),
                _ => metrics.count(family),
            };
            ensure!(shown.len() == all, "{family}: {} of {all} series", shown.len());
        }
        browser.ensure_clean(&url).await
    })
    .await
}

pub(crate) async fn curves_come_soon() -> Result<()> {
    let gateway = Gateway::start(&[]).await?;
    ensure!(
        gateway.server().log().starts_with(&format!("Live metrics: {}", gateway.server().url("/"))),
        "the first line is the link: {}",
        gateway.server().log()
    );
    Browser::run(async |browser| {
        open(browser, &gateway.server().url("/")).await?;
        eventually("the rate is there", async || {
            Ok(tile(browser, "Requests").await?.ends_with("/s"))
        })
        .await?;
        // This counts readings, of which there is one a second, instead of reading the clock, because the
        // machine may be busy.
        let readings = browser
            .script(
                "return performance.getEntriesByType('resource')
                    .filter((entry) => entry.name.includes('live.json')).length",
                &[],
            )
            .await?;
        let readings = readings.as_u64().context("a count")?;
        ensure!(readings <= 3, "the curves took {readings} readings");
        let moves = "const canvas = document.querySelector('.panel canvas');
            const seen = window.seen ??= new Set();
            seen.add(canvas.toDataURL());
            return String(seen.size)";
        eventually("the chart moves", async || {
            Ok(browser.script(moves, &[]).await?.as_str().is_some_and(|count| count >= "3"))
        })
        .await?;
        browser.ensure_clean(&gateway.server().url("/")).await
    })
    .await
}

/// The gateway locks its tables after four seconds, and uses all connections eight seconds later.
pub(crate) async fn an_outage_shows() -> Result<()> {
    let gateway = Gateway::start(&["--outage-interval", "8", "--rate", "40"]).await?;
    Browser::run(async |browser| {
        open(browser, &gateway.server().url("/")).await?;
        eventually("the error ratio moves", async || {
            let ratio = tile(browser, "Errors (5xx)").await?;
            Ok(ratio.trim_end_matches('%').parse::<f64>().is_ok_and(|percent| percent > 0.0))
        })
        .await?;
        for transition in ["closed → open", "open → half_open", "half_open → closed"] {
            eventually(&format!("the timeline has {transition}"), async || {
                Ok(panel(browser, "database").await?.1.contains(transition))
            })
            .await?;
        }
        eventually("the breaker is open", async || {
            Ok(panel(browser, "database").await?.0 == "open")
        })
        .await?;
        eventually("the breaker is closed again", async || {
            Ok(panel(browser, "database").await?.0 == "closed")
        })
        .await?;
        eventually("the pool is full", async || {
            Ok(panel(browser, "pool").await?.1.contains("5 of 5 in use, 0 idle"))
        })
        .await?;
        browser.ensure_clean(&gateway.server().url("/")).await
    })
    .await
}

/// A problem is at the top of the page while it lasts.
pub(crate) async fn problems_come_first() -> Result<()> {
    let gateway = Gateway::start(&["--outage-interval", "12", "--rate", "40"]).await?;
    Browser::run(async |browser| {
        open(browser, &gateway.server().url("/")).await?;
        // The problem is in the list, in the title of the tab, and in the text for screen readers.
        let has_problem = "const problem = arguments[0];
            return document.querySelector('main .view').firstElementChild.innerText.includes(problem)
                && document.title.startsWith('▲ ')
                && document.querySelector('.attention [role=status]').textContent.includes(problem)";
        for problem in
            ["Gateway requests fail", "Circuit breaker database is open", "Connection pool is full"]
        {
            eventually(&format!("the page says: {problem}"), async || {
                Ok(browser.script(has_problem, &[problem.into()]).await? == Value::Bool(true))
            })
            .await?;
        }
        let has_none = "return document.querySelector('.attention').innerText.includes('No problem found')
            && !document.title.includes('▲') && !document.querySelector('.tile.bad')";
        eventually("it is over", async || holds(browser, has_none).await).await?;
        browser.ensure_clean(&gateway.server().url("/")).await
    })
    .await
}
