//! The types of connection errors.

use anyhow::{Result, ensure};
use caracal_metrics::MetricsRegistry;
use caracal_metrics::sqlx::PoolObserver;
use integration_tests::{PATIENCE, Page, eventually};
use sqlx::mysql::{MySqlConnectOptions, MySqlDatabaseError, MySqlPoolOptions};

use crate::scene::{MOST_CONNECTIONS, Server, events};

/// Returns the number of an error from the server.
fn number(error: &sqlx::Error) -> Option<u16> {
    let error = error.as_database_error()?.try_downcast_ref::<MySqlDatabaseError>()?;
    Some(error.number())
}

/// Checks that `count` errors were counted so far, and that all of them have this type.
pub(crate) fn only_errors(metrics: &MetricsRegistry, error_type: &str, count: f64) -> Result<()> {
    let page = Page::of(metrics)?;
    let errors = "caracal_database_connection_errors_total";
    let read = (page.value(errors, &[("error_type", error_type)]), page.sum(errors, &[]));
    ensure!(read == (count, count), "{count} {error_type} expected:\n{}", page.text());
    Ok(())
}

/// Runs a query on a new wrapped pool that can't connect. Checks that its error has this number and is
/// counted once. Returns its SQLSTATE.
async fn refused(
    options: &MySqlConnectOptions,
    sent: u16,
    error_type: &str,
) -> Result<Option<String>> {
    let pool = MySqlPoolOptions::new().acquire_timeout(PATIENCE);
    let metrics = MetricsRegistry::new();
    let pool = PoolObserver::new(&pool.connect_lazy_with(options.clone())).wrap(&metrics)?;
    let error = sqlx::query("select 1").execute(&pool).await.err();
    ensure!(error.as_ref().and_then(number) == Some(sent), "{sent} expected: {error:?}");
    only_errors(&metrics, error_type, 1.0)?;
    Ok(error.and_then(|error| Some(error.as_database_error()?.code()?.into_owned())))
}

pub(crate) async fn connection_errors() -> Result<()> {
    events()?;
    let server = Server::start().await?;
    let owner: MySqlConnectOptions = server.url().parse()?;
    refused(&owner.clone().password("guessed"), 1045, "authentication").await?;
    // The server returns the same error for a statement that names such a database.
    refused(&owner.clone().database("mysql"), 1044, "other").await?;

    let pool = MySqlPoolOptions::new().max_connections(MOST_CONNECTIONS).acquire_timeout(PATIENCE);
    let metrics = MetricsRegistry::new();
    let pool = PoolObserver::new(&pool.connect_with(owner.clone()).await?).wrap(&metrics)?;
    // An error of a statement is not a connection error.
    for (statement, sent) in [("selekt 1", 1064), ("select * from nowhere", 1146)] {
        let error = sqlx::query(statement).execute(&pool).await.err();
        ensure!(error.as_ref().and_then(number) == Some(sent), "{statement}: {error:?}");
    }
    only_errors(&metrics, "other", 0.0)?;

    let mut held = Vec::new();
    while held.len() < MOST_CONNECTIONS as usize {
        held.push(pool.acquire().await?);
    }
    refused(&owner, 1203, "insufficient_resources").await?;
    drop(held);

    // The server ends a session in the middle of a statement.
    let sleeps = "select sleep(60)";
    let query = sqlx::query(sleeps).execute(&pool);
    let (ended, killed) = futures_util::join!(query, server.kill_sleeping(sleeps));
    killed?;
    ensure!(ended.is_err(), "the session was ended");
    only_errors(&metrics, "reset", 1.0)
}

/// A server that has reached its maximum number of connections. It keeps one more for an administrator. While that
/// one is free, it refuses other users after the login. Otherwise it refuses them before it, without an SQLSTATE.
pub(crate) async fn full_server() -> Result<()> {
    const MOST: usize = 10;
    events()?;
    let server = Server::start().await?;
    let owner: MySqlConnectOptions = server.url().parse()?;
    server.prepare(&[format!("set global max_connections = {MOST}")]).await?;
    // The pool of the administrator has one, too.
    let mut sessions = Vec::new();
    while sessions.len() + 1 < MOST {
        sessions.push(server.admin_session().await?);
    }
    let sqlstate = refused(&owner, 1040, "insufficient_resources").await?;
    ensure!(sqlstate.as_deref() == Some("08004"), "{sqlstate:?}");
    // The server may still count the client that it has refused.
    eventually("the administrator has the last connection", async || {
        sessions.extend(server.admin_session().await.ok());
        Ok(sessions.len() == MOST)
    })
    .await?;
    let sqlstate = refused(&owner, 1040, "insufficient_resources").await?;
    ensure!(sqlstate.is_none(), "{sqlstate:?}");
    Ok(())
}
