//! Generic code without any relation to this crate compiles in a program that links it.
//!
//! With an `Executor` for `&mut Wrapper<DB> where &mut DB::Connection: Executor`, it would not compile: the
//! compiler would look for the executor of a wrapper of a wrapper, and so on, without an end (E0275).

use caracal_sqlx as _;
use sqlx::{Connection, Database, Executor, IntoArguments, Pool, Sqlite, SqliteConnection};

async fn one<DB>(connection: &mut DB::Connection) -> Result<u64, sqlx::Error>
where
    DB: Database,
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
    DB::Arguments: IntoArguments<DB>,
{
    let mut seen = 0;
    for _ in 0..2 {
        sqlx::query::<DB>("SELECT 1").execute(&mut *connection).await?;
        seen += 1;
    }
    Ok(seen)
}

async fn pooled<DB>(pool: &Pool<DB>) -> Result<u64, sqlx::Error>
where
    DB: Database,
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
    DB::Arguments: IntoArguments<DB>,
{
    sqlx::query::<DB>("SELECT 1").execute(pool).await?;
    one::<DB>(&mut *pool.acquire().await?).await
}

struct Repository<C> {
    connection: C,
}

impl<C> Repository<C>
where
    for<'c> &'c mut C: Executor<'c, Database = Sqlite>,
{
    async fn ping(&mut self) -> Result<(), sqlx::Error> {
        sqlx::query("SELECT 1").execute(&mut self.connection).await.map(|_| ())
    }
}

#[tokio::test]
async fn generic_code_over_databases_and_executors_compiles_and_runs() {
    let mut connection = SqliteConnection::connect("sqlite::memory:").await.unwrap();
    assert_eq!(one::<Sqlite>(&mut connection).await.unwrap(), 2);
    Repository { connection }.ping().await.unwrap();
    let pool = Pool::<Sqlite>::connect_lazy("sqlite::memory:").unwrap();
    assert_eq!(pooled(&pool).await.unwrap(), 2);
}
