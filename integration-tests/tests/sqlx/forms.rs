//! Every way in which sqlx runs a query.

use anyhow::{Result, ensure};
use futures_util::TryStreamExt;
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::{
    Arguments, Connection, Either, Executor, FromRow, Postgres, QueryBuilder, Row, SqlSafeStr,
    Statement,
};

use crate::scene::Scene;

const SELECTED: &[&str] = &["select agents success"];

#[derive(Debug, FromRow, PartialEq)]
struct Agent {
    id: i64,
    name: String,
}

fn agent(id: i64, name: &str) -> Agent {
    Agent { id, name: name.to_owned() }
}

/// A function that does not depend on this crate.
async fn count_agents<'c>(executor: impl Executor<'c, Database = Postgres>) -> sqlx::Result<i64> {
    sqlx::query_scalar("select count(*) from agents").fetch_one(executor).await
}

pub(crate) async fn each_form_counts_once() -> Result<()> {
    let scene = Scene::set().await?;
    let pool = &scene.pool;

    let all = sqlx::query("select * from agents").fetch_all(pool);
    let rows = scene.counts("query", SELECTED, all).await??;
    ensure!(rows.len() == 3);

    let one = sqlx::query_as("select id, name from agents where id = $1").bind(2).fetch_one(pool);
    let read: Agent = scene.counts("query_as", SELECTED, one).await??;
    ensure!(read == agent(2, "b"), "{read:?}");

    let name = sqlx::query_scalar("select name from agents where id = $1").bind(3).fetch_one(pool);
    let name: String = scene.counts("query_scalar", SELECTED, name).await??;
    ensure!(name == "c");

    let none = sqlx::query("select * from agents where id = 9").fetch_optional(pool);
    ensure!(scene.counts("an answer without a row", SELECTED, none).await??.is_none());
    let none = sqlx::query("select * from agents where id = 9").fetch_one(pool);
    let none = scene.counts("an answer where a row was wanted", SELECTED, none).await?;
    ensure!(matches!(none, Err(sqlx::Error::RowNotFound)), "{none:?}");

    let mut builder = QueryBuilder::<Postgres>::new("insert into agents (name) ");
    builder.push_values(["d", "e"], |mut row, name| {
        row.push_bind(name);
    });
    let inserted = builder.build().execute(pool);
    let inserted = scene.counts("QueryBuilder", &["insert agents success"], inserted).await??;
    ensure!(inserted.rows_affected() == 2);

    let mut builder = QueryBuilder::<Postgres>::new("select * from agents where id in (");
    builder.separated(", ").push_bind(1_i64).push_bind(2_i64).push_unseparated(") order by id");
    let read: Vec<Agent> = scene
        .counts("build_query_as", SELECTED, builder.build_query_as().fetch_all(pool))
        .await??;
    ensure!(read == [agent(1, "a"), agent(2, "b")], "{read:?}");

    let raw = sqlx::raw_sql("select * from agents").fetch_all(pool);
    ensure!(scene.counts("raw_sql", SELECTED, raw).await??.len() == 5);
    let text = pool.fetch_one("select count(*) from agents");
    let count: i64 = scene.counts("a text as it is", SELECTED, text).await??.get(0);
    ensure!(count == 5);

    // One text with one round trip counts as one query.
    let batch =
        sqlx::raw_sql("update agents set name = 'x' where id = 1; delete from agents where id = 2");
    let done = scene.counts("several statements", &["other batch success"], batch.execute(pool));
    ensure!(done.await??.rows_affected() == 2);
    let left = scene.counts("query_scalar, fetch_all", SELECTED, count_agents(pool)).await??;
    ensure!(left == 4, "{left} are left");
    scene.no_connection_errors()
}

