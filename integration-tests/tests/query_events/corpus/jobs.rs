//! The structure of windmill-labs/windmill: a job queue, functions that are generic over `Executor`,
//! transactions that are passed to functions and returned, and a separate task for work that the caller does
//! not wait for.

use anyhow::{Context, Result, ensure};
use sqlx::{Executor, Postgres};

use super::super::Expected;
use super::db::{PgPool, PgTransaction};

pub(crate) const SCHEMA: &str = "
    create table workspace (id text primary key, parent_workspace_id text);
    create table queue (id bigserial primary key, workspace_id text, tag text, running bool default false);
    create table completed_job (id bigint primary key, workspace_id text, success bool);
    create table audit (id bigserial primary key, operation text);
    insert into workspace values ('main', null), ('fork', 'main');
";

pub(crate) const COUNTED: Expected = &[
    ("select", "workspace", 2),
    ("insert", "queue", 3),
    ("update", "queue", 3),
    ("delete", "queue", 2),
    ("select", "queue", 1),
    ("insert", "completed_job", 2),
    ("insert", "audit", 3),
];

async fn lookup_fork_parent<'c>(
    executor: impl Executor<'c, Database = Postgres>,
    id: &str,
) -> Option<String> {
    let parent = sqlx::query_scalar::<_, Option<String>>(
        "SELECT parent_workspace_id FROM workspace WHERE id = $1",
    );
    parent.bind(id).fetch_optional(executor).await.ok().flatten().flatten()
}

async fn audit_log<'c, E>(executor: E, operation: &str) -> Result<()>
where
    E: Executor<'c, Database = Postgres>,
{
    let log = sqlx::query("INSERT INTO audit (operation) VALUES ($1)");
    log.bind(operation).execute(executor).await?;
    Ok(())
}

/// Takes the transaction, inserts the job, and returns the transaction.
async fn push<'c>(
    mut tx: PgTransaction<'c>,
    workspace: &str,
    tag: &str,
) -> Result<(i64, PgTransaction<'c>)> {
    let job = sqlx::query_scalar("INSERT INTO queue (workspace_id, tag) VALUES ($1, $2) RETURNING id");
    let job = job.bind(workspace).bind(tag).fetch_one(&mut *tx).await?;
    audit_log(&mut *tx, "jobs.run").await?;
    Ok((job, tx))
}

async fn pull(pool: &PgPool, tags: &[String]) -> Result<Option<i64>> {
    let job = sqlx::query_scalar(
        "WITH peek AS (
            SELECT id
            FROM queue
            WHERE running = false AND tag = ANY($1)
            ORDER BY id
            FOR UPDATE SKIP LOCKED
            LIMIT 1
        )
        UPDATE queue SET running = true
        FROM peek
        WHERE queue.id = peek.id
        RETURNING queue.id",
    );
    Ok(job.bind(tags).fetch_optional(pool).await?)
}

async fn add_completed_job(pool: &PgPool, job: i64, success: bool) -> Result<()> {
    let mut tx = pool.begin().await?;
    let completed = sqlx::query(
        "INSERT INTO completed_job (id, workspace_id, success)
         SELECT id, workspace_id, $2 FROM queue WHERE id = $1",
    );
    completed.bind(job).bind(success).execute(&mut *tx).await?;
    delete_job(&mut tx, job).await?;
    tx.commit().await?;
    Ok(())
}

async fn delete_job(tx: &mut PgTransaction<'_>, job: i64) -> Result<()> {
    let deleted = sqlx::query_scalar::<_, i64>("DELETE FROM queue WHERE id = $1 RETURNING 1::bigint");
    let deleted = deleted.bind(job).fetch_optional(&mut **tx).await?;
    deleted.context("the job is not in the queue")?;
    Ok(())
}

pub(crate) async fn serve(pool: &PgPool) -> Result<()> {
    let parent = lookup_fork_parent(pool, "fork").await.context("a fork has a parent")?;
    let mut tx = pool.begin().await?;
    ensure!(lookup_fork_parent(&mut *tx, "main").await.is_none());
    let mut jobs = Vec::new();
    for _ in 0..2 {
        let (job, back) = push(tx, &parent, "rust").await?;
        jobs.push(job);
        tx = back;
    }
    tx.commit().await?;
    // The transaction is dropped, so the job is not inserted.
    let (_, dropped) = push(pool.begin().await?, &parent, "rust").await?;
    drop(dropped);

    let tags = ["rust".to_owned()];
    for expected in &jobs {
        let job = pull(pool, &tags).await?.context("a job waits")?;
        ensure!(job == *expected);
        let pool = pool.clone();
        tokio::spawn(async move { add_completed_job(&pool, job, true).await }).await??;
    }
    ensure!(pull(pool, &tags).await?.is_none());
    let left = sqlx::query_scalar::<_, i64>("SELECT count(*) FROM queue WHERE tag = ANY($1)");
    ensure!(left.bind(&tags[..]).fetch_one(pool).await? == 0);
    Ok(())
}
