//! Migrations through a wrapped pool, whose statements are counted from the events.

use anyhow::{Result, ensure};
use caracal_metrics::MetricsRegistry;
use caracal_metrics::sqlx::PoolObserver;
use integration_tests::Page;
use sqlx::SqlStr;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::postgres::PgPoolOptions;

use crate::scene::{Counts, Server, counted, events};

const TABLES: [&str; 2] = ["_sqlx_migrations", "migrated"];

/// Each statement that the server completes is counted once, and the wrapper counts the wait for the
/// connection.
pub(crate) async fn counted_once() -> Result<()> {
    let (metrics, server) = (events()?, Server::start().await?);
    let bare = PgPoolOptions::new().max_connections(1).connect(server.url()).await?;
    let own = MetricsRegistry::new();
    let pool = PoolObserver::new(&bare).wrap(&own)?;
    let texts = ["create table migrated (name text)", "insert into migrated values ('a'), ('b')"];
    let migrations = (1..).zip(texts).map(|(version, text)| {
        let kind = MigrationType::Simple;
        Migration::new(version, "a step".into(), kind, SqlStr::from_static(text), false)
    });
    let migrator = Migrator::with_migrations(migrations.collect());

    let before = counted(metrics, &TABLES)?;
    ensure!(before.is_empty(), "{before:?}");
    migrator.run(&pool).await?;
    let mut page = counted(metrics, &TABLES)?;
    let created = page.remove(&("other".to_owned(), "migrated".to_owned()));
    ensure!(created == Some(1), "{created:?}");
    // sqlx creates its table if it does not exist.
    let created = page.remove(&("other".to_owned(), "_sqlx_migrations".to_owned()));
    ensure!(created == Some(1), "{created:?}");
    let completed: Counts = server.completed(&TABLES).await?;
    ensure!(page == completed, "the page has {page:?}, the server {completed:?}");
    let inserts = page.get(&("insert".to_owned(), "_sqlx_migrations".to_owned()));
    ensure!(inserts == Some(&2), "{page:?}");

    let own = Page::parse(String::from_utf8(own.generate_metrics())?)?;
    let waits = own.value("caracal_database_connection_pool_acquire_duration_seconds_count", &[]);
    ensure!(waits == 1.0, "{waits} waits");
    Ok(())
}
