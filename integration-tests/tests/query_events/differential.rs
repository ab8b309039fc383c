//! Random statements: what the page has equals the books of the client, and the server's own count.

use anyhow::{Result, ensure};
use caracal_metrics::MetricsRegistry;

use crate::scene::{Counts, Server, counted, events};
use crate::workload::{Books, schema, v0_8, v0_9, wrapped};

const SEEDS: [u64; 4] = [1, 7, 2_026, 0xCA2A_CA1];

/// The counts of a run on this table, without the table's name, to compare runs.
fn by_operation(counts: &Counts) -> Vec<(String, u64)> {
    counts.iter().map(|((operation, _), count)| (operation.clone(), *count)).collect()
}

/// What the client gave to the driver, on this table alone.
fn given(books: &Books, table: &str) -> Counts {
    let on_table = books.given.iter().filter(|((_, on), _)| on == table);
    on_table.map(|(key, count)| (key.clone(), *count)).collect()
}

async fn check(
    server: &Server,
    metrics: &MetricsRegistry,
    table: &str,
    books: &Books,
) -> Result<Counts> {
    let page = counted(metrics, &[table])?;
    let given = given(books, table);
    ensure!(page == given, "{table}: the page has {page:?}, the client {given:?}");
    let completed = server.completed(&[table]).await?;
    let expected = &books.completed;
    ensure!(
        completed == *expected,
        "{table}: the server has {completed:?}, the client {expected:?}"
    );
    Ok(page)
}

/// sqlx 0.8, counted from its events.
pub(crate) async fn of_0_8() -> Result<()> {
    let (metrics, server) = (events()?, Server::start().await?);
    for seed in SEEDS {
        let table = format!("old_{seed}");
        server.prepare(schema(&table)).await?;
        let books = v0_8::run(server.url(), &server.admin, metrics, &table, seed).await?;
        check(&server, metrics, &table, &books).await?;
    }
    Ok(())
}

/// sqlx 0.9, counted from its events and, in a second run of the same statements, by the wrapper.
pub(crate) async fn of_0_9_and_the_wrapper() -> Result<()> {
    let (metrics, server) = (events()?, Server::start().await?);
    for seed in SEEDS {
        let (bare, observed) = (format!("bare_{seed}"), format!("wrapped_{seed}"));
        server.prepare(schema(&bare)).await?;
        let books = v0_9::run(server.url(), &server.admin, metrics, &bare, seed).await?;
        let from_events = check(&server, metrics, &bare, &books).await?;

        server.prepare(schema(&observed)).await?;
        let own = MetricsRegistry::new();
        let books = wrapped::run(server.url(), &server.admin, &own, &observed, seed).await?;
        let from_wrapper = check(&server, &own, &observed, &books).await?;
        let (from_events, from_wrapper) = (by_operation(&from_events), by_operation(&from_wrapper));
        ensure!(from_events == from_wrapper, "{from_events:?}, and the wrapper {from_wrapper:?}");
        let twice = counted(metrics, &[&observed])?;
        ensure!(twice.is_empty(), "counted by the wrapper and again: {twice:?}");
    }
    Ok(())
}
