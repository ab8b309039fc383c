//! Queries that are cancelled.

use anyhow::{Result, ensure};
use futures_util::TryStreamExt;

use crate::scene::Scene;

/// A query that runs on the server and a query that still waits for a connection both count as errors, and
/// not as connection errors.
pub(crate) async fn cancelled_queries() -> Result<()> {
    let scene = Scene::set().await?;
    let sleep = || {
        let pool = scene.pool.clone();
        tokio::spawn(
            async move { sqlx::query("select pg_sleep(600) from agents").execute(&pool).await },
        )
    };
    let in_the_server = [(); 3].map(|()| sleep());
    scene.until_sleeping(3).await?;
    let waiting = sleep();
    integration_tests::eventually("one waits", async || Ok(scene.pool_value("pending")? == 1.0))
        .await?;

    let cancel = async {
        waiting.abort();
        ensure!(waiting.await.is_err_and(|error| error.is_cancelled()));
        Ok(())
    };
    let failed = "select agents error";
    scene.counts("cancelled without a connection", &[failed], cancel).await??;
    ensure!(scene.pool_value("pending")? == 0.0);
    let cancel = async {
        for query in in_the_server {
            query.abort();
            ensure!(query.await.is_err_and(|error| error.is_cancelled()));
        }
        Ok(())
    };
    scene.counts("cancelled in the server", &[failed, failed, failed], cancel).await??;
    ensure!(scene.pool_value("hold_duration_seconds_count")? == 3.0);
    scene.no_connection_errors()
}

/// A stream that is dropped while it waits for a row is an error. A stream that is dropped after a row is a
/// success.
pub(crate) async fn cancelled_halfway() -> Result<()> {
    // The server sends data in pieces of eight kibibytes, so the first row arrives while the third one is
    // computed.
    const SQL: &str =
        "select repeat('x', 9000), case when id > 2 then pg_sleep(600) end from agents";
    let scene = Scene::set().await?;
    let waiting = async {
        let mut rows = sqlx::query(SQL).fetch(&scene.pool);
        ensure!(rows.try_next().await?.is_some());
        // The second row may have arrived, too. The third one can't have.
        let _second = futures_util::poll!(rows.try_next());
        ensure!(futures_util::poll!(rows.try_next()).is_pending());
        Ok(())
    };
    scene.counts("a row is waited for", &["select agents error"], waiting).await??;
    let satisfied = async {
        let mut rows = sqlx::query(SQL).fetch(&scene.pool);
        ensure!(rows.try_next().await?.is_some());
        Ok(())
    };
    scene.counts("one row is enough", &["select agents success"], satisfied).await??;
    scene.no_connection_errors()
}
