//! Statements that the server ends because of a time limit, and statements that are cancelled, with each version
//! of sqlx. They are errors of the statement, and not of the connection.

use anyhow::{Result, ensure};
use caracal_metrics::MetricsRegistry;
use integration_tests::Page;

use crate::connecting::only_errors;
use crate::scene::{Server, events};
use crate::workload::schema;

/// What the wrapper and the events have counted on a table.
struct Counted {
    wrapper: MetricsRegistry,
    table: &'static str,
    /// What the events have counted before, such as the statements that created the table.
    before: Vec<(String, f64)>,
}

impl Counted {
    fn new(table: &'static str) -> Result<Self> {
        let before = Page::of(events()?)?.queries(table)?;
        Ok(Self { wrapper: MetricsRegistry::new(), table, before })
    }

    /// Checks that exactly these queries were counted. A query is written as `select error`.
    fn is(&self, wrapper: &[(&str, f64)], by_events: &[(&str, f64)]) -> Result<()> {
        let expected = |queries: &[(&str, f64)]| -> Vec<_> {
            queries.iter().map(|(key, count)| ((*key).to_owned(), *count)).collect()
        };
        let counted = Page::of(&self.wrapper)?.queries(self.table)?;
        ensure!(counted == expected(wrapper), "wrapper: {counted:?}, not {wrapper:?}");
        let mut counted = Page::of(events()?)?.queries(self.table)?;
        counted.retain(|query| !self.before.contains(query));
        ensure!(counted == expected(by_events), "events: {counted:?}, not {by_events:?}");
        only_errors(&self.wrapper, "other", 0.0)
    }

    /// Returns the number of callers that wait for a connection.
    fn pending(&self) -> Result<f64> {
        Ok(Page::of(&self.wrapper)?.value("caracal_database_connection_pool_pending", &[]))
    }
}

/// Creates a table with three rows that only one test uses.
async fn table(server: &Server, table: &'static str) -> Result<Counted> {
    server.prepare(&schema(table)).await?;
    Counted::new(table)
}

macro_rules! limits {
    ($name:ident, $sqlx:ident, $adapter:ident, $version:literal) => {
        pub(crate) mod $name {
            use anyhow::{Result, ensure};
            use caracal_metrics::$adapter::PoolObserver;
            use integration_tests::{PATIENCE, eventually};
            use $sqlx::mysql::{MySql, MySqlDatabaseError, MySqlPoolOptions};
            use $sqlx::{Executor, MySqlPool};

            use super::table;
            use crate::scene::{Server, events};

            async fn pool(server: &Server) -> Result<MySqlPool> {
                let options = MySqlPoolOptions::new().max_connections(2).acquire_timeout(PATIENCE);
                Ok(options.connect(&server.url()).await?)
            }

            /// Runs a statement that fails with this error of the server.
            async fn fails<'c>(
                executor: impl Executor<'c, Database = MySql>,
                statement: &'static str,
                sent: u16,
            ) -> Result<()> {
                let error = $sqlx::query(statement).execute(executor).await.err();
                let number = error.as_ref().and_then(|error| {
                    let error = error.as_database_error()?;
                    Some(error.try_downcast_ref::<MySqlDatabaseError>()?.number())
                });
                ensure!(number == Some(sent), "{statement}: {error:?}");
                Ok(())
            }

            /// `max_statement_time` and `innodb_lock_wait_timeout`, in a session of the wrapper and on sqlx's
            /// connection in it. The session is intact after each of them.
            pub(crate) async fn time_limits() -> Result<()> {
                const SLEEPS: &str = concat!("select sleep(60) from limited_", $version);
                const LOCKS: &str =
                    concat!("update limited_", $version, " set id = id where id = 1");
                events()?;
                let server = Server::start().await?;
                let counted = table(&server, concat!("limited_", $version)).await?;
                let bare = pool(&server).await?;
                let pool = PoolObserver::new(&bare).wrap(&counted.wrapper)?;
                let mut connection = pool.acquire().await?;

                connection.inner().execute("set max_statement_time = 0.05").await?;
                fails(&mut *connection, SLEEPS, 1969).await?;
                counted.is(&[("select error", 1.0)], &[])?;
                fails(connection.inner(), SLEEPS, 1969).await?;
                counted.is(&[("select error", 1.0)], &[("select unknown", 1.0)])?;
                connection.inner().execute("set max_statement_time = 0").await?;

                let mut holder = pool.begin().await?;
                $sqlx::query(LOCKS).execute(&mut *holder).await?;
                connection.inner().execute("set innodb_lock_wait_timeout = 1").await?;
                fails(&mut *connection, LOCKS, 1205).await?;
                let wrapper =
                    [("select error", 1.0), ("update error", 1.0), ("update success", 1.0)];
                counted.is(&wrapper, &[("select unknown", 1.0)])?;
                fails(connection.inner(), LOCKS, 1205).await?;
                let events = [("select unknown", 1.0), ("update unknown", 1.0)];
                counted.is(&wrapper, &events)?;

                holder.rollback().await?;
                $sqlx::query(LOCKS).execute(&mut *connection).await?;
                let wrapper =
                    [("select error", 1.0), ("update error", 1.0), ("update success", 2.0)];
                counted.is(&wrapper, &events)
            }

            /// A future that is dropped while the server runs its statement, or while it waits for a connection.
            pub(crate) async fn cancelled() -> Result<()> {
                const SLEEPS: &str = concat!("select sleep(60) from cancelled_", $version);
                events()?;
                let server = Server::start().await?;
                let counted = table(&server, concat!("cancelled_", $version)).await?;
                let bare = pool(&server).await?;
                let pool = PoolObserver::new(&bare).wrap(&counted.wrapper)?;

                let query = tokio::spawn({
                    let pool = pool.clone();
                    async move { $sqlx::query(SLEEPS).execute(&pool).await.map(drop) }
                });
                server.until_sleeping(SLEEPS).await?;
                counted.is(&[], &[])?;
                query.abort();
                ensure!(query.await.is_err_and(|error| error.is_cancelled()));
                counted.is(&[("select error", 1.0)], &[])?;
                server.kill_sleeping(SLEEPS).await?;

                let query = tokio::spawn({
                    let bare = bare.clone();
                    async move { $sqlx::query(SLEEPS).execute(&bare).await.map(drop) }
                });
                server.until_sleeping(SLEEPS).await?;
                counted.is(&[("select error", 1.0)], &[])?;
                query.abort();
                ensure!(query.await.is_err_and(|error| error.is_cancelled()));
                let events = [("select unknown", 1.0)];
                counted.is(&[("select error", 1.0)], &events)?;
                server.kill_sleeping(SLEEPS).await?;

                // Only the wrapper sees statements that the driver never ran.
                let _held = [pool.acquire().await?, pool.acquire().await?];
                let queries = [
                    tokio::spawn({
                        let pool = pool.clone();
                        async move { $sqlx::query(SLEEPS).execute(&pool).await.map(drop) }
                    }),
                    tokio::spawn({
                        let bare = bare.clone();
                        async move { $sqlx::query(SLEEPS).execute(&bare).await.map(drop) }
                    }),
                ];
                eventually(
                    "a query waits for a connection",
                    async || Ok(counted.pending()? == 1.0),
                )
                .await?;
                for query in queries {
                    query.abort();
                    ensure!(query.await.is_err_and(|error| error.is_cancelled()));
                }
                counted.is(&[("select error", 2.0)], &events)
            }
        }
    };
}

limits!(v0_8, sqlx_0_8, sqlx_0_8, "0_8");
limits!(v0_9, sqlx, sqlx, "0_9");
