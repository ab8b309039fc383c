//! Runs the same random statements with each version of sqlx, bare and wrapped. The client counts them
//! itself.

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

/// Returns the statements that create the table of a run.
pub(crate) fn schema(table: &str) -> [String; 2] {
    [
        format!(
            "create table {table} (id bigint primary key auto_increment, name varchar(40) unique)"
        ),
        format!("insert into {table} (name) values ('a'), ('b'), ('c')"),
    ]
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
            use $sqlx::mysql::MySqlPoolOptions;

            use super::{Steps, text};
            use crate::scene::{Counts, Server};

            #[expect(clippy::too_many_lines, reason = "an arm for each kind of step")]
            pub(crate) async fn run(
                server: &Server,
                metrics: &MetricsRegistry,
                table: &str,
                seed: u64,
            ) -> Result<Counts> {
                let options = MySqlPoolOptions::new().max_connections(3).acquire_timeout(PATIENCE);
                let bare = options.connect(&server.url()).await?;
                let pool = $observe(&bare, metrics)?;
                let mut steps = Steps(seed);
                let mut books = Counts::new();
                let mut book = |operation: &str| {
                    *books.entry((operation.to_owned(), table.to_owned())).or_default() += 1;
                };
                let select = text("select name from TABLE where id > ?", table);
                let insert = text("insert into TABLE (name) values (?)", table);
                let update = text("update `TABLE` set name = name where id = ?", table);
                let delete = text("delete from TABLE where id > 3 and id < ?", table);
                let rows = text(
                    "with recursive n (i) as (select 1 union all select i + 1 from n where i < 300)
                     select id, i from TABLE, n",
                    table,
                );
                let fails = text("insert into TABLE (name) values ('a')", table);
                let sleeps = text("select sleep(0.01) from TABLE limit 1", table);
                let dies = text("select sleep(60) from TABLE", table);
                for step in 0..120_i64 {
                    let name = format!("{seed}-{step}");
                    match steps.below(10) {
                        0 => {
                            $sqlx::query(select).bind(0_i64).fetch_all(&pool).await?;
                            book("select");
                        }
                        1 => {
                            $sqlx::query(insert).bind(&name).execute(&pool).await?;
                            book("insert");
                        }
                        2 => {
                            let mut connection = pool.acquire().await?;
                            $sqlx::query(update).bind(1_i64).execute(&mut *connection).await?;
                            $sqlx::query(select)
                                .bind(9_i64)
                                .fetch_optional(&mut *connection)
                                .await?;
                            book("update");
                            book("select");
                        }
                        3 => {
                            let mut transaction = pool.begin().await?;
                            $sqlx::query(delete).bind(step).execute(&mut *transaction).await?;
                            book("delete");
                            transaction.commit().await?;
                        }
                        4 => {
                            let mut transaction = pool.begin().await?;
                            $sqlx::query(insert).bind(&name).execute(&mut *transaction).await?;
                            book("insert");
                            drop(transaction);
                        }
                        5 => {
                            let mut transaction = pool.begin().await?;
                            for end in 0..3 {
                                let mut savepoint = transaction.begin().await?;
                                $sqlx::query(update).bind(2_i64).execute(&mut *savepoint).await?;
                                book("update");
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
                            book("select");
                        }
                        7 => {
                            ensure!($sqlx::query(fails).execute(&pool).await.is_err());
                            book("insert");
                        }
                        8 => {
                            let mut connection = pool.acquire().await?;
                            {
                                let mut query =
                                    Box::pin($sqlx::raw_sql(sleeps).execute(&mut *connection));
                                // It is cancelled, unless the answer has already arrived.
                                let _answer = (&mut query).now_or_never();
                            }
                            // The server has received the whole statement.
                            connection.ping().await?;
                            book("select");
                        }
                        // This is rare, because a new connection takes time.
                        _ if step % 4 == 0 => {
                            let query = $sqlx::query(dies).execute(&pool);
                            let killed = server.kill_sleeping(dies);
                            let (ended, killed) = futures_util::join!(query, killed);
                            killed?;
                            ensure!(ended.is_err(), "its session was ended");
                            book("select");
                        }
                        _ => {}
                    }
                }
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

    type Pool = adapter::ObservedPool<sqlx::MySql>;
    type Pool08 = adapter_0_8::ObservedPool<sqlx_0_8::MySql>;

    pub(super) fn v0_9(pool: &sqlx::MySqlPool, metrics: &MetricsRegistry) -> Result<Pool> {
        Ok(adapter::PoolObserver::new(pool).wrap(metrics)?)
    }

    pub(super) fn v0_8(pool: &sqlx_0_8::MySqlPool, metrics: &MetricsRegistry) -> Result<Pool08> {
        Ok(adapter_0_8::PoolObserver::new(pool).wrap(metrics)?)
    }
}

workload!(v0_8, sqlx_0_8, |pool: &sqlx_0_8::MySqlPool, _| anyhow::Ok(pool.clone()));
workload!(wrapped_0_8, sqlx_0_8, super::observed::v0_8);
workload!(v0_9, sqlx, |pool: &sqlx::MySqlPool, _| anyhow::Ok(pool.clone()));
workload!(wrapped_0_9, sqlx, super::observed::v0_9);
