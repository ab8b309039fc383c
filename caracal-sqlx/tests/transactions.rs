//! The outcomes of transactions and savepoints on the page.

mod page;

use std::future::{Future as _, poll_fn};
use std::pin::pin;
use std::task::Poll;

use caracal_metrics_core::MetricsRegistry;
use page::{Counts, connection_errors, observed, queries};
// Even with this import, `begin` of a wrapper is the wrapper's own method.
#[allow(unused_imports, reason = "it is imported to be in the way")]
use sqlx::Acquire as _;

const OUTCOMES: [&str; 4] = ["committed", "rolled_back", "dropped", "failed"];

/// By outcome, in the order of [`OUTCOMES`].
fn transactions(metrics: &MetricsRegistry) -> [f64; 4] {
    OUTCOMES.map(|outcome| {
        let labels = &[("outcome", outcome)];
        metrics.sample("caracal_database_transactions_total", labels).unwrap()
    })
}

fn savepoints(metrics: &MetricsRegistry) -> [f64; 4] {
    ["released", "rolled_back", "dropped", "failed"].map(|outcome| {
        let labels = &[("outcome", outcome)];
        metrics.sample("caracal_database_savepoints_total", labels).unwrap()
    })
}

fn durations(metrics: &MetricsRegistry) -> Option<f64> {
    metrics.sample("caracal_database_transaction_duration_seconds_count", &[])
}

#[tokio::test]
async fn a_transaction_counts_once_by_how_it_ended() {
    let (metrics, pool) = observed().await;
    assert_eq!(transactions(&metrics), [0.0; 4]);

    let mut transaction = pool.begin().await.unwrap();
    sqlx::query("DELETE FROM agents").execute(&mut *transaction).await.unwrap();
    assert_eq!(transactions(&metrics), [0.0; 4], "it has not ended");
    transaction.rollback().await.unwrap();
    assert_eq!(transactions(&metrics), [0.0, 1.0, 0.0, 0.0]);

    let mut transaction = pool.begin_with("BEGIN IMMEDIATE").await.unwrap();
    sqlx::query("DELETE FROM agents WHERE id = 1").execute(&mut *transaction).await.unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(transactions(&metrics), [1.0, 1.0, 0.0, 0.0]);

    let mut transaction = pool.begin().await.unwrap();
    sqlx::query("DELETE FROM agents").execute(&mut *transaction).await.unwrap();
    drop(transaction);
    assert_eq!(transactions(&metrics), [1.0, 1.0, 1.0, 0.0]);

    let mut connection = pool.acquire().await.unwrap();
    connection.begin().await.unwrap().commit().await.unwrap();
    drop(connection);
    assert_eq!(transactions(&metrics), [2.0, 1.0, 1.0, 0.0]);
    assert_eq!(durations(&metrics), Some(4.0));

    pool.begin().await.unwrap().into_inner().commit().await.unwrap();
    assert_eq!(durations(&metrics), Some(4.0), "it was observed no longer");
    let left: i64 =
        sqlx::query_scalar("SELECT count(*) FROM agents").fetch_one(&pool).await.unwrap();
    assert_eq!(left, 2);
    assert_eq!(queries(&metrics, "other", "unknown"), Counts::default(), "none is a query");
    assert_eq!(savepoints(&metrics), [0.0; 4]);
}

#[tokio::test]
async fn savepoints_count_apart() {
    let (metrics, pool) = observed().await;
    let mut transaction = pool.begin().await.unwrap();
    let mut outer = transaction.begin().await.unwrap();
    sqlx::query("DELETE FROM agents WHERE id = 2").execute(&mut *outer).await.unwrap();
    let mut inner = outer.begin().await.unwrap();
    sqlx::query("DELETE FROM agents WHERE id = 3").execute(&mut *inner).await.unwrap();
    inner.commit().await.unwrap();
    drop(outer.begin().await.unwrap());
    outer.rollback().await.unwrap();
    assert_eq!(savepoints(&metrics), [1.0, 1.0, 1.0, 0.0]);
    assert_eq!(transactions(&metrics), [0.0; 4]);
    transaction.commit().await.unwrap();
    assert_eq!(transactions(&metrics), [1.0, 0.0, 0.0, 0.0]);
    assert_eq!(durations(&metrics), Some(1.0), "savepoints are not timed");
    assert_eq!(queries(&metrics, "delete", "agents").success, 2.0);
}

/// A commit that the database rejects, and one that is cancelled, so that its effect is not known.
#[tokio::test]
async fn a_commit_that_fails_or_is_cancelled_is_neither_committed_nor_dropped() {
    let (metrics, pool) = observed().await;
    let schema = "PRAGMA foreign_keys = ON;
                  CREATE TABLE tools (agent INTEGER REFERENCES agents DEFERRABLE INITIALLY DEFERRED)";
    sqlx::raw_sql(schema).execute(&pool).await.unwrap();
    let mut transaction = pool.begin().await.unwrap();
    sqlx::query("INSERT INTO tools VALUES (99)").execute(&mut *transaction).await.unwrap();
    assert!(transaction.commit().await.is_err());
    assert_eq!(transactions(&metrics), [0.0, 0.0, 0.0, 1.0]);
    assert_eq!(connection_errors(&metrics), [], "it is the statement's");

    let transaction = pool.begin().await.unwrap();
    {
        let mut commit = pin!(transaction.commit());
        poll_fn(|cx| {
            // SQLite answers from another thread, so the first poll may or may not be the last one.
            drop(commit.as_mut().poll(cx));
            Poll::Ready(())
        })
        .await;
    }
    let [committed, _, dropped, failed] = transactions(&metrics);
    assert_eq!((committed + failed, dropped), (2.0, 0.0));
    drop(pool.begin().await.unwrap().commit());
    assert_eq!(transactions(&metrics)[2], 1.0, "a commit that is never polled is none");
}

#[tokio::test]
async fn statements_about_transactions_are_no_queries_however_they_are_sent() {
    let (metrics, pool) = observed().await;
    let mut connection = pool.acquire().await.unwrap();
    for sql in
        ["BEGIN", "SAVEPOINT s", "DELETE FROM agents", "ROLLBACK TO s", "RELEASE s", "COMMIT"]
    {
        sqlx::query(sql).execute(&mut *connection).await.unwrap();
    }
    assert_eq!(queries(&metrics, "other", "unknown"), Counts::default());
    assert_eq!(queries(&metrics, "delete", "agents").success, 1.0);
    assert_eq!(transactions(&metrics), [0.0; 4], "what is not begun with `begin` is not known");
}
