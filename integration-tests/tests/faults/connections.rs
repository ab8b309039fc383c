//! Connections that are not available, that are cut or refused, and whose callers have disconnected.

use std::time::Duration;

use anyhow::{Result, ensure};
use integration_tests::service::Settings;
use integration_tests::{Page, eventually};
use reqwest::StatusCode;

use crate::scene::Scene;

const CHECKED_OUT: &str = "caracal_database_connection_pool_checked_out";
const PENDING: &str = "caracal_database_connection_pool_pending";
const ERRORS: &str = "caracal_database_connection_errors_total";
const QUERIES: &str = "caracal_database_queries_total";

/// Checks that all connection errors on the page are of one type, and that there are this many.
fn only_errors(page: &Page, error_type: &str, count: f64) -> Result<()> {
    let read = (page.value(ERRORS, &[("error_type", error_type)]), page.sum(ERRORS, &[]));
    ensure!(read == (count, count), "{count} {error_type} expected:\n{}", page.excerpt());
    Ok(())
}

/// Checks that everyone who requested a connection has held one and returned it, except this many.
fn without_a_connection(page: &Page, count: f64) -> Result<()> {
    let asked = page.value("caracal_database_connection_pool_acquire_duration_seconds_count", &[]);
    let held = page.value("caracal_database_connection_pool_hold_duration_seconds_count", &[]);
    ensure!(asked == held + count, "{asked} asked, {held} held:\n{}", page.excerpt());
    Ok(())
}

/// Checks that the service works: one request that needs the database succeeds.
async fn works(scene: &Scene) -> Result<()> {
    let answer = scene.client.write("agent-1").await?;
    ensure!(answer.status == StatusCode::CREATED, "{answer:?}");
    Ok(())
}

pub(crate) async fn pool_exhaustion() -> Result<()> {
    const WAIT: Duration = Duration::from_secs(3);
    let settings = Settings { connections: 3, acquire_timeout: WAIT, ..Settings::default() };
    let scene = Scene::set(settings).await?;
    let lock = scene.database.lock().await?;
    let holding = [(); 3].map(|()| scene.client.start_waiting());
    scene.until_waiting(3).await?;
    let page = scene.page().await?;
    ensure!(page.value(CHECKED_OUT, &[]) == 3.0, "{}", page.excerpt());
    ensure!(page.value("caracal_database_connection_pool_size", &[]) == 3.0, "{}", page.excerpt());

    // Five more requests find no connection. The page shows them while they wait. Then each is one
    // timeout.
    let waiting = [(); 5].map(|()| {
        let client = scene.client.clone();
        tokio::spawn(async move { client.write("agent-1").await })
    });
    scene.page_when("five that wait", |page| page.value(PENDING, &[]) == 5.0).await?;
    for waiting in waiting {
        let answer = waiting.await??;
        ensure!(answer.status == StatusCode::SERVICE_UNAVAILABLE, "{answer:?}");
    }
    let page = scene.page().await?;
    only_errors(&page, "pool_timeout", 5.0)?;
    let timeouts = page.value("caracal_database_connection_pool_acquire_timeouts_total", &[]);
    ensure!(timeouts == 5.0, "{}", page.excerpt());
    ensure!(page.value(PENDING, &[]) == 0.0, "{}", page.excerpt());
    let waited = page.value("caracal_database_connection_pool_acquire_duration_seconds_sum", &[]);
    ensure!(waited >= 5.0 * WAIT.as_secs_f64(), "five waited {waited} s");

    lock.release().await?;
    for holding in holding {
        ensure!(holding.await??.status == StatusCode::OK);
    }
    works(&scene).await?;
    let page = scene.recovered().await?;
    only_errors(&page, "pool_timeout", 5.0)?;
    without_a_connection(&page, 5.0)?;
    let failed = page.sum(QUERIES, &[("status", "error")]);
    ensure!(failed == 5.0, "{failed} queries failed");
    Ok(())
}