/// Checks the expansion of `query!` (arguments that are already encoded, and a mapping of the row), and
/// statements that were prepared explicitly. They stay prepared in the same cases as without the wrapper.
pub(crate) async fn prepared_statements() -> Result<()> {
    const SQL: &str = "select name from agents where id = $1";
    let scene = Scene::set().await?;
    let mut connection = scene.pool.acquire().await?;
    let prepared = async |bare: &mut sqlx::PgConnection| -> Result<i64> {
        let count = "select count(*) from pg_prepared_statements where statement = $1";
        Ok(sqlx::query_scalar(count).bind(SQL).persistent(false).fetch_one(bare).await?)
    };
    let map = |id: i64, persistent: bool| -> Result<_> {
        let mut arguments = PgArguments::default();
        arguments.add(id).map_err(anyhow::Error::from_boxed)?;
        let query = sqlx::query_with(SQL, arguments).persistent(persistent);
        Ok(query.try_map(|row: PgRow| row.try_get::<String, _>(0)))
    };

    let name = map(1, false)?.fetch_one(&mut *connection);
    ensure!(scene.counts("a map that does not persist", SELECTED, name).await?? == "a");
    ensure!(prepared(connection.inner()).await? == 0, "nobody wanted it kept");
    for (id, name) in [(2, "b"), (3, "c")] {
        let read = map(id, true)?.fetch_one(&mut *connection);
        ensure!(scene.counts("a map that persists", SELECTED, read).await?? == name);
        ensure!(prepared(connection.inner()).await? == 1, "prepared once, and kept");
    }
    let mut bare = scene.pool.inner().acquire().await?;
    map(1, true)?.fetch_one(&mut *bare).await?;
    ensure!(prepared(&mut bare).await? == 1, "as it is without the wrapper");

    // If the map itself is passed to an executor, its arguments were already taken, and it is not persistent.
    for connection in [connection.inner(), &mut *bare] {
        connection.clear_cached_statements().await?;
    }
    let row = (&mut *connection).fetch_one(map(1, true)?);
    scene.counts("a map as it is", SELECTED, row).await??;
    (&mut *bare).fetch_one(map(1, true)?).await?;
    let kept = (prepared(connection.inner()).await?, prepared(&mut bare).await?);
    ensure!(kept == (0, 0), "with and without the wrapper: {kept:?}");

    let statement = (&mut *connection).prepare(SQL.into_sql_str());
    let statement = scene.counts("preparing", &[], statement).await??;
    ensure!(prepared(connection.inner()).await? == 1);
    for (id, name) in [(1_i64, "a"), (2, "b")] {
        let read = statement.query_scalar().bind(id).fetch_one(&mut *connection);
        let read: String = scene.counts("a statement prepared before", SELECTED, read).await??;
        ensure!(read == name);
    }
    ensure!(prepared(connection.inner()).await? == 1);
    Ok(())
}

pub(crate) async fn streams() -> Result<()> {
    let scene = Scene::set().await?;
    let pool = &scene.pool;

    let all = sqlx::query_as("select * from agents").fetch(pool).try_collect();
    let agents: Vec<Agent> = scene.counts("a stream to its end", SELECTED, all).await??;
    ensure!(agents.len() == 3);

    let some = async {
        let mut rows = sqlx::query("select * from agents, generate_series(1, 1000)").fetch(pool);
        rows.try_next().await.map(|row| row.is_some())
    };
    ensure!(scene.counts("a stream dropped after a row", SELECTED, some).await??);

    // Rows arrive before the error, because the server sends the series in pieces.
    let failing = "select 1 / (n - 100000) from agents, generate_series(1, 100000) n";
    let failing = async {
        let mut rows = sqlx::query(failing).fetch(pool);
        let mut seen = 0_u32;
        loop {
            match rows.try_next().await {
                Ok(Some(_)) => seen += 1,
                Ok(None) => return (seen, None),
                Err(error) => return (seen, Some(error)),
            }
        }
    };
    let failed = &["select agents error"];
    let (seen, error) = scene.counts("a stream with an error in it", failed, failing).await?;
    ensure!(seen > 0 && error.is_some(), "{seen} rows, then {error:?}");

    let drop_unpolled = async { drop(sqlx::query("select * from agents").fetch(pool)) };
    scene.counts("a stream that nobody polled", &[], drop_unpolled).await?;

    let steps =
        pool.fetch_many(sqlx::raw_sql("delete from agents where id < 3; select * from agents"));
    let steps = scene.counts("fetch_many", &["other batch success"], steps.try_collect::<Vec<_>>());
    let steps = steps.await??;
    let deleted = matches!(&steps[0], Either::Left(done) if done.rows_affected() == 2);
    ensure!(deleted && matches!(steps[1], Either::Right(_)), "{} steps", steps.len());
    scene.no_connection_errors()
}

pub(crate) async fn functions_generic_over_executor() -> Result<()> {
    let scene = Scene::set().await?;
    let counted = scene.counts("on the pool", SELECTED, count_agents(&scene.pool)).await??;
    ensure!(counted == 3);

    let mut connection = scene.pool.acquire().await?;
    scene.counts("on a connection", SELECTED, count_agents(&mut connection)).await??;
    scene.counts("on what it dereferences to", SELECTED, count_agents(&mut *connection)).await??;
    scene.counts("on what is inside", &[], count_agents(connection.inner())).await??;

    let mut transaction = scene.pool.begin().await?;
    scene.counts("in a transaction", SELECTED, count_agents(&mut transaction)).await??;
    scene.counts("on its session", SELECTED, count_agents(&mut *transaction)).await??;
    transaction.commit().await?;
    Ok(())
}
