//! The labels of statements on the page: operation, table and status.

use anyhow::{Result, ensure};
use sqlx::AssertSqlSafe;

use crate::scene::Scene;

pub(crate) async fn operations_and_tables() -> Result<()> {
    let scene = Scene::set().await?;
    for (sql, counted) in [
        ("insert into agents (name) values ('d')", "insert agents success"),
        (
            "insert into agents (name) values ('d') on conflict (name) do update set name = 'e'",
            "insert agents success",
        ),
        ("update only public.agents as a set name = 'f' where a.id = 1", "update agents success"),
        (
            "update agents set name = agents.name from \"Ledger\" where agent = agents.id",
            "update agents success",
        ),
        ("delete from agents using \"Ledger\" where agent = agents.id", "delete agents success"),
        ("insert into \"Ledger\" select id, id from agents", "insert Ledger success"),
        (
            "SELECT * FROM PUBLIC.\"Ledger\" l JOIN agents ON agent = agents.id",
            "select Ledger success",
        ),
        ("/* who */ select name -- from nobody\n from agents", "select agents success"),
        ("select 'from nobody', $$ from nobody $$ from agents", "select agents success"),
        (
            "with named as (select * from agents) select count(*) from named",
            "select agents success",
        ),
        (
            "with gone as (delete from \"Ledger\" returning agent) select * from gone",
            "delete Ledger success",
        ),
        ("values (1), (2)", "select unknown success"),
        ("select 1", "select unknown success"),
        ("create index on agents (name)", "other agents success"),
        ("truncate agents, \"Ledger\"", "other agents success"),
        ("analyze agents", "other unknown success"),
        ("set statement_timeout = 0", "other unknown success"),
        ("do $$ begin perform 1; delete from agents where id = 0; end $$", "other unknown success"),
    ] {
        scene.counts(sql, &[counted], sqlx::query(sql).execute(&scene.pool)).await??;
    }
    // The page contains no text of a statement, and therefore no secret in it.
    let secret = "select 's3cret' as \"s3cret\" from agents where name = 's3cret'";
    sqlx::query(secret).execute(&scene.pool).await?;
    ensure!(!scene.page()?.text().contains("s3cret"));
    Ok(())
}

/// An error of a statement is not a connection error.
pub(crate) async fn statements_that_fail() -> Result<()> {
    let scene = Scene::set().await?;
    for (sql, sqlstate, counted) in [
        ("insert into agents (name) values ('a')", "23505", "insert agents error"),
        ("select nothing from agents", "42703", "select agents error"),
        ("selekt * from agents", "42601", "other unknown error"),
        // No argument is bound. The server reports a protocol violation, but the connection stays open.
        ("select * from agents where id = $1", "08P01", "select agents error"),
        ("delete from nowhere", "42P01", "delete nowhere error"),
        ("select pg_sleep(60) from agents", "57014", "select agents error"),
    ] {
        let mut connection = scene.pool.acquire().await?;
        // This does not use the wrapper, which would count it.
        sqlx::query("set statement_timeout = '50ms'").execute(connection.inner()).await?;
        let failing = sqlx::query(AssertSqlSafe(sql)).execute(&mut *connection);
        let failed = scene.counts(sql, &[counted], failing).await?;
        let error =
            failed.err().and_then(|error| Some(error.as_database_error()?.code()?.into_owned()));
        ensure!(error.as_deref() == Some(sqlstate), "{sql}: {error:?}");
    }
    scene.no_connection_errors()
}
