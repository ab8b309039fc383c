//! Transactions and savepoints.

use anyhow::{Result, ensure};

use crate::scene::Scene;

/// None of these statements counts as a query.
const DONE: &[&str] = &[];
const DELETED: &[&str] = &["delete agents success"];

async fn agents(scene: &Scene) -> Result<i64> {
    Ok(sqlx::query_scalar("select count(*) from agents").fetch_one(&scene.admin).await?)
}

pub(crate) async fn transactions() -> Result<()> {
    let scene = Scene::set().await?;
    let delete = || sqlx::query("delete from agents where id = 1");

    let mut transaction = scene.counts("begin", DONE, scene.pool.begin()).await??;
    scene.counts("a query in it", DELETED, delete().execute(&mut *transaction)).await??;
    scene.counts("rollback", DONE, transaction.rollback()).await??;
    ensure!(agents(&scene).await? == 3);

    let begin = scene.pool.begin_with("begin isolation level serializable");
    let mut transaction = scene.counts("begin_with", DONE, begin).await??;
    scene.counts("a query in it", DELETED, delete().execute(&mut *transaction)).await??;
    scene.counts("commit", DONE, transaction.commit()).await??;
    ensure!(agents(&scene).await? == 2);

    let mut transaction = scene.pool.begin().await?;
    sqlx::query("delete from agents").execute(&mut *transaction).await?;
    // sqlx rolls back later.
    scene.counts("a transaction that is dropped", &[], async { drop(transaction) }).await?;
    let select = sqlx::query_scalar("select count(*) from agents").fetch_one(&scene.pool);
    let left: i64 = scene.counts("afterwards", &["select agents success"], select).await??;
    ensure!(left == 2);
    ensure!(scene.transactions()? == [1.0, 1.0, 1.0, 0.0]);
    scene.no_connection_errors()
}

pub(crate) async fn savepoints() -> Result<()> {
    let scene = Scene::set().await?;
    let mut transaction = scene.pool.begin().await?;
    sqlx::query("delete from agents where id = 1").execute(&mut *transaction).await?;

    let mut outer = scene.counts("a savepoint", DONE, transaction.begin()).await??;
    let delete = sqlx::query("delete from agents where id = 2");
    scene.counts("a query after it", DELETED, delete.execute(&mut *outer)).await??;
    let mut inner = scene.counts("one inside", DONE, outer.begin()).await??;
    let delete = sqlx::query("delete from agents where id = 3");
    scene.counts("a query after that", DELETED, delete.execute(&mut *inner)).await??;
    scene.counts("release", DONE, inner.commit()).await??;
    scene.counts("rollback to the outer one", DONE, outer.rollback()).await??;
    scene.counts("commit of it all", DONE, transaction.commit()).await??;
    ensure!(agents(&scene).await? == 2, "only what came before the savepoints");

    let mut connection = scene.pool.acquire().await?;
    let transaction = scene.counts("begin on a connection", DONE, connection.begin()).await??;
    scene.counts("rollback", DONE, transaction.rollback()).await??;
    Ok(())
}

/// A constraint that is only checked at the end.
pub(crate) async fn a_commit_that_fails() -> Result<()> {
    let scene = Scene::set().await?;
    let mut transaction = scene.pool.begin().await?;
    let insert = sqlx::query("insert into \"Ledger\" values (1, 99)").execute(&mut *transaction);
    scene.counts("an insert that is checked later", &["insert Ledger success"], insert).await??;
    let commit = scene.counts("commit", DONE, transaction.commit()).await?;
    ensure!(commit.is_err_and(|error| error.as_database_error().is_some()));
    ensure!(scene.transactions()? == [0.0, 0.0, 0.0, 1.0]);
    scene.no_connection_errors()
}
