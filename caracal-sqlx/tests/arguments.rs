//! Prepared statements and encoded arguments, which have other types in sqlx 0.8.

mod page;

use page::{Counts, observed, queries};
use sqlx::encode::{Encode, IsNull};
use sqlx::error::BoxDynError;
use sqlx::sqlite::{SqliteArgumentsBuffer, SqliteTypeInfo};
use sqlx::{Executor as _, SqlSafeStr as _, Sqlite, Statement as _};

/// A value that can't be encoded.
struct Unencodable;

impl sqlx::Type<Sqlite> for Unencodable {
    fn type_info() -> SqliteTypeInfo {
        <i64 as sqlx::Type<Sqlite>>::type_info()
    }
}

impl Encode<'_, Sqlite> for Unencodable {
    fn encode_by_ref(&self, _: &mut SqliteArgumentsBuffer) -> Result<IsNull, BoxDynError> {
        Err("it has no encoding".into())
    }
}

#[tokio::test]
async fn a_statement_that_was_prepared_counts_when_it_runs() {
    let (metrics, pool) = observed().await;
    let sql = "SELECT id FROM agents WHERE id = $1".into_sql_str();
    let statement = (&pool).prepare(sql).await.unwrap();
    assert_eq!(queries(&metrics, "select", "agents"), Counts::default(), "preparing is no query");
    for id in 1..=2 {
        let (read,): (i64,) = statement.query_as().bind(id).fetch_one(&pool).await.unwrap();
        assert_eq!(read, id);
    }
    assert_eq!(queries(&metrics, "select", "agents").success, 2.0);
}

#[tokio::test]
async fn an_argument_that_cannot_be_encoded_fails_as_without_the_wrapper() {
    let (metrics, pool) = observed().await;
    let query = || sqlx::query("SELECT * FROM agents WHERE id = $1").bind(u64::MAX.to_string());
    assert!(query().fetch_all(&pool).await.is_ok());
    let broken = || sqlx::query("SELECT * FROM agents WHERE id = $1").bind(Unencodable);
    for result in [
        broken().fetch_optional(&pool).await.map(|_| ()),
        broken().fetch_all(&pool).await.map(|_| ()),
        broken().fetch_all(pool.inner()).await.map(|_| ()),
    ] {
        assert!(matches!(result, Err(sqlx::Error::Encode(_))), "{result:?}");
    }
    assert_eq!(queries(&metrics, "select", "agents").error, 2.0);
}