pub(crate) async fn terminated_connections() -> Result<()> {
    let scene = Scene::set(Settings { connections: 3, ..Settings::default() }).await?;
    let lock = scene.database.lock().await?;
    let cut = [(); 3].map(|()| scene.client.start_waiting());
    scene.until_waiting(3).await?;
    let ended = scene.database.terminate_sessions().await?;
    ensure!(ended == 3, "{ended} connections were ended");
    for cut in cut {
        let answer = cut.await??;
        ensure!(answer.status == StatusCode::SERVICE_UNAVAILABLE, "{answer:?}");
        ensure!(answer.database.as_deref() == Some("failure"), "{answer:?}");
    }
    lock.release().await?;
    works(&scene).await?;
    let page = scene.recovered().await?;
    only_errors(&page, "server_shutdown", 3.0)?;
    without_a_connection(&page, 0.0)?;
    ensure!(page.sum(QUERIES, &[("status", "error")]) == 3.0, "{}", page.excerpt());

    // The pool detects an idle connection that was ended before it hands it out, so no caller sees an
    // error.
    scene.database.terminate_sessions().await?;
    works(&scene).await?;
    only_errors(&scene.recovered().await?, "server_shutdown", 3.0)
}

/// The password was changed, and the service still uses the old one.
pub(crate) async fn wrong_password() -> Result<()> {
    let scene = Scene::set(Settings::default()).await?;
    works(&scene).await?;
    scene.database.run("alter role service password 'second'").await?;
    // Open connections continue to work.
    works(&scene).await?;
    scene.database.terminate_sessions().await?;
    for _ in 0..7 {
        let answer = scene.client.write("agent-1").await?;
        ensure!(answer.status == StatusCode::SERVICE_UNAVAILABLE, "{answer:?}");
    }
    let page = scene.settled().await?;
    only_errors(&page, "authentication", 7.0)?;
    ensure!(page.value("caracal_database_connection_pool_open", &[]) == 0.0, "{}", page.excerpt());
    ensure!(page.value(CHECKED_OUT, &[]) == 0.0, "{}", page.excerpt());

    scene.database.run("alter role service password 'first'").await?;
    works(&scene).await?;
    let page = scene.recovered().await?;
    without_a_connection(&page, 7.0)?;
    only_errors(&page, "authentication", 7.0)
}

/// Clients that abandon slow queries.
pub(crate) async fn cancelled_requests() -> Result<()> {
    const IN_FLIGHT: &str = "caracal_gateway_requests_in_flight";
    let mut scene = Scene::set(Settings { connections: 3, ..Settings::default() }).await?;
    let lock = scene.database.lock().await?;
    // Three in the database, and seven that wait for a connection.
    let requests = [(); 10].map(|()| scene.client.start_waiting());
    scene.until_waiting(3).await?;
    let all = |page: &Page| page.value(PENDING, &[]) == 7.0 && page.value(IN_FLIGHT, &[]) == 10.0;
    scene.page_when("ten in flight, seven without a connection", all).await?;
    for request in requests {
        scene.client.abandon(request).await;
    }
    scene.nobody_in_flight().await?;
    let page = scene.settled().await?;
    ensure!(page.value(PENDING, &[]) == 0.0, "{}", page.excerpt());
    // The abandoned queries continue on the server, and keep their connections.
    ensure!(page.value(CHECKED_OUT, &[]) == 3.0, "{}", page.excerpt());
    ensure!(scene.database.waiting().await? == 3);
    let failed = page.sum(QUERIES, &[("status", "error")]);
    ensure!(failed == 10.0, "{failed} queries were cancelled");

    lock.release().await?;
    eventually("the server has finished the queries", async || {
        Ok(scene.database.waiting().await? == 0)
    })
    .await?;
    scene.unheard = 3.0;
    works(&scene).await?;
    let page = scene.recovered().await?;
    without_a_connection(&page, 7.0)?;
    ensure!(
        page.sum(ERRORS, &[]) == 0.0,
        "a cancellation is not a connection error:\n{}",
        page.excerpt()
    );
    Ok(())
}
