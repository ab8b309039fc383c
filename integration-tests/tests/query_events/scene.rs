//! The subscriber of the process, a server that counts its statements, and the counts of the page and of the
//! server.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use anyhow::{Context, Result};
use caracal_metrics::MetricsRegistry;
use caracal_metrics::sqlx::{Dialect, QueryEvents};
use integration_tests::{Page, Postgres};
use sqlx::postgres::PgPoolOptions;
use sqlx::{AssertSqlSafe, PgPool, Row};
use testcontainers::ImageExt;
use tracing::Level;
use tracing_subscriber::layer::SubscriberExt;

/// The number of statements, by operation and table.
pub(crate) type Counts = BTreeMap<(String, String), u64>;

/// Returns the registry that counts the events of this process.
pub(crate) fn events() -> Result<&'static MetricsRegistry> {
    static METRICS: OnceLock<Result<MetricsRegistry>> = OnceLock::new();
    let installed = METRICS.get_or_init(|| {
        let metrics = MetricsRegistry::new();
        let events = QueryEvents::new(&metrics, Dialect::Postgres)?;
        let subscriber = tracing_subscriber::registry().with(events.layer());
        tracing::subscriber::set_global_default(subscriber)?;
        events.check(Level::DEBUG)?;
        Ok(metrics)
    });
    installed.as_ref().map_err(|error| anyhow::anyhow!("{error:?}"))
}

/// A server with `pg_stat_statements`.
pub(crate) struct Server {
    postgres: Postgres,
    pub(crate) admin: PgPool,
}

impl Server {
    pub(crate) async fn start() -> Result<Self> {
        let preload = ["postgres", "-c", "shared_preload_libraries=pg_stat_statements"];
        let postgres = Postgres::start_with(|request| request.with_cmd(preload)).await?;
        let admin = PgPoolOptions::new().max_connections(1).connect(postgres.url()).await?;
        let extension = "create extension pg_stat_statements";
        sqlx::query(extension).execute(&admin).await.context("the server can't count")?;
        Ok(Self { postgres, admin })
    }

    pub(crate) fn url(&self) -> &str {
        self.postgres.url()
    }

    /// Creates the tables, and resets the counts of the server.
    pub(crate) async fn prepare(&self, schema: String) -> Result<()> {
        sqlx::raw_sql(AssertSqlSafe(schema)).execute(&self.admin).await?;
        sqlx::query("select pg_stat_statements_reset()").execute(&self.admin).await?;
        Ok(())
    }

    /// Returns the counts of the statements on these tables that the server has completed. Each statement
    /// names one of them.
    pub(crate) async fn completed(&self, tables: &[&str]) -> Result<Counts> {
        let rows = sqlx::query("select query, calls from pg_stat_statements");
        let mut counts = Counts::new();
        for row in rows.fetch_all(&self.admin).await? {
            let (text, calls): (String, i64) = (row.try_get(0)?, row.try_get(1)?);
            let operation = text.split_whitespace().next().unwrap_or_default().to_lowercase();
            let table = tables.iter().find(|table| text.contains(*table));
            if let (Some(table), "select" | "insert" | "update" | "delete") = (table, &*operation) {
                let calls = u64::try_from(calls)?;
                *counts.entry((operation, (*table).to_owned())).or_default() += calls;
            }
        }
        Ok(counts)
    }
}

/// Returns the counts of a registry for these tables, with any status.
pub(crate) fn counted(metrics: &MetricsRegistry, tables: &[&str]) -> Result<Counts> {
    let page = Page::of(metrics)?;
    let mut counts = Counts::new();
    for (series, count) in page.moved("caracal_database_queries_total") {
        let (operation, table) = (&series.labels["operation"], &series.labels["table"]);
        if tables.contains(&table.as_str()) {
            *counts.entry((operation.clone(), table.clone())).or_default() += whole(count)?;
        }
    }
    Ok(counts)
}

/// Returns how much the counts have increased.
pub(crate) fn since(now: Counts, before: &Counts) -> Counts {
    let more = now.into_iter().map(|(key, count)| {
        let more = count - before.get(&key).copied().unwrap_or_default();
        (key, more)
    });
    more.filter(|(_, more)| *more > 0).collect()
}

/// Parses a count of the page.
fn whole(count: f64) -> Result<u64> {
    count.to_string().parse().with_context(|| format!("{count} is not a count"))
}
