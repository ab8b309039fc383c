//! Connections that can't be established.

use std::net::{Ipv4Addr, TcpListener};
use std::time::Duration;

use anyhow::{Result, ensure};
use integration_tests::{PATIENCE, Postgres};
use sqlx::ConnectOptions;
use sqlx::error::DatabaseError;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use testcontainers::ImageExt;

use crate::scene::Scene;

/// The timeout for waits that never succeed.
const SHORT: Duration = Duration::from_millis(500);

/// Creates a scene whose pool logs in differently.
async fn logging_in(
    patience: Duration,
    login: impl FnOnce(PgConnectOptions) -> PgConnectOptions,
) -> Result<Scene> {
    let options = PgPoolOptions::new().acquire_timeout(patience);
    Scene::on(Postgres::start().await?, options, login).await
}

/// Checks that every way to request a connection fails with this error. Each counts as one connection error
/// and, if there was a query, as one failed query.
async fn nobody_gets_in(scene: &Scene, error_type: &str) -> Result<()> {
    let select = || sqlx::query("select * from agents");
    let failed = &["select agents error"];
    ensure!(scene.counts("a query", failed, select().execute(&scene.pool)).await?.is_err());
    let row = select().fetch_optional(&scene.pool);
    ensure!(scene.counts("a row", failed, row).await?.is_err());
    ensure!(scene.counts("a connection", &[], scene.pool.acquire()).await?.is_err());
    let begin = scene.pool.begin();
    ensure!(scene.counts("a transaction", &[], begin).await?.is_err());
    scene.only_errors(error_type, 4.0)?;
    ensure!(scene.pool_value("acquire_duration_seconds_count")? == 4.0);
    ensure!(scene.pool_value("hold_duration_seconds_count")? == 0.0);
    ensure!(scene.pool_value("open")? == 0.0);
    Ok(())
}

pub(crate) async fn wrong_password() -> Result<()> {
    let scene = logging_in(PATIENCE, |owner| owner.password("guessed")).await?;
    nobody_gets_in(&scene, "authentication").await
}

pub(crate) async fn unknown_database() -> Result<()> {
    let scene = logging_in(PATIENCE, |owner| owner.database("nowhere")).await?;
    nobody_gets_in(&scene, "configuration").await
}

/// The code of this error is one that statements have, too.
pub(crate) async fn forbidden_database() -> Result<()> {
    let scene = logging_in(PATIENCE, |owner| owner.username("guest").password("welcome")).await?;
    let forbid = "create role guest login password 'welcome';
                  revoke connect on database gateway from public";
    sqlx::raw_sql(forbid).execute(&scene.admin).await?;
    nobody_gets_in(&scene, "other").await
}

/// sqlx's pool retries a refused connection until its timeout, and then only reports the timeout. A
/// connection without the pool reports the reason.
pub(crate) async fn refused_port() -> Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let nobody = listener.local_addr()?.port();
    drop(listener);
    let refused = move |owner: PgConnectOptions| owner.host("127.0.0.1").port(nobody);

    let scene = logging_in(SHORT, refused).await?;
    nobody_gets_in(&scene, "pool_timeout").await?;

    let scene = logging_in(SHORT, refused).await?;
    let error = refused(scene.owner()?).connect().await.expect_err("nobody listens");
    scene.pool.connection_errors().observe(&error);
    scene.only_errors("refused", 1.0)
}

/// The same applies to a server that has reached its maximum number of connections.
pub(crate) async fn too_many_connections() -> Result<()> {
    let small = || {
        Postgres::start_with(|request| {
            // One connection for the administrator, and one more.
            let settings =
                ["max_connections=2", "superuser_reserved_connections=0", "max_wal_senders=0"];
            request
                .with_cmd(["postgres"].into_iter().chain(settings.iter().flat_map(|s| ["-c", s])))
        })
    };
    let options = || PgPoolOptions::new().max_connections(2).acquire_timeout(SHORT);
    let scene = Scene::on(small().await?, options(), |owner| owner).await?;
    let _last = scene.take_one().await?;
    ensure!(scene.pool.acquire().await.is_err());
    scene.only_errors("pool_timeout", 1.0)?;
    ensure!(scene.pool_value("acquire_timeouts_total")? == 1.0);
    ensure!(scene.pool_value("size")? == 2.0 && scene.pool_value("checked_out")? == 1.0);

    let scene = Scene::on(small().await?, options(), |owner| owner).await?;
    let _last = scene.take_one().await?;
    let error = scene.owner()?.connect().await.expect_err("the server is full");
    let sqlstate = error.as_database_error().and_then(DatabaseError::code);
    ensure!(sqlstate.as_deref() == Some("53300"), "{error}");
    scene.pool.connection_errors().observe(&error);
    scene.only_errors("insufficient_resources", 1.0)
}
