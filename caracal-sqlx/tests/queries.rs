//! Every way to run a query on SQLite, and how it is counted.

mod page;

use futures_util::TryStreamExt as _;
use page::{Counts, observed, queries};
use sqlx::{Executor, FromRow, QueryBuilder, Row as _, Sqlite};

#[derive(Debug, FromRow, PartialEq)]
struct Agent {
    id: i64,
    name: String,
}

async fn count_agents<'c, E: Executor<'c, Database = Sqlite>>(executor: E) -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM agents").fetch_one(executor).await.unwrap()
}

#[tokio::test]
async fn each_form_of_query_counts_once() {
    let (metrics, pool) = observed().await;
    let selects = || queries(&metrics, "select", "agents");
    let mut expected = 0.0;
    let mut once_more = |form: &str| {
        expected += 1.0;
        assert_eq!(
            selects(),
            Counts { success: expected, error: 0.0, durations: expected },
            "{form}"
        );
    };

    let rows = sqlx::query("SELECT * FROM agents").fetch_all(&pool).await.unwrap();
    assert_eq!(rows.len(), 3);
    once_more("query, fetch_all");
    let agent: Agent = sqlx::query_as("SELECT * FROM agents WHERE id = $1")
        .bind(2)
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(agent, Agent { id: 2, name: "b".to_owned() });
    once_more("query_as, fetch_one");
    assert_eq!(count_agents(&pool).await, 3);
    once_more("query_scalar, generic over Executor");
    let none =
        sqlx::query("SELECT * FROM agents WHERE id = 9").fetch_optional(&pool).await.unwrap();
    assert!(none.is_none());
    once_more("fetch_optional without a row");
    let none = sqlx::query("SELECT * FROM agents WHERE id = 9").fetch_one(&pool).await;
    assert!(matches!(none, Err(sqlx::Error::RowNotFound)));
    once_more("fetch_one without a row is an answer");
    sqlx::query("SELECT * FROM agents").execute(&pool).await.unwrap();
    once_more("execute");
    let names: Vec<String> = sqlx::query("SELECT * FROM agents")
        .map(|row: sqlx::sqlite::SqliteRow| row.get("name"))
        .fetch_all(&pool)
        .await
        .unwrap();
    assert_eq!(names, ["a", "b", "c"]);
    once_more("map");
    let mut builder = QueryBuilder::<Sqlite>::new("SELECT * FROM agents WHERE id IN (");
    builder.separated(", ").push_bind(1).push_bind(2).push_unseparated(")");
    let agents: Vec<Agent> = builder.build_query_as().fetch_all(&pool).await.unwrap();
    assert_eq!(agents.len(), 2);
    once_more("QueryBuilder");
    let rows = sqlx::raw_sql("SELECT * FROM agents").fetch_all(&pool).await.unwrap();
    assert_eq!(rows.len(), 3);
    once_more("raw_sql");
    assert!((&pool).fetch_one("SELECT * FROM agents").await.is_ok());
    once_more("a text as it is");
    let agents: Vec<Agent> =
        sqlx::query_as("SELECT * FROM agents").fetch(&pool).try_collect().await.unwrap();
    assert_eq!(agents.len(), 3);
    once_more("a stream to its end");

    // `query!` expands to this: arguments that are already encoded, and a mapping of the row.
    let mut arguments = sqlx::sqlite::SqliteArguments::default();
    sqlx::Arguments::add(&mut arguments, 3).unwrap();
    let id: i64 = sqlx::query_with("SELECT id FROM agents WHERE id = $1", arguments)
        .try_map(|row: sqlx::sqlite::SqliteRow| row.try_get(0))
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(id, 3);
    once_more("query_with and try_map");
}

#[tokio::test]
async fn operations_and_tables_are_told_apart() {
    let (metrics, pool) = observed().await;
    for sql in [
        "INSERT INTO agents (name) VALUES ('d')",
        "UPDATE agents SET name = 'e' WHERE id = 1",
        "DELETE FROM agents WHERE id = 2",
        "CREATE TABLE main.tools (id INTEGER PRIMARY KEY)",
        "PRAGMA foreign_keys = ON",
    ] {
        sqlx::query(sql).execute(&pool).await.unwrap();
    }
    let once = Counts { success: 1.0, error: 0.0, durations: 1.0 };
    for operation in ["insert", "update", "delete"] {
        assert_eq!(queries(&metrics, operation, "agents"), once, "{operation}");
    }
    assert_eq!(queries(&metrics, "other", "tools"), once);
    assert_eq!(queries(&metrics, "other", "unknown"), once);
}

#[tokio::test]
async fn several_statements_in_one_text_are_one_query() {
    let (metrics, pool) = observed().await;
    let text = "INSERT INTO agents (name) VALUES ('d'); DELETE FROM agents; SELECT 1";
    pool.execute(sqlx::raw_sql(text)).await.unwrap();
    let once = Counts { success: 1.0, error: 0.0, durations: 1.0 };
    assert_eq!(queries(&metrics, "other", "batch"), once);
    assert_eq!(count_agents(&pool).await, 0);
}

