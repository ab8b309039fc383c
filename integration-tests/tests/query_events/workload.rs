//! Runs the same random statements with each version of sqlx, bare and wrapped. The client counts them
//! itself.

use crate::scene::Counts;

/// The counts of the client.
#[derive(Debug, Default)]
pub(crate) struct Books {
    /// The statements that were passed to the driver, however they ended.
    pub(crate) given: Counts,
    /// The statements that the server completed.
    pub(crate) completed: Counts,
}

impl Books {
    fn given(&mut self, operation: &str, table: &str) {
        *self.given.entry((operation.to_owned(), table.to_owned())).or_default() += 1;
    }

    fn completed(&mut self, operation: &str, table: &str) {
        *self.completed.entry((operation.to_owned(), table.to_owned())).or_default() += 1;
    }

    fn both(&mut self, operation: &str, table: &str) {
        self.given(operation, table);
        self.completed(operation, table);
    }
}

/// Marsaglia's xorshift, which returns the same steps for the same seed.
pub(crate) struct Steps(pub(crate) u64);

impl Steps {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

/// Returns the statements that create the tables of a run.
pub(crate) fn schema(table: &str) -> String {
    format!(
        "create table {table} (id bigserial primary key, name text unique);
         insert into {table} (name) values ('a'), ('b'), ('c')"
    )
}

/// Returns a statement for this table with the lifetime `'static`, which both versions of sqlx accept.
fn text(statement: &str, table: &str) -> &'static str {
    statement.replace("TABLE", table).leak()
}

