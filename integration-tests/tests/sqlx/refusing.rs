//! A pool that gives nobody a connection, and a server that takes one away.

use std::time::Duration;

use anyhow::{Result, ensure};
use sqlx::postgres::PgPoolOptions;

use crate::scene::{Scene, eventually};

pub(crate) async fn acquire_timeout() -> Result<()> {
    const WAIT: Duration = Duration::from_secs(2);
    let scene = Scene::with(PgPoolOptions::new().max_connections(1).acquire_timeout(WAIT)).await?;
    let held = scene.pool.acquire().await?;
    let first = scene.pool_value("acquire_duration_seconds_sum")?;

    let select = || sqlx::query("select * from agents").execute(&scene.pool);
    let failed = &["select agents error"];
    let error = scene.counts("a query", failed, select()).await?.err();
    ensure!(matches!(error, Some(sqlx::Error::PoolTimedOut)), "{error:?}");
    ensure!(scene.counts("a connection", &[], scene.pool.acquire()).await?.is_err());
    scene.only_errors("pool_timeout", 2.0)?;
    ensure!(scene.pool_value("acquire_timeouts_total")? == 2.0);
    let waited = scene.pool_value("acquire_duration_seconds_sum")? - first;
    ensure!(waited >= 2.0 * WAIT.as_secs_f64(), "two waited {waited} s");

    drop(held);
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

    // The pool has found out, and opens others.
    let select = sqlx::query("select * from agents").execute(&scene.pool);
    scene.counts("a query afterwards", &["select agents success"], select).await??;
    scene.only_errors("server_shutdown", 3.0)
}

/// The server loses patience between two queries: the next one hears of it.
pub(crate) async fn terminated_in_an_idle_transaction() -> Result<()> {
    let scene = Scene::set().await?;
    let mut transaction = scene.pool.begin().await?;
    let id: i32 =
        sqlx::query_scalar("select pg_backend_pid()").fetch_one(&mut *transaction).await?;
    let patience = "set idle_in_transaction_session_timeout = 1";
    sqlx::query(patience).execute(&mut *transaction).await?;
    let sessions = "select count(*) from pg_stat_activity where pid = $1";
    eventually("the session is ended", async || {
        let sessions = sqlx::query_scalar(sessions).bind(id).fetch_one(&scene.admin);
        let sessions: i64 = sessions.await?;
        Ok(sessions == 0)
    })
    .await?;
    let select = sqlx::query("select * from agents").execute(&mut *transaction);
    ensure!(scene.counts("the next query", &["select agents error"], select).await?.is_err());
    scene.only_errors("reset", 1.0)
}
