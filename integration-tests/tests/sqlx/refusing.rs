//! A pool that returns no connection, and a server that ends sessions.

use std::time::Duration;

use anyhow::{Result, ensure};
use integration_tests::eventually;
use sqlx::postgres::PgPoolOptions;
use sqlx::{Executor, SqlSafeStr};

use crate::scene::Scene;

pub(crate) async fn acquire_timeout() -> Result<()> {
    const WAIT: Duration = Duration::from_millis(500);
    let scene = Scene::with(PgPoolOptions::new().max_connections(1).acquire_timeout(WAIT)).await?;
    let held = scene.take_one().await?;

    let select = || sqlx::query("select * from agents").execute(&scene.pool);
    let failed = &["select agents error"];
    let error = scene.counts("a query", failed, select()).await?.err();
    ensure!(matches!(error, Some(sqlx::Error::PoolTimedOut)), "{error:?}");
    ensure!(scene.counts("a connection", &[], scene.pool.acquire()).await?.is_err());
    scene.only_errors("pool_timeout", 2.0)?;
    ensure!(scene.pool_value("acquire_timeouts_total")? == 2.0);
    let waited = scene.pool_value("acquire_duration_seconds_sum")?;
    ensure!(waited >= 2.0 * WAIT.as_secs_f64(), "two waited {waited} s");

    drop(held);
    scene.until_idle().await?;
    scene.counts("a query afterwards", &["select agents success"], select()).await??;
    scene.only_errors("pool_timeout", 2.0)
}

pub(crate) async fn closed_pool() -> Result<()> {
    let scene = Scene::set().await?;
    sqlx::query("select * from agents").execute(&scene.pool).await?;
    ensure!(scene.page()?.count("caracal_database_connection_pool_open") == 1);
    scene.pool.close().await;
    let select = sqlx::query("select * from agents").execute(&scene.pool);
    let error = scene.counts("a query", &["select agents error"], select).await?.err();
    ensure!(matches!(error, Some(sqlx::Error::PoolClosed)), "{error:?}");
    scene.only_errors("pool_closed", 1.0)?;
    ensure!(scene.page()?.count("caracal_database_connection_pool_open") == 0);
    Ok(())
}

pub(crate) async fn terminated_in_a_query() -> Result<()> {
    let scene = Scene::set().await?;
    let queries = [(); 3].map(|()| {
        let pool = scene.pool.clone();
        tokio::spawn(
            async move { sqlx::query("select pg_sleep(600) from agents").execute(&pool).await },
        )
    });
    scene.until_sleeping(3).await?;
    let terminate = "select count(pg_terminate_backend(pid)) from pg_stat_activity
                     where wait_event = 'PgSleep'";
    let cut = async {
        let ended: i64 = sqlx::query_scalar(terminate).fetch_one(&scene.admin).await?;
        ensure!(ended == 3, "{ended} were ended");
        for query in queries {
            let error = query.await?.err();
            let error =
                error.and_then(|error| Some(error.as_database_error()?.code()?.into_owned()));
            ensure!(error.as_deref() == Some("57P01"), "{error:?}");
        }
        Ok(())
    };
    let failed = "select agents error";
    scene.counts("three queries", &[failed, failed, failed], cut).await??;
    scene.only_errors("server_shutdown", 3.0)?;

    // The pool has detected this, and opens other connections.
    let select = sqlx::query("select * from agents").execute(&scene.pool);
    scene.counts("a query afterwards", &["select agents success"], select).await??;
    scene.only_errors("server_shutdown", 3.0)
}

/// The server ends an idle transaction between two queries. The next query returns the error.
pub(crate) async fn terminated_in_an_idle_transaction() -> Result<()> {
    let scene = Scene::set().await?;
    let mut transaction = scene.pool.begin().await?;
    let patience = "set idle_in_transaction_session_timeout = 1";
    sqlx::query(patience).execute(&mut *transaction).await?;
    until_without_sessions(&scene).await?;
    let select = sqlx::query("select * from agents").execute(&mut *transaction);
    ensure!(scene.counts("the next query", &["select agents error"], select).await?.is_err());
    scene.only_errors("reset", 1.0)
}

/// Preparing or describing a statement does not count as a query, but its connection error is counted.
pub(crate) async fn terminated_before_preparing() -> Result<()> {
    const SQL: &str = "select * from agents";
    let scene = Scene::set().await?;
    let (mut preparing, mut describing) =
        (scene.pool.acquire().await?, scene.pool.acquire().await?);
    let mut in_transaction = scene.pool.begin().await?;
    let terminate = "select count(pg_terminate_backend(pid)) from pg_stat_activity
                     where backend_type = 'client backend' and pid <> pg_backend_pid()";
    let ended: i64 = sqlx::query_scalar(terminate).fetch_one(&scene.admin).await?;
    ensure!(ended == 3, "{ended} were ended");
    until_without_sessions(&scene).await?;

    let prepare = (&mut *preparing).prepare(SQL.into_sql_str());
    ensure!(scene.counts("preparing", &[], prepare).await?.is_err());
    scene.only_errors("server_shutdown", 1.0)?;
    let prepare = (&mut *in_transaction).prepare(SQL.into_sql_str());
    ensure!(scene.counts("preparing in a transaction", &[], prepare).await?.is_err());
    scene.only_errors("server_shutdown", 2.0)?;
    let describe = (&mut *describing).describe(SQL.into_sql_str());
    ensure!(scene.counts("describing", &[], describe).await?.is_err());
    scene.only_errors("server_shutdown", 3.0)
}

/// Waits until the server has only the administrator's session.
async fn until_without_sessions(scene: &Scene) -> Result<()> {
    let sessions = "select count(*) from pg_stat_activity
                    where backend_type = 'client backend' and pid <> pg_backend_pid()";
    eventually("the sessions are ended", async || {
        let sessions: i64 = sqlx::query_scalar(sessions).fetch_one(&scene.admin).await?;
        Ok(sessions == 0)
    })
    .await
}
