//! The adapters against real databases, in containers.

use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use integration_tests::{Needs, Postgres, eventually, run, test};
use sqlx::PgPool;
use tokio::process::Command;
use tokio::sync::oneshot;

fn main() -> ExitCode {
    let docker = &[Needs::Docker];
    run(vec![
        test("postgres_answers_a_query", docker, postgres_answers_a_query),
        test("no_container_outlives_a_panic", docker, no_container_outlives_a_panic),
    ])
}

async fn postgres_answers_a_query() -> Result<()> {
    let postgres = Postgres::start().await?;
    let pool = PgPool::connect(postgres.url()).await?;
    let one: i32 = sqlx::query_scalar("select 1").fetch_one(&pool).await?;
    ensure!(one == 1, "select 1 is {one}");
    Ok(())
}

/// Whether the engine has this container among those with the label of the tests, running or not.
async fn exists(container: &str) -> Result<bool> {
    let labelled = ["--filter", "label=caracal-metrics-test"];
    let list = ["ps", "--all", "--quiet", "--no-trunc", "--filter", &format!("id={container}")];
    let answer = Command::new("docker").args(list).args(labelled).output().await?;
    ensure!(answer.status.success(), "{}", String::from_utf8_lossy(&answer.stderr));
    Ok(String::from_utf8_lossy(&answer.stdout).trim() == container)
}

/// Like a test that panics: starts a server, reports its container, and panics.
async fn panic_beside(named: oneshot::Sender<String>) -> Result<()> {
    let postgres = Postgres::start().await?;
    let id = postgres.container().id().to_owned();
    ensure!(exists(&id).await?, "{id} does not exist while it is used");
    named.send(id).ok();
    panic!("an intended panic, which the server must not outlive");
}

async fn no_container_outlives_a_panic() -> Result<()> {
    let (named, name) = oneshot::channel();
    let panicking = tokio::spawn(panic_beside(named));
    let id = name.await.context("no container was started")?;
    ensure!(panicking.await.is_err_and(|error| error.is_panic()));
    eventually("the container is removed with the test that started it", async || {
        Ok(!exists(&id).await?)
    })
    .await
}