macro_rules! workload {
    ($name:ident, $sqlx:ident, $observe:expr) => {
        pub(crate) mod $name {
            use anyhow::{Result, ensure};
            use caracal_metrics::MetricsRegistry;
            use futures_util::{FutureExt, TryStreamExt};
            use integration_tests::{PATIENCE, eventually};
            #[allow(unused_imports, reason = "the wrapper's methods are inherent")]
            use $sqlx::Connection;
            use $sqlx::postgres::PgPoolOptions;

            use super::{Books, Steps, text};

            #[expect(clippy::too_many_lines, reason = "an arm for each kind of step")]
            pub(crate) async fn run(
                url: &str,
                admin: &sqlx::PgPool,
                metrics: &MetricsRegistry,
                table: &str,
                seed: u64,
            ) -> Result<Books> {
                let options = PgPoolOptions::new().max_connections(3).acquire_timeout(PATIENCE);
                let bare = options.connect(url).await?;
                let pool = $observe(&bare, metrics)?;
                let mut steps = Steps(seed);
                let mut books = Books::default();
                let select = text("select name from TABLE where id > $1", table);
                let insert = text("insert into TABLE (name) values ($1)", table);
                let update = text("update TABLE set name = name where id = $1", table);
                let delete = text("delete from TABLE where id > 3 and id < $1", table);
                let rows = text("select id, n from TABLE, generate_series(1, 300) n", table);
                let fails = text("insert into TABLE (name) values ('a')", table);
                let sleeps = text("select pg_sleep(0.01) from TABLE limit 1", table);
                let dies = text("select pg_sleep(60) from TABLE", table);
                let batch = text(
                    "update TABLE set id = id where id = 1; delete from TABLE where id = 0",
                    table,
                );
                for step in 0..120_i64 {
                    let name = format!("{seed}-{step}");
                    match steps.below(11) {
                        0 => {
                            $sqlx::query(select).bind(0_i64).fetch_all(&pool).await?;
                            books.both("select", table);
                        }
                        1 => {
                            $sqlx::query(insert).bind(&name).execute(&pool).await?;
                            books.both("insert", table);
                        }
                        2 => {
                            let mut connection = pool.acquire().await?;
                            $sqlx::query(update).bind(1_i64).execute(&mut *connection).await?;
                            $sqlx::query(select)
                                .bind(9_i64)
                                .fetch_optional(&mut *connection)
                                .await?;
                            books.both("update", table);
                            books.both("select", table);
                        }
                        3 => {
                            let mut transaction = pool.begin().await?;
                            $sqlx::query(delete).bind(step).execute(&mut *transaction).await?;
                            books.both("delete", table);
                            transaction.commit().await?;
                        }
                        4 => {
                            let mut transaction = pool.begin().await?;
                            $sqlx::query(insert).bind(&name).execute(&mut *transaction).await?;
                            books.both("insert", table);
                            drop(transaction);
                        }
                        5 => {
                            let mut transaction = pool.begin().await?;
                            for end in 0..3 {
                                let mut savepoint = transaction.begin().await?;
                                $sqlx::query(update).bind(2_i64).execute(&mut *savepoint).await?;
                                books.both("update", table);
                                match end {
                                    0 => savepoint.commit().await?,
                                    1 => savepoint.rollback().await?,
                                    _ => drop(savepoint),
                                }
                            }
                            transaction.rollback().await?;
                        }
                        6 => {
                            let mut stream = $sqlx::query(rows).fetch(&pool);
                            ensure!(stream.try_next().await?.is_some());
                            books.both("select", table);
                        }
                        7 => {
                            ensure!($sqlx::query(fails).execute(&pool).await.is_err());
                            books.given("insert", table);
                        }
                        8 => {
                            let mut connection = pool.acquire().await?;
                            {
                                let mut query =
                                    Box::pin($sqlx::raw_sql(sleeps).execute(&mut *connection));
                                // It is cancelled, unless the answer has already arrived.
                                let _answer = (&mut query).now_or_never();
                            }
                            // The server has received the whole statement, and completes it.
                            connection.ping().await?;
                            books.both("select", table);
                        }
                        9 => {
                            $sqlx::raw_sql(batch).execute(&pool).await?;
                            books.given("other", "batch");
                            books.completed("update", table);
                            books.completed("delete", table);
                        }
                        // This is rare, because a new connection takes time.
                        _ if step % 4 == 0 => {
                            let killed = async {
                                let find = "select pg_terminate_backend(pid) from pg_stat_activity
                                            where query = $1 and wait_event = 'PgSleep'";
                                eventually("the session is ended", async || {
                                    let ended: Vec<bool> = sqlx::query_scalar(find)
                                        .bind(dies)
                                        .fetch_all(admin)
                                        .await?;
                                    Ok(!ended.is_empty())
                                })
                                .await
                            };
                            let query = $sqlx::query(dies).execute(&pool);
                            let (ended, killed) = futures_util::join!(query, killed);
                            killed?;
                            ensure!(ended.is_err(), "its session was ended");
                            books.given("select", table);
                        }
                        _ => {}
                    }
                }
                // A closed pool does not read the remaining answers of connections that are returned later,
                // and the server does not complete a statement whose rows it can't send.
                eventually("all connections are back in the pool", async || {
                    Ok(usize::try_from(bare.size())? == bare.num_idle())
                })
                .await?;
                bare.close().await;
                Ok(books)
            }
        }
    };
}

/// The wrapped pools of both versions.
mod observed {
    use anyhow::Result;
    use caracal_metrics::{MetricsRegistry, sqlx as adapter, sqlx_0_8 as adapter_0_8};

    type Pool = adapter::ObservedPool<sqlx::Postgres>;
    type Pool08 = adapter_0_8::ObservedPool<sqlx_0_8::Postgres>;

    pub(super) fn v0_9(pool: &sqlx::PgPool, metrics: &MetricsRegistry) -> Result<Pool> {
        Ok(adapter::PoolObserver::new(pool).wrap(metrics)?)
    }

    pub(super) fn v0_8(pool: &sqlx_0_8::PgPool, metrics: &MetricsRegistry) -> Result<Pool08> {
        Ok(adapter_0_8::PoolObserver::new(pool).wrap(metrics)?)
    }
}

workload!(v0_8, sqlx_0_8, |pool: &sqlx_0_8::PgPool, _| anyhow::Ok(pool.clone()));
workload!(wrapped_0_8, sqlx_0_8, super::observed::v0_8);
workload!(v0_9, sqlx, |pool: &sqlx::PgPool, _| anyhow::Ok(pool.clone()));
workload!(wrapped_0_9, sqlx, super::observed::v0_9);
