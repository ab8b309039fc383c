//! Random statements: the counts on the page equal those of the client and of the server.

use anyhow::{Context, Result, ensure};
use caracal_metrics::MetricsRegistry;
use integration_tests::eventually;

use crate::scene::{Counts, Server, counted, events};
use crate::workload::{Books, schema, v0_8, v0_9, wrapped_0_8, wrapped_0_9};

const SEEDS: [u64; 3] = [1, 7, 2_026];

/// Returns the counts of a run on this table, without the name of the table, to compare runs.
fn by_operation(counts: &Counts) -> Vec<(String, u64)> {
    counts.iter().map(|((operation, _), count)| (operation.clone(), *count)).collect()
}

/// Returns what the client passed to the driver, only for this table.
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
    // The server may still run a statement whose client has disconnected.
    let expected = &books.completed;
    let mut completed = Counts::new();
    let what = format!("the server completes what the client of {table} has in its books");
    let came = eventually(&what, async || {
        completed = server.completed(&[table]).await?;
        Ok(completed == *expected)
    });
    came.await.with_context(|| format!("client: {expected:?}, server: {completed:?}"))?;
    Ok(page)
}

/// Runs the same statements twice: counted from the events, and by the wrapper.
macro_rules! differential {
    ($name:ident, $bare:ident, $wrapped:ident, $version:literal) => {
        pub(crate) async fn $name() -> Result<()> {
            let (metrics, server) = (events()?, Server::start().await?);
            for seed in SEEDS {
                let bare = format!(concat!("bare_", $version, "_{}"), seed);
                let observed = format!(concat!("wrapped_", $version, "_{}"), seed);
                server.prepare(schema(&bare)).await?;
                let books = $bare::run(server.url(), &server.admin, metrics, &bare, seed).await?;
                let from_events = check(&server, metrics, &bare, &books).await?;

                server.prepare(schema(&observed)).await?;
                let own = MetricsRegistry::new();
                let books =
                    $wrapped::run(server.url(), &server.admin, &own, &observed, seed).await?;
                let from_wrapper = check(&server, &own, &observed, &books).await?;
                let both = (by_operation(&from_events), by_operation(&from_wrapper));
                ensure!(both.0 == both.1, "{:?}, and the wrapper {:?}", both.0, both.1);
                let twice = counted(metrics, &[&observed])?;
                ensure!(twice.is_empty(), "counted by the wrapper and again: {twice:?}");
            }
            Ok(())
        }
    };
}

differential!(of_0_8, v0_8, wrapped_0_8, "0_8");
differential!(of_0_9, v0_9, wrapped_0_9, "0_9");
