//! Features of Postgres, and code that requires sqlx's own types, with both versions of sqlx: `COPY`,
//! notifications, advisory locks.

use anyhow::Result;
use caracal_metrics::MetricsRegistry;
use integration_tests::{PATIENCE, Page};

/// The queries on one table by operation and status, such as `other success`.
pub(crate) fn counted(metrics: &MetricsRegistry, table: &str) -> Result<Vec<(String, f64)>> {
    Page::of(metrics)?.queries(table)
}

/// Returns the value of a family of the pool.
pub(crate) fn pool_value(metrics: &MetricsRegistry, name: &str) -> Result<f64> {
    let page = Page::of(metrics)?;
    Ok(page.value(&format!("caracal_database_connection_pool_{name}"), &[]))
}

/// Returns the number of connection errors.
pub(crate) fn errors(metrics: &MetricsRegistry) -> Result<f64> {
    let page = Page::of(metrics)?;
    Ok(page.sum("caracal_database_connection_errors_total", &[]))
}

macro_rules! own_types {
    ($name:ident, $sqlx:ident, $adapter:ident) => {
        pub(crate) mod $name {
            use anyhow::{Context, Result, ensure};
            use caracal_metrics::MetricsRegistry;
            use caracal_metrics::$adapter::{ObservedPool, PoolObserver};
            use integration_tests::Postgres;
            use $sqlx::postgres::{PgAdvisoryLock, PgPoolOptions};
            use $sqlx::{Acquire, Either, Error, PgConnection};

            use super::{PATIENCE, counted, errors, pool_value};

            pub(crate) struct Scene {
                pub(crate) server: Postgres,
                pub(crate) metrics: MetricsRegistry,
                pub(crate) pool: ObservedPool<$sqlx::Postgres>,
            }

            pub(crate) async fn scene() -> Result<Scene> {
                let server = Postgres::start().await?;
                let options = PgPoolOptions::new().max_connections(2).acquire_timeout(PATIENCE);
                let bare = options.connect(server.url()).await?;
                let schema = "create table copied (id bigint primary key, name text);
                              create table locked (id bigint)";
                $sqlx::raw_sql(schema).execute(&bare).await?;
                let metrics = MetricsRegistry::new();
                let pool = PoolObserver::new(&bare).wrap(&metrics)?;
                Ok(Scene { server, metrics, pool })
            }

            pub(crate) async fn rows(scene: &Scene) -> Result<i64> {
                let count = $sqlx::query_scalar("select count(*) from copied");
                Ok(count.fetch_one(scene.pool.inner()).await?)
            }

            pub(crate) async fn copies_in() -> Result<()> {
                const COPY: &str = "copy public.copied (id, name) from stdin";
                let scene = scene().await?;
                let Scene { metrics, pool, .. } = &scene;

                let mut copy = pool.copy_in_raw(COPY).await?;
                ensure!(copy.is_textual() && copy.num_columns() == 2, "it is sqlx's own");
                copy.send(&b"1\ta\n"[..]).await?.send(&b"2\tb\n"[..]).await?;
                ensure!(counted(metrics, "copied")?.is_empty(), "it has not ended");
                ensure!(pool_value(metrics, "hold_duration_seconds_count")? == 0.0);
                ensure!(copy.finish().await? == 2);
                ensure!(counted(metrics, "copied")? == [("other success".to_owned(), 1.0)]);
                ensure!(pool_value(metrics, "hold_duration_seconds_count")? == 1.0);

                let mut connection = pool.acquire().await?;
                let mut copy = connection.copy_in_raw(COPY).await?;
                copy.read_from(&b"3\tc\n"[..]).await?;
                ensure!(copy.finish().await? == 1);
                let mut transaction = connection.begin().await?;
                let mut copy = transaction.copy_in_raw(COPY).await?;
                copy.send(&b"4\td\n"[..]).await?;
                ensure!(copy.finish().await? == 1);
                transaction.rollback().await?;
                ensure!(counted(metrics, "copied")? == [("other success".to_owned(), 3.0)]);
                ensure!(rows(&scene).await? == 3);

                // A key that exists, a table that does not, a copy that is aborted, and two that are dropped.
                let mut copy = connection.copy_in_raw(COPY).await?;
                copy.send(&b"1\ta\n"[..]).await?;
                ensure!(copy.finish().await.is_err());
                ensure!(connection.copy_in_raw("copy nowhere from stdin").await.is_err());
                let mut copy = connection.copy_in_raw(COPY).await?;
                copy.send(&b"5\te\n"[..]).await?;
                copy.abort("changed my mind").await?;
                let mut copy = connection.copy_in_raw(COPY).await?;
                copy.send(&b"6\tf\n"[..]).await?;
                drop(copy);
                drop(pool.copy_in_raw(COPY).await?);
                let expected = [("other error".to_owned(), 4.0), ("other success".to_owned(), 3.0)];
                ensure!(
                    counted(metrics, "copied")? == expected,
                    "{:?}",
                    counted(metrics, "copied")
                );
                ensure!(counted(metrics, "nowhere")? == [("other error".to_owned(), 1.0)]);
                ensure!(rows(&scene).await? == 3);
                ensure!(errors(metrics)? == 0.0, "none was of the connection");
                Ok(())
            }

            /// A pool without a free connection, and a closed pool.
            pub(crate) async fn copies_that_get_no_connection() -> Result<()> {
                let server = Postgres::start().await?;
                let patience = std::time::Duration::from_millis(200);
                let options = PgPoolOptions::new().max_connections(1).acquire_timeout(patience);
                let metrics = MetricsRegistry::new();
                let bare = options.connect_lazy(server.url())?;
                let pool = PoolObserver::new(&bare).wrap(&metrics)?;
                integration_tests::eventually("a connection opens", async || {
                    Ok(bare.acquire().await.is_ok())
                })
                .await?;
                integration_tests::eventually("it is idle", async || Ok(bare.num_idle() == 1))
                    .await?;
                let held = pool.try_acquire().context("it is idle")?;
                ensure!(matches!(
                    pool.copy_in_raw("copy copied from stdin").await,
                    Err(Error::PoolTimedOut)
                ));
                ensure!(matches!(pool.listener().await, Err(Error::PoolTimedOut)));
                ensure!(counted(&metrics, "copied")? == [("other error".to_owned(), 1.0)]);
                ensure!(pool_value(&metrics, "acquire_timeouts_total")? == 2.0);
                ensure!(errors(&metrics)? == 2.0);
                drop(held);
                pool.close().await;
                ensure!(matches!(
                    pool.copy_out_raw("copy copied to stdout").await,
                    Err(Error::PoolClosed)
                ));
                Ok(())
            }

            pub(crate) async fn notifications() -> Result<()> {
                let scene = scene().await?;
                let Scene { metrics, pool, .. } = &scene;
                let mut listener = pool.listener().await?;
                ensure!(pool_value(metrics, "acquire_duration_seconds_count")? == 1.0);
                ensure!(pool_value(metrics, "checked_out")? == 1.0);
                listener.listen("agents").await?;
                let notify = $sqlx::query("select pg_notify('agents', 'scout')");
                notify.execute(pool).await?;
                ensure!(listener.recv().await?.payload() == "scout");
                let expected = [("select success".to_owned(), 1.0)];
                ensure!(counted(metrics, "unknown")? == expected, "LISTEN is not counted");
                Ok(())
            }

            /// The lock accepts a wrapped connection, and returns sqlx's. Queries on a session on that
            /// connection are counted.
            pub(crate) async fn advisory_locks() -> Result<()> {
                let scene = scene().await?;
                let Scene { metrics, pool, .. } = &scene;
                let insert = || $sqlx::query("insert into locked values (1)");
                let lock = PgAdvisoryLock::new("nightly");

                let mut guard = lock.acquire(pool.acquire().await?).await?;
                let other = PgAdvisoryLock::new("nightly");
                ensure!(matches!(
                    other.try_acquire(pool.acquire().await?).await?,
                    Either::Right(_)
                ));
                let bare: &mut PgConnection = &mut guard;
                insert().execute(bare).await?;
                ensure!(counted(metrics, "locked")?.is_empty(), "it is documented so");

                let mut session = pool.session(guard.as_mut());
                insert().execute(&mut session).await?;
                let mut transaction = session.begin().await?;
                insert().execute(&mut *transaction).await?;
                transaction.commit().await?;
                drop(session);
                let connection = guard.release_now().await?;
                ensure!(counted(metrics, "locked")? == [("insert success".to_owned(), 2.0)]);
                let again = other.try_acquire(connection).await?;
                let Either::Left(guard) = again else { anyhow::bail!("it was released") };
                drop(guard);
                let page = integration_tests::Page::of(metrics)?;
                let committed = &[("outcome", "committed")];
                ensure!(page.value("caracal_database_transactions_total", committed) == 1.0);
                ensure!(page.sum("caracal_database_savepoints_total", &[]) == 0.0);

                // In one of sqlx's own transactions, a transaction that the session begins is a savepoint.
                let mut own = Acquire::begin(pool).await?;
                let mut session = pool.session(&mut own);
                let savepoint = session.begin().await?;
                savepoint.commit().await?;
                drop(session);
                own.commit().await?;
                let page = integration_tests::Page::of(metrics)?;
                let released = &[("outcome", "released")];
                ensure!(page.value("caracal_database_savepoints_total", released) == 1.0);
                ensure!(page.value("caracal_database_transactions_total", committed) == 1.0);
                Ok(())
            }
        }
    };
}

own_types!(v0_8, sqlx_0_8, sqlx_0_8);
own_types!(v0_9, sqlx, sqlx);
