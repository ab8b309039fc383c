//! What a one-row select through a wrapped pool costs, beside the bare one in the same run.
//!
//! SQLite in memory is the fastest database there is, so the share of the wrapper is the largest.
//! Rounds of both alternate, and each is compared with its neighbour: the machine's moods hit both
//! alike. Ends with an error if the median ratio is over the limit.
#![allow(clippy::print_stdout, reason = "a benchmark reports to its user")]

use std::hint::black_box;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use caracal_metrics_core::MetricsRegistry;
use caracal_sqlx::PoolObserver;
use sqlx::sqlite::SqlitePoolOptions;
use sqlx::{Executor, Sqlite};

const LIMIT: f64 = 1.05;
const ROUNDS: usize = 201;
const SELECTS: usize = 100;

async fn time<'c>(executor: impl Executor<'c, Database = Sqlite> + Copy) -> Duration {
    let start = Instant::now();
    for id in 0..SELECTS {
        let select = sqlx::query_scalar::<_, String>("SELECT name FROM agents WHERE id = $1");
        let id = i64::try_from(id % 3 + 1).unwrap_or(1);
        black_box(select.bind(id).fetch_one(executor).await.expect("the row is there"));
    }
    start.elapsed()
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let metrics = MetricsRegistry::new();
    let bare = SqlitePoolOptions::new().max_connections(1).connect("sqlite::memory:").await;
    let bare = bare.expect("memory is always there");
    let schema = "CREATE TABLE agents (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
                  INSERT INTO agents (name) VALUES ('a'), ('b'), ('c')";
    sqlx::raw_sql(schema).execute(&bare).await.expect("the schema is right");
    let wrapped = PoolObserver::new(&bare).wrap(&metrics).expect("the registry is empty");

    let mut ratios = Vec::new();
    for round in 0..ROUNDS {
        // Turn about, so that neither is always the one that finds the caches warm.
        let (bare, wrapped) = if round % 2 == 0 {
            let bare = time(&bare).await;
            (bare, time(&wrapped).await)
        } else {
            let wrapped = time(&wrapped).await;
            (time(&bare).await, wrapped)
        };
        ratios.push(wrapped.as_secs_f64() / bare.as_secs_f64());
    }
    ratios.sort_by(f64::total_cmp);
    let ratio = ratios[ROUNDS / 2];
    println!("wrapped select / bare select: {ratio:.3}");
    if ratio > LIMIT {
        println!("over {LIMIT}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
