//! The structure of LukeMathWalker/zero-to-production: transactions that functions take and return, and a
//! queue whose task is locked while it is processed.

use anyhow::{Context, Result, bail, ensure};
use sqlx::Executor;

use super::super::Expected;
use super::db::{PgPool, PgTransaction};

pub(crate) const SCHEMA: &str = "
    create table idempotency (user_id bigint, idempotency_key text, response_body bytea,
                              primary key (user_id, idempotency_key));
    create table newsletter_issues (newsletter_issue_id bigserial primary key, title text not null);
    create table issue_delivery_queue (newsletter_issue_id bigint, subscriber_email text);
    create table subscriptions (email text primary key, status text not null);
    insert into subscriptions values ('a@example.com', 'confirmed'), ('b@example.com', 'pending');
";

pub(crate) const COUNTED: Expected = &[
    ("insert", "idempotency", 2),
    ("select", "idempotency", 1),
    ("update", "idempotency", 1),
    ("insert", "newsletter_issues", 1),
    ("select", "newsletter_issues", 1),
    ("insert", "issue_delivery_queue", 1),
    ("select", "issue_delivery_queue", 2),
    ("delete", "issue_delivery_queue", 1),
];

enum NextAction {
    StartProcessing(PgTransaction<'static>),
    ReturnSavedResponse(Vec<u8>),
}

async fn try_processing(pool: &PgPool, user_id: i64, key: &str) -> Result<NextAction> {
    let mut transaction = pool.begin().await?;
    let query = sqlx::query(
        r"
        INSERT INTO idempotency (user_id, idempotency_key)
        VALUES ($1, $2)
        ON CONFLICT DO NOTHING
        ",
    );
    let query = query.bind(user_id).bind(key.to_owned());
    if transaction.execute(query).await?.rows_affected() > 0 {
        return Ok(NextAction::StartProcessing(transaction));
    }
    let saved = get_saved_response(pool, user_id, key).await?;
    Ok(NextAction::ReturnSavedResponse(saved.context("a saved response is expected")?))
}

async fn get_saved_response(pool: &PgPool, user_id: i64, key: &str) -> Result<Option<Vec<u8>>> {
    let saved = sqlx::query_scalar(
        r#"
        SELECT response_body as "response_body!"
        FROM idempotency
        WHERE user_id = $1 AND idempotency_key = $2
        "#,
    );
    Ok(saved.bind(user_id).bind(key).fetch_optional(pool).await?)
}

async fn save_response(
    mut transaction: PgTransaction<'static>,
    user_id: i64,
    key: &str,
    body: &[u8],
) -> Result<()> {
    let query = sqlx::query(
        "UPDATE idempotency SET response_body = $3 WHERE user_id = $1 AND idempotency_key = $2",
    );
    let query = query.bind(user_id).bind(key.to_owned()).bind(body.to_owned());
    transaction.execute(query).await?;
    transaction.commit().await?;
    Ok(())
}

async fn insert_newsletter_issue(transaction: &mut PgTransaction<'static>, title: &str) -> Result<i64> {
    let issue = sqlx::query_scalar(
        "INSERT INTO newsletter_issues (title) VALUES ($1) RETURNING newsletter_issue_id",
    );
    Ok(issue.bind(title).fetch_one(&mut **transaction).await?)
}

async fn enqueue_delivery_tasks(transaction: &mut PgTransaction<'static>, issue: i64) -> Result<()> {
    let tasks = sqlx::query(
        r"
        INSERT INTO issue_delivery_queue (newsletter_issue_id, subscriber_email)
        SELECT $1, email
        FROM subscriptions
        WHERE status = 'confirmed'
        ",
    );
    tasks.bind(issue).execute(&mut **transaction).await?;
    Ok(())
}

async fn publish(pool: &PgPool, user_id: i64, key: &str) -> Result<Vec<u8>> {
    let mut transaction = match try_processing(pool, user_id, key).await? {
        NextAction::StartProcessing(transaction) => transaction,
        NextAction::ReturnSavedResponse(saved) => return Ok(saved),
    };
    let issue = insert_newsletter_issue(&mut transaction, "News").await?;
    enqueue_delivery_tasks(&mut transaction, issue).await?;
    save_response(transaction, user_id, key, b"accepted").await?;
    Ok(b"accepted".to_vec())
}

async fn dequeue_task(pool: &PgPool) -> Result<Option<(PgTransaction<'static>, i64, String)>> {
    let mut transaction = pool.begin().await?;
    let task = sqlx::query_as(
        r"
        SELECT newsletter_issue_id, subscriber_email
        FROM issue_delivery_queue
        FOR UPDATE
        SKIP LOCKED
        LIMIT 1
        ",
    );
    let task: Option<(i64, String)> = task.fetch_optional(&mut *transaction).await?;
    Ok(task.map(|(issue, email)| (transaction, issue, email)))
}

async fn delete_task(mut transaction: PgTransaction<'static>, issue: i64, email: &str) -> Result<()> {
    let task = sqlx::query(
        r"
        DELETE FROM issue_delivery_queue
        WHERE
            newsletter_issue_id = $1 AND
            subscriber_email = $2
        ",
    );
    task.bind(issue).bind(email).execute(&mut *transaction).await?;
    transaction.commit().await?;
    Ok(())
}

async fn try_execute_task(pool: &PgPool) -> Result<bool> {
    let Some((transaction, issue, email)) = dequeue_task(pool).await? else { return Ok(false) };
    let title = sqlx::query_scalar("SELECT title FROM newsletter_issues WHERE newsletter_issue_id = $1");
    let title: String = title.bind(issue).fetch_one(pool).await?;
    if title != "News" {
        bail!("{title}");
    }
    delete_task(transaction, issue, &email).await?;
    Ok(true)
}

pub(crate) async fn serve(pool: &PgPool) -> Result<()> {
    ensure!(publish(pool, 1, "key").await? == b"accepted");
    ensure!(publish(pool, 1, "key").await? == b"accepted", "the saved response");
    ensure!(try_execute_task(pool).await?);
    ensure!(!try_execute_task(pool).await?, "the queue is empty");
    Ok(())
}
