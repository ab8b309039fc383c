//! Queries that nobody waits for any more.

use anyhow::{Result, ensure};

use crate::scene::Scene;

/// In the server already, and still without a connection: both are errors, and neither is the connection's.
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
