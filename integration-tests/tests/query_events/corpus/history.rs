//! The structure of atuinsh/atuin's server: a database trait over two pools, the second for reading, and
//! statements that are repeated in a transaction.

use std::collections::HashMap;

use anyhow::{Result, ensure};
use futures_util::TryStreamExt;
use sqlx::Row;

use super::super::Expected;
use super::db::PgPool;

pub(crate) const SCHEMA: &str = "
    create table history (id bigserial primary key, client_id text unique, user_id bigint, data text,
                          deleted_at timestamptz);
    create table store (client_id bigint primary key, user_id bigint, host text, idx bigint, data text);
    create table store_idx_cache (user_id bigint, host text, idx bigint, primary key (user_id, host));
    create table sessions (user_id bigint, token text);
";

pub(crate) const COUNTED: Expected = &[
    ("insert", "history", 3),
    ("select", "history", 3),
    ("update", "history", 1),
    ("delete", "history", 1),
    ("insert", "store", 3),
    ("insert", "store_idx_cache", 1),
    ("delete", "store", 1),
    ("delete", "store_idx_cache", 1),
    ("delete", "sessions", 1),
];

struct Postgres {
    pool: PgPool,
    read_pool: Option<PgPool>,
}

struct History {
    client_id: String,
    data: String,
}

impl<'r> sqlx::FromRow<'r, sqlx::postgres::PgRow> for History {
    fn from_row(row: &'r sqlx::postgres::PgRow) -> sqlx::Result<Self> {
        Ok(Self { client_id: row.try_get("client_id")?, data: row.try_get("data")? })
    }
}

impl Postgres {
    fn read_pool(&self) -> &PgPool {
        self.read_pool.as_ref().unwrap_or(&self.pool)
    }

    async fn add_history(&self, user: i64, history: &[(&str, &str)]) -> Result<()> {
        let mut tx = self.pool.begin().await?;
        for (client_id, data) in history {
            let insert = sqlx::query(
                "insert into history
                    (client_id, user_id, data)
                values ($1, $2, $3)
                on conflict do nothing
                ",
            );
            insert.bind(*client_id).bind(user).bind(*data).execute(&mut *tx).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    async fn count_history(&self, user: i64) -> Result<i64> {
        let count = sqlx::query_as(
            "select count(1) from history
            where user_id = $1",
        );
        let count: (i64,) = count.bind(user).fetch_one(self.read_pool()).await?;
        Ok(count.0)
    }

    async fn list_history(&self, user: i64) -> Result<Vec<History>> {
        let list = sqlx::query_as("select client_id, data from history where user_id = $1 order by id");
        let list = list.bind(user).fetch(self.read_pool()).map_ok(|history: History| history);
        Ok(list.try_collect().await?)
    }

    async fn delete_history(&self, user: i64, client_id: String) -> Result<()> {
        let delete = sqlx::query(
            "update history
            set deleted_at = now()
            where user_id = $1
            and client_id = $2
            and deleted_at is null", // once is enough
        );
        delete.bind(user).bind(client_id).fetch_all(&self.pool).await?;
        Ok(())
    }

    async fn deleted_history(&self, user: i64) -> Result<Vec<String>> {
        let deleted = sqlx::query(
            "select client_id from history
            where user_id = $1
            and deleted_at is not null",
        );
        let rows = deleted.bind(user).fetch_all(self.read_pool()).await?;
        Ok(rows.iter().map(|row| row.get::<String, _>("client_id")).collect())
    }

    async fn add_records(&self, user: i64, records: &[(i64, &str, i64)]) -> Result<()> {
        let mut tx = self.pool.begin().await?;
        let mut heads = HashMap::<&str, i64>::new();
        for (id, host, idx) in records {
            let insert = sqlx::query(
                "insert into store (client_id, user_id, host, idx) values ($1, $2, $3, $4)
                on conflict do nothing",
            );
            let result = insert.bind(id).bind(user).bind(host).bind(idx).execute(&mut *tx).await?;
            if result.rows_affected() > 0 {
                heads.entry(host).and_modify(|head| *head = (*head).max(*idx)).or_insert(*idx);
            }
        }
        for (host, idx) in heads {
            let cache = sqlx::query(
                "insert into store_idx_cache
                    (user_id, host, idx)
                values ($1, $2, $3)
                on conflict(user_id, host) do update set idx = greatest(store_idx_cache.idx, $3)
                ",
            );
            cache.bind(user).bind(host).bind(idx).execute(&mut *tx).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    async fn delete_store(&self, user: i64) -> Result<()> {
        let mut tx = self.pool.begin().await?;
        for delete in ["delete from store where user_id = $1", "delete from store_idx_cache where user_id = $1"] {
            sqlx::query(delete).bind(user).execute(&mut *tx).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    async fn delete_user(&self, user: i64) -> Result<()> {
        sqlx::query("delete from sessions where user_id = $1").bind(user).execute(&self.pool).await?;
        sqlx::query("delete from history where user_id = $1").bind(user).execute(&self.pool).await?;
        Ok(())
    }
}

pub(crate) async fn serve(pool: &PgPool) -> Result<()> {
    let database = Postgres { pool: pool.clone(), read_pool: Some(pool.clone()) };
    database.add_history(1, &[("x", "ls"), ("y", "cd"), ("x", "again")]).await?;
    ensure!(database.count_history(1).await? == 2);
    let list = database.list_history(1).await?;
    ensure!(list.iter().map(|h| (&*h.client_id, &*h.data)).eq([("x", "ls"), ("y", "cd")]));
    database.delete_history(1, "x".to_owned()).await?;
    ensure!(database.deleted_history(1).await? == ["x"]);
    database.add_records(1, &[(1, "host", 0), (2, "host", 1), (2, "host", 1)]).await?;
    database.delete_store(1).await?;
    database.delete_user(1).await
}
