//! Lists that are much longer than a screen.

use std::collections::BTreeSet;

use anyhow::{Result, ensure};
use axum::Router;
use axum::routing::get;
use caracal_metrics::axum::{HttpMetricsLayer, live_page};
use caracal_metrics::{Counter, Family, MetricsRegistry, labels};
use integration_tests::{Browser, Scheme, eventually};
use prometheus::{GaugeVec, Opts};
use serde_json::{Value, json};
use thirtyfour::Key;

use crate::view::{go, open, panel, rows, series, serve};

const FAMILIES: u32 = 2_000;

/// More rows than fit on any screen.
const MOST_ROWS: usize = 120;

labels! { struct Caller<'a> { caller: &'a str } }

static CALLS: Family<Counter, Caller<'_>> = Family::counter("calls_total", "Calls.");

/// Returns the rows of the list that are on the screen: the number for screen readers, and the first cell.
async fn in_view(browser: &Browser) -> Result<Vec<(usize, String)>> {
    let script = "const list = document.querySelector('main .scroll');
        const clip = list.getBoundingClientRect();
        return [...list.querySelectorAll('.rows tr')].filter((row) => {
            const box = row.getBoundingClientRect();
            return box.bottom > Math.max(0, clip.top) && box.top < Math.min(innerHeight, clip.bottom);
        }).map((row) => [Number(row.getAttribute('aria-rowindex')), row.querySelector('bdi').textContent])";
    Ok(serde_json::from_value(browser.script(script, &[]).await?)?)
}

/// Waits for a row with this number on the screen, with this text and no gap around it.
async fn shows(browser: &Browser, names: &[String], row: usize) -> Result<()> {
    eventually(&format!("row {row} is on the screen"), async || {
        let rows = in_view(browser).await?;
        let is_whole = rows.windows(2).all(|pair| pair[0].0 + 1 == pair[1].0) && rows.len() > 5;
        // Row 1 is the header.
        let are_right = rows.iter().all(|(row, name)| names[row - 2] == *name);
        ensure!(are_right, "wrong rows: {rows:?}");
        Ok(is_whole && rows.iter().any(|(found, _)| *found == row))
    })
    .await
}

async fn holds_for(browser: &Browser, script: &str, argument: &str) -> Result<bool> {
    Ok(browser.script(script, &[json!(argument)]).await? == Value::Bool(true))
}

async fn press_in_list(browser: &Browser, key: Key) -> Result<()> {
    browser.script("document.querySelector('main .scroll').focus()", &[]).await?;
    browser.press(key).await
}

pub(crate) async fn many_series() -> Result<()> {
    const SERIES: usize = 100_000;
    let metrics = MetricsRegistry::builder().max_series_per_family(2 * SERIES).build()?;
    let calls = metrics.family(&CALLS)?;
    let names: BTreeSet<_> = (0..SERIES).map(|number| format!("caller-{number}")).collect();
    for caller in &names {
        calls.inc(Caller { caller });
    }
    // Series with the same value are in the order of `/metrics`.
    let names = Vec::from_iter(names);
    let last = SERIES + 1;
    let origin = serve(live_page(&metrics)).await?;
    let document = reqwest::get(format!("{origin}/live.json")).await?.bytes().await?;
    ensure!(document.len() < 200_000, "the document has {} bytes", document.len());
    Browser::run(async |browser| {
        // The window is so high that the whole list is on the screen.
        browser.look(1280, 1600, Scheme::Light).await?;
        open(browser, &origin).await?;
        let shown = series(browser, "calls_total").await?;
        ensure!(shown.len() < MOST_ROWS, "{} rows", shown.len());
        let count = "return document.querySelector('table.series').getAttribute('aria-rowcount')";
        ensure!(browser.script(count, &[]).await? == json!(last.to_string()));
        shows(browser, &names, 2).await?;
        let scroll = "const list = document.querySelector('main .scroll');
            list.scrollTop = arguments[0] * list.scrollHeight";
        browser.script(scroll, &[json!(0.5)]).await?;
        shows(browser, &names, SERIES / 2 + 10).await?;
        // The keyboard scrolls to both ends.
        press_in_list(browser, Key::End).await?;
        shows(browser, &names, last).await?;
        press_in_list(browser, Key::Home).await?;
        shows(browser, &names, 2).await?;
        press_in_list(browser, Key::PageDown).await?;
        shows(browser, &names, 35).await?;
        let elements = "return document.querySelectorAll('*').length";
        let elements = browser.script(elements, &[]).await?;
        ensure!(elements.as_u64().is_some_and(|count| count < 1_500), "{elements} elements");

        let search = "document.querySelector('[aria-label=\"Search series\"]').focus()";
        browser.script(search, &[]).await?;
        browser.write("caller-77777").await?;
        eventually("the one that was searched is found", async || {
            let rows = rows(browser).await?;
            Ok(rows.len() == 1 && rows[0][0] == "caller-77777")
        })
        .await?;
        go(browser, "/cardinality").await?;
        eventually("the label is named", async || {
            let text = browser.text("table.cardinality").await?.unwrap_or_default();
            Ok(text.contains("100,000 values") && text.contains("50% of 200,000"))
        })
        .await?;
        browser.ensure_clean(&origin).await
    })
    .await
}

/// A service with 2,000 gauges in addition to its other metrics, each with a help text and a label.
fn crowded() -> Result<MetricsRegistry> {
    let metrics = MetricsRegistry::new();
    for number in 0..FAMILIES {
        let opts = Opts::new(format!("a_{number:04}"), format!("One of many, number {number}."));
        let gauge = GaugeVec::new(opts, &["tenant"])?;
        gauge.with_label_values(&["acme"]).set(f64::from(number));
        metrics.register(Box::new(gauge))?;
    }
    Ok(metrics)
}

