//! Our own code with the structure of the repository layers of five open-source applications.
//!
//! Each file is compiled twice. In [`bare`], it uses sqlx's own types, like the application, and the events
//! are counted. In [`wrapped`], it uses the types of the wrapper. The only difference is the module `db`,
//! which the `use` lines of the application would name instead.

use anyhow::{Context, Result, ensure};
use caracal_metrics::MetricsRegistry;
use caracal_metrics::sqlx::PoolObserver;
use sqlx::postgres::PgPoolOptions;

use crate::scene::{Counts, Server, counted, events, since};

/// The counts that an application must have.
pub(crate) type Expected = &'static [(&'static str, &'static str, u64)];

macro_rules! applications {
    ($($application:ident $path:literal)*) => {
        #[path = "."]
        mod bare {
            pub(super) mod db {
                pub(crate) use sqlx::{PgConnection, PgPool};
                pub(crate) type PgTransaction<'c> = sqlx::Transaction<'c, sqlx::Postgres>;
            }

            $( #[path = $path] pub(super) mod $application; )*
        }

        #[allow(clippy::duplicate_mod, reason = "the same code, with other types")]
        #[path = "."]
        mod wrapped {
            pub(super) mod db {
                use caracal_metrics::sqlx::{ObservedPool, ObservedSession, ObservedTransaction};
                use sqlx::Postgres;

                pub(crate) type PgPool = ObservedPool<Postgres>;
                pub(crate) type PgConnection = ObservedSession<'static, Postgres>;
                pub(crate) type PgTransaction<'c> = ObservedTransaction<'c, Postgres>;
            }

            $( #[path = $path] pub(super) mod $application; )*
        }

        $(
            pub(crate) async fn $application() -> Result<()> {
                let (metrics, server) = (events()?, Server::start().await?);
                let pool = PgPoolOptions::new().max_connections(4).connect(server.url()).await?;
                let expected = bare::$application::COUNTED;
                let tables: Vec<_> = expected.iter().map(|(_, table, _)| *table).collect();

                server.prepare(bare::$application::SCHEMA.to_owned()).await?;
                let before = counted(metrics, &tables)?;
                bare::$application::serve(&pool).await.context("with sqlx's own types")?;
                let from_events = since(counted(metrics, &tables)?, &before);
                check("events", &from_events, expected)?;

                let own = MetricsRegistry::new();
                let observed = PoolObserver::new(&pool).wrap(&own)?;
                server.prepare(format!(
                    "drop schema public cascade; create schema public;
                     create extension pg_stat_statements; {}",
                    wrapped::$application::SCHEMA
                )).await?;
                let before = counted(metrics, &tables)?;
                wrapped::$application::serve(&observed).await.context("with the wrapper")?;
                check("the wrapper", &counted(&own, &tables)?, wrapped::$application::COUNTED)?;
                let twice = since(counted(metrics, &tables)?, &before);
                ensure!(twice.is_empty(), "counted by the wrapper and again: {twice:?}");
                Ok(())
            }
        )*
    };
}

applications! {
    articles "articles.rs"
    newsletter "newsletter.rs"
    identity "identity.rs"
    history "history.rs"
    jobs "jobs.rs"
}

fn check(of: &str, counted: &Counts, expected: Expected) -> Result<()> {
    let key = |(operation, table, count): &(&str, &str, u64)| {
        (((*operation).to_owned(), (*table).to_owned()), *count)
    };
    let expected: Counts = expected.iter().map(key).collect();
    ensure!(*counted == expected, "{of}: {counted:?}, not {expected:?}");
    Ok(())
}
