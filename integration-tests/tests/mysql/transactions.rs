//! Transactions and savepoints of a wrapped pool.

use anyhow::{Result, ensure};
use caracal_metrics::MetricsRegistry;
use caracal_metrics::sqlx::PoolObserver;
use integration_tests::Page;
use sqlx::mysql::MySqlPoolOptions;

use crate::scene::{Server, events};

fn outcomes_of(metrics: &MetricsRegistry, family: &str) -> Result<[f64; 3]> {
    let page = Page::of(metrics)?;
    let ended = if family == "savepoints" { "released" } else { "committed" };
    let name = format!("caracal_database_{family}_total");
    Ok([ended, "rolled_back", "dropped"].map(|outcome| page.value(&name, &[("outcome", outcome)])))
}

/// Each is counted once in its family, and the rows on the server agree with the outcomes.
pub(crate) async fn outcomes() -> Result<()> {
    events()?;
    let server = Server::start().await?;
    let create = "create table ended (id bigint primary key)";
    server.prepare(&[create.to_owned()]).await?;
    let bare = MySqlPoolOptions::new().max_connections(1).connect(&server.url()).await?;
    let metrics = MetricsRegistry::new();
    let pool = PoolObserver::new(&bare).wrap(&metrics)?;
    let insert = |id: i64| sqlx::query("insert into ended values (?)").bind(id);

    let mut transaction = pool.begin().await?;
    insert(1).execute(&mut *transaction).await?;
    let mut savepoint = transaction.begin().await?;
    insert(2).execute(&mut *savepoint).await?;
    savepoint.rollback().await?;
    let mut savepoint = transaction.begin().await?;
    insert(3).execute(&mut *savepoint).await?;
    savepoint.commit().await?;
    drop(transaction.begin().await?);
    transaction.commit().await?;

    let mut transaction = pool.begin_with("start transaction read write").await?;
    insert(4).execute(&mut *transaction).await?;
    transaction.rollback().await?;
    let mut transaction = pool.begin().await?;
    insert(5).execute(&mut *transaction).await?;
    drop(transaction);

    let kept: Vec<i64> = sqlx::query_scalar("select id from ended").fetch_all(&pool).await?;
    ensure!(kept == [1, 3], "{kept:?}");
    let transactions = outcomes_of(&metrics, "transactions")?;
    ensure!(transactions == [1.0, 1.0, 1.0], "{transactions:?}");
    let savepoints = outcomes_of(&metrics, "savepoints")?;
    ensure!(savepoints == [1.0, 1.0, 1.0], "{savepoints:?}");
    let page = Page::of(&metrics)?;
    let queries = page.sum("caracal_database_queries_total", &[]);
    ensure!(queries == 6.0, "beginning and ending are not queries: {queries}");
    Ok(())
}