/// The page follows only a part of the families, says so, and finds the others.
pub(crate) async fn more_families_than_it_follows() -> Result<()> {
    let metrics = crowded()?;
    let app = Router::new()
        .route("/orders", get(|| async { "[]" }))
        .layer(HttpMetricsLayer::new(&metrics))
        .merge(live_page(&metrics));
    let origin = serve(app).await?;
    reqwest::get(format!("{origin}/orders")).await?;
    let all = metrics.snapshot().families().len();
    let document = reqwest::get(format!("{origin}/live.json")).await?.bytes().await?;
    ensure!(document.len() < 400_000, "the document has {} bytes", document.len());
    Browser::run(async |browser| {
        browser.look(1280, 900, Scheme::Light).await?;
        open(browser, &origin).await?;
        // The panels have the families that they need.
        eventually("its requests are there", async || {
            Ok(panel(browser, "Busiest routes").await?.1.contains("/orders"))
        })
        .await?;
        let rest = browser.text(".rest").await?.unwrap_or_default();
        let many = format!("{},{:03} metrics", all / 1000, all % 1000);
        ensure!(rest.contains(&many) && rest.contains("too many to follow"), "{rest}");
        browser.script("document.querySelector('.rest a').click()", &[]).await?;
        eventually("the list says so", async || {
            let text = browser.text("main .view").await?.unwrap_or_default();
            Ok(text.contains("The page follows") && text.contains(&many))
        })
        .await?;
        // A family that is not followed is found, with its value.
        let last = format!("a_{:04}", FAMILIES - 1);
        browser.script("document.querySelector('#search').focus()", &[]).await?;
        browser.write(&format!("number {}.", FAMILIES - 1)).await?;
        eventually("the one that was searched is found", async || {
            let rows = in_view(browser).await?;
            let text = browser.text(".families .rows").await?.unwrap_or_default();
            Ok(rows.len() == 1 && rows[0].1 == last && text.contains("1,999"))
        })
        .await?;
        // Its curve begins when the viewer opens it.
        browser.script("document.querySelector('.families a').click()", &[]).await?;
        eventually("its curve is there", async || {
            let legend = browser.text(".panel .legend").await?.unwrap_or_default();
            Ok(legend.contains("tenant=acme") && legend.contains("1,999"))
        })
        .await?;
        browser.script("document.querySelector('.panel .chart').focus()", &[]).await?;
        eventually("the value before the last one is read out", async || {
            for key in [Key::Escape, Key::Left, Key::Left] {
                browser.press(key).await?;
            }
            let readout = browser.text(".panel .readout:not([hidden])").await?;
            Ok(readout.is_some_and(|text| text.contains("tenant=acme") && text.contains("1,999")))
        })
        .await?;
        go(browser, "/metrics/nothing").await?;
        eventually("one that is not there is said to be missing", async || {
            let text = browser.text("main").await?.unwrap_or_default();
            Ok(text.contains("has no metric nothing"))
        })
        .await?;
        browser.ensure_clean(&origin).await
    })
    .await
}

pub(crate) async fn many_families() -> Result<()> {
    let metrics = crowded()?;
    let origin = serve(live_page(&metrics)).await?;
    Browser::run(async |browser| {
        browser.look(1280, 900, Scheme::Light).await?;
        open(browser, &origin).await?;
        go(browser, "/metrics").await?;
        eventually("the list is there", async || Ok(!in_view(browser).await?.is_empty())).await?;
        let made = "return document.querySelectorAll('.families .rows tr').length";
        let made = browser.script(made, &[]).await?;
        ensure!(made.as_u64().is_some_and(|rows| rows < MOST_ROWS as u64), "{made} rows");
        // The Tab key moves to the list, and from one row to the next, beyond the rows that existed at first.
        browser.script("document.querySelector('#search').focus()", &[]).await?;
        for control in ["#sort", "main .scroll", ".families a"] {
            browser.press(Key::Tab).await?;
            let visible = "const style = getComputedStyle(document.activeElement);
                return document.activeElement === document.querySelector(arguments[0])
                    && style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2";
            ensure!(holds_for(browser, visible, control).await?, "{control} has no visible focus");
        }
        let focused = "const focused = document.activeElement;
            const box = focused.getBoundingClientRect();
            return [focused.textContent, box.top >= 0 && box.bottom <= innerHeight]";
        for number in 0..MOST_ROWS {
            let (name, is_in_view): (String, bool) =
                serde_json::from_value(browser.script(focused, &[]).await?)?;
            ensure!(name == format!("a_{number:04}"), "{name} after {number} times");
            ensure!(is_in_view, "{name} has the focus and is not in view");
            browser.press(Key::Tab).await?;
            // The next row is created once this one is in view.
            let next = format!("a_{:04}", number + 2);
            let is_made = "return [...document.querySelectorAll('.families a')]
                .some((link) => link.textContent === arguments[0])";
            eventually("the row after the next is made", async || {
                holds_for(browser, is_made, &next).await
            })
            .await?;
        }
        // When the row with the focus is scrolled out of view, the list gets the focus, so that Tab continues
        // from there.
        browser.script("scrollTo(0, document.body.scrollHeight)", &[]).await?;
        eventually("the end is in view", async || {
            let rows = in_view(browser).await?;
            let end = usize::try_from(FAMILIES)?;
            Ok(rows.last().is_some_and(|(last, _)| *last > end))
        })
        .await?;
        let focus = browser.script("return document.activeElement.className", &[]).await?;
        ensure!(focus.as_str().is_some_and(|class| class.contains("scroll")), "{focus}");
        browser.ensure_clean(&origin).await
    })
    .await
}
