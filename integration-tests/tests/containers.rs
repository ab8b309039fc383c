//! The adapters against real databases, in containers.

use std::process::ExitCode;

use anyhow::{Result, ensure};
use integration_tests::{Needs, Postgres, run, test};
use sqlx::PgPool;

fn main() -> ExitCode {
    run(vec![test("postgres_answers_a_query", &[Needs::Docker], postgres_answers_a_query)])
}

async fn postgres_answers_a_query() -> Result<()> {
    let postgres = Postgres::start().await?;
    let pool = PgPool::connect(postgres.url()).await?;
    let one: i32 = sqlx::query_scalar("select 1").fetch_one(&pool).await?;
    ensure!(one == 1, "select 1 is {one}");
    Ok(())
}
