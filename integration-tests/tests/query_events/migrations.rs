//! Migrations with each version of sqlx, from sqlx's own pool and through a wrapped pool. Their statements are
//! counted from the events. `migrate!` makes the same `Migrator`: caracal-sqlx/tests/migrations.rs.

use anyhow::{Context, Result, ensure};
use caracal_metrics::MetricsRegistry;
use integration_tests::Page;

use crate::scene::{Counts, Server, counted, events, since};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/query_events/migrations");
const TABLES: [&str; 2] = ["_sqlx_migrations", "migrated"];

/// Checks the counts from the events of migrations that ran on a new database. Each statement that the server
/// completes is counted once.
async fn check(server: &Server, before: &Counts) -> Result<()> {
    let mut page = since(counted(events()?, &TABLES)?, before);
    // sqlx creates its table if it does not exist. The server's counts contain no such statements.
    for table in TABLES {
        let created = page.remove(&("other".to_owned(), table.to_owned()));
        ensure!(created == Some(1), "{table}: {created:?}");
    }
    let completed = server.completed(&TABLES).await?;
    ensure!(page == completed, "the page has {page:?}, the server {completed:?}");
    let inserts = page.get(&("insert".to_owned(), "_sqlx_migrations".to_owned()));
    ensure!(inserts == Some(&2), "{page:?}");
    Ok(())
}

/// Checks that the wrapper counted the wait for the connection and nothing else.
fn check_wrapper(metrics: &MetricsRegistry) -> Result<()> {
    let page = Page::of(metrics)?;
    let queries = page.sum("caracal_database_queries_total", &[]);
    ensure!(queries == 0.0, "{queries} queries");
    for what in ["acquire", "hold"] {
        let name = format!("caracal_database_connection_pool_{what}_duration_seconds_count");
        ensure!(page.value(&name, &[]) == 1.0, "{what}: {}", page.value(&name, &[]));
    }
    Ok(())
}

macro_rules! migrations {
    ($version:ident, $sqlx:ident, $adapter:ident) => {
        async fn $version() -> Result<()> {
            use caracal_metrics::$adapter::PoolObserver;
            use $sqlx::migrate::Migrator;
            use $sqlx::postgres::PgPoolOptions;

            let server = Server::start().await?;
            let migrator = Migrator::new(std::path::Path::new(FOLDER)).await?;
            let bare = PgPoolOptions::new().max_connections(1).connect(server.url()).await?;
            let before = counted(events()?, &TABLES)?;
            migrator.run(&bare).await?;
            check(&server, &before).await.context("sqlx's own pool")?;

            server.prepare("drop table _sqlx_migrations, migrated".to_owned()).await?;
            let metrics = MetricsRegistry::new();
            let pool = PoolObserver::new(&bare).wrap(&metrics)?;
            let before = counted(events()?, &TABLES)?;
            migrator.run(&pool).await?;
            check(&server, &before).await.context("a wrapped pool")?;
            check_wrapper(&metrics)?;
            let names = $sqlx::query_scalar("select name from migrated order by name");
            let names: Vec<String> = names.fetch_all(&bare).await?;
            ensure!(names == ["a", "b"], "{names:?}");
            Ok(())
        }
    };
}

migrations!(v0_8, sqlx_0_8, sqlx_0_8);
migrations!(v0_9, sqlx, sqlx);

/// The versions run one after the other, because they use the same tables and the events of the process.
pub(crate) async fn counted_once() -> Result<()> {
    v0_8().await.context("sqlx 0.8")?;
    v0_9().await.context("sqlx 0.9")
}
