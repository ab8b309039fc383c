//! Random statements: the counts on the page equal those of the client and those of the server's own log.

use anyhow::{Context, Result, ensure};
use caracal_metrics::MetricsRegistry;
use integration_tests::eventually;

use crate::scene::{Counts, Server, counted, events};
use crate::workload::{schema, v0_8, v0_9, wrapped_0_8, wrapped_0_9};

const SEEDS: [u64; 2] = [3, 2_026];

async fn check(
    server: &Server,
    metrics: &MetricsRegistry,
    table: &str,
    before: &Counts,
    books: &Counts,
) -> Result<()> {
    let page = counted(metrics, table)?.into_iter().map(|(key, count)| {
        let more = count - before.get(&key).copied().unwrap_or_default();
        (key, more)
    });
    let page: Counts = page.filter(|(_, more)| *more > 0).collect();
    ensure!(page == *books, "{table}: the page has {page:?}, the client {books:?}");
    let mut received = Counts::new();
    // The server may not have read the statement of a client that disconnected.
    let came = eventually("the server receives what is in the client's books", async || {
        received = server.received(table).await?;
        Ok(received == *books)
    });
    came.await.with_context(|| format!("{table}: client {books:?}, server {received:?}"))
}

/// Runs the same statements twice: counted from the events, and by the wrapper.
macro_rules! differential {
    ($name:ident, $bare:ident, $wrapped:ident, $version:literal) => {
        pub(crate) async fn $name() -> Result<()> {
            let (metrics, server) = (events()?, Server::start().await?);
            for seed in SEEDS {
                let bare = format!(concat!("bare_", $version, "_{}"), seed);
                server.prepare(&schema(&bare)).await?;
                // The statements of the administrator also emit events.
                let before = counted(metrics, &bare)?;
                let books = $bare::run(&server, metrics, &bare, seed).await?;
                ensure!(books.len() == 4, "{books:?}");
                check(&server, metrics, &bare, &before, &books).await?;

                let observed = format!(concat!("wrapped_", $version, "_{}"), seed);
                server.prepare(&schema(&observed)).await?;
                let before = counted(metrics, &observed)?;
                let own = MetricsRegistry::new();
                let books = $wrapped::run(&server, &own, &observed, seed).await?;
                check(&server, &own, &observed, &Counts::new(), &books).await?;
                let twice = counted(metrics, &observed)?;
                ensure!(twice == before, "counted by the wrapper and again: {twice:?}, {before:?}");
            }
            Ok(())
        }
    };
}

differential!(of_0_8, v0_8, wrapped_0_8, "0_8");
differential!(of_0_9, v0_9, wrapped_0_9, "0_9");