#[tokio::test]
async fn a_text_without_a_statement_is_answered_with_nothing_and_that_is_a_success() {
    let (metrics, pool) = observed().await;
    pool.execute(sqlx::raw_sql("-- only a comment")).await.unwrap();
    let once = Counts { success: 1.0, error: 0.0, durations: 1.0 };
    assert_eq!(queries(&metrics, "other", "unknown"), once);
}

#[tokio::test]
async fn connections_and_transactions_are_executors_with_and_without_a_star() {
    let (metrics, pool) = observed().await;
    let mut connection = pool.acquire().await.unwrap();
    assert_eq!(count_agents(&mut connection).await, 3);
    assert_eq!(count_agents(&mut *connection).await, 3);
    drop(connection);
    let mut transaction = pool.begin().await.unwrap();
    assert_eq!(count_agents(&mut transaction).await, 3);
    assert_eq!(count_agents(&mut *transaction).await, 3);
    transaction.commit().await.unwrap();
    assert_eq!(queries(&metrics, "select", "agents").success, 4.0);
}

#[tokio::test]
async fn a_statement_that_fails_is_an_error_of_the_query_only() {
    let (metrics, pool) = observed().await;
    let insert = sqlx::query("INSERT INTO agents (id, name) VALUES (1, 'again')");
    assert!(insert.execute(&pool).await.is_err());
    assert!(sqlx::query("SELECT nothing FROM agents").fetch_all(&pool).await.is_err());
    assert!(sqlx::query("SELECT nothing FROM agents").fetch_optional(&pool).await.is_err());
    assert_eq!(
        queries(&metrics, "insert", "agents"),
        Counts { success: 0.0, error: 1.0, durations: 1.0 }
    );
    assert_eq!(
        queries(&metrics, "select", "agents"),
        Counts { success: 0.0, error: 2.0, durations: 2.0 }
    );
    assert_eq!(page::connection_errors(&metrics), []);
}

#[tokio::test]
async fn a_stream_dropped_after_rows_is_a_success() {
    let (metrics, pool) = observed().await;
    {
        let mut rows = sqlx::query("SELECT * FROM agents").fetch(&pool);
        assert!(rows.try_next().await.unwrap().is_some());
        assert_eq!(queries(&metrics, "select", "agents").durations, 0.0, "not over yet");
    }
    let once = Counts { success: 1.0, error: 0.0, durations: 1.0 };
    assert_eq!(queries(&metrics, "select", "agents"), once);
}

#[tokio::test]
async fn a_query_dropped_before_any_answer_is_an_error() {
    let (metrics, pool) = observed().await;
    let held: Vec<_> = page::all_connections(&pool).await;
    {
        let mut rows = sqlx::query("SELECT * FROM agents").fetch(&pool);
        assert!(futures_util::poll!(rows.try_next()).is_pending());
    }
    let mut counts = Counts { success: 0.0, error: 1.0, durations: 1.0 };
    assert_eq!(queries(&metrics, "select", "agents"), counts);
    {
        let row = sqlx::query("SELECT * FROM agents").fetch_optional(&pool);
        let mut row = std::pin::pin!(row);
        assert!(futures_util::poll!(&mut row).is_pending());
    }
    {
        let done = sqlx::query("SELECT * FROM agents").execute(&pool);
        let mut done = std::pin::pin!(done);
        assert!(futures_util::poll!(&mut done).is_pending());
    }
    (counts.error, counts.durations) = (3.0, 3.0);
    assert_eq!(queries(&metrics, "select", "agents"), counts);
    drop(held);
}

#[tokio::test]
async fn what_is_never_polled_is_no_query() {
    let (metrics, pool) = observed().await;
    let mut connection = pool.acquire().await.unwrap();
    drop(sqlx::query("SELECT * FROM agents").fetch(&pool));
    drop(sqlx::query("SELECT * FROM agents").fetch(&mut *connection));
    drop(sqlx::query("SELECT * FROM agents").fetch_optional(&pool));
    drop((&mut *connection).fetch_optional("SELECT * FROM agents"));
    assert_eq!(queries(&metrics, "select", "agents"), Counts::default());
}

#[tokio::test]
async fn an_error_in_the_middle_of_a_stream_is_an_error() {
    let (metrics, pool) = observed().await;
    let sql =
        "SELECT json(value) FROM (SELECT '1' AS value UNION ALL SELECT 'no json') JOIN agents";
    let mut rows = sqlx::query(sql).fetch(&pool);
    let mut seen = 0;
    let error = loop {
        match rows.try_next().await {
            Ok(Some(_)) => seen += 1,
            Ok(None) => panic!("it should have failed"),
            Err(error) => break error,
        }
    };
    assert!(seen > 0, "{error}");
    drop(rows);
    let once = Counts { success: 0.0, error: 1.0, durations: 1.0 };
    assert_eq!(queries(&metrics, "select", "agents"), once);
}

#[tokio::test]
async fn what_runs_on_the_inner_pool_is_not_counted() {
    let (metrics, pool) = observed().await;
    assert_eq!(count_agents(pool.inner()).await, 3);
    let mut connection = pool.acquire().await.unwrap();
    assert_eq!(count_agents(connection.inner()).await, 3);
    assert_eq!(queries(&metrics, "select", "agents"), Counts::default());
}
