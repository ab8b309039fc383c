//! A server, a wrapped pool for it, and an administrator.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use caracal_metrics::MetricsRegistry;
use caracal_metrics::sqlx::{ObservedConnection, ObservedPool, PoolObserver};
use integration_tests::{PATIENCE, Page, Postgres, eventually};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{PgPool, Postgres as Pg};

const QUERIES: &str = "caracal_database_queries_total";
const DURATIONS: &str = "caracal_database_query_duration_seconds_count";
const ERRORS: &str = "caracal_database_connection_errors_total";

const SCHEMA: &str = "
    create table agents (id bigserial primary key, name text not null unique);
    create table \"Ledger\" (id bigint, agent bigint references agents deferrable initially deferred);
    insert into agents (name) values ('a'), ('b'), ('c');
";

pub(crate) struct Scene {
    postgres: Postgres,
    /// Lists and ends sessions. It is not observed.
    pub(crate) admin: PgPool,
    metrics: MetricsRegistry,
    pub(crate) pool: ObservedPool<Pg>,
}

impl Scene {
    /// Creates a pool of 3 connections whose timeout is never reached.
    pub(crate) async fn set() -> Result<Self> {
        Self::with(PgPoolOptions::new().max_connections(3).acquire_timeout(PATIENCE)).await
    }

    /// Creates a pool with these settings.
    pub(crate) async fn with(options: PgPoolOptions) -> Result<Self> {
        Self::on(Postgres::start().await?, options, |login| login).await
    }

    /// Creates a pool for this server whose connections are opened on demand. `login` changes the options of
    /// the owner.
    pub(crate) async fn on(
        postgres: Postgres,
        options: PgPoolOptions,
        login: impl FnOnce(PgConnectOptions) -> PgConnectOptions,
    ) -> Result<Self> {
        let owner: PgConnectOptions = postgres.url().parse()?;
        let admin = PgPoolOptions::new().max_connections(1).connect_with(owner.clone()).await?;
        sqlx::raw_sql(SCHEMA).execute(&admin).await.context("the schema can't be made")?;
        let metrics = MetricsRegistry::new();
        let pool = PoolObserver::new(&options.connect_lazy_with(login(owner))).wrap(&metrics)?;
        Ok(Self { postgres, admin, metrics, pool })
    }

    /// Takes a connection without waiting for it. It is opened without the wrapper first, because this may
    /// exceed a short timeout on a busy machine, and must not count as a timeout of the test.
    pub(crate) async fn take_one(&self) -> Result<ObservedConnection<Pg>> {
        eventually("a connection opens", async || match self.pool.inner().acquire().await {
            Ok(_) => Ok(true),
            Err(sqlx::Error::PoolTimedOut) => Ok(false),
            Err(error) => Err(error.into()),
        })
        .await?;
        self.until_idle().await?;
        self.pool.try_acquire().context("the idle connection is not to be had")
    }

    /// Waits until the pool has an idle connection.
    pub(crate) async fn until_idle(&self) -> Result<()> {
        eventually("one is idle", async || Ok(self.pool_value("idle")? == 1.0)).await
    }

    /// Returns the options with which the owner connects.
    pub(crate) fn owner(&self) -> Result<PgConnectOptions> {
        Ok(self.postgres.url().parse()?)
    }

    pub(crate) fn page(&self) -> Result<Page> {
        Page::of(&self.metrics)
    }

    /// Returns the value of a family of the pool.
    pub(crate) fn pool_value(&self, name: &str) -> Result<f64> {
        Ok(self.page()?.value(&format!("caracal_database_connection_pool_{name}"), &[]))
    }

    /// Returns the number of transactions so far: committed, rolled back, dropped, failed.
    pub(crate) fn transactions(&self) -> Result<[f64; 4]> {
        let page = self.page()?;
        Ok(["committed", "rolled_back", "dropped", "failed"].map(|outcome| {
            page.value("caracal_database_transactions_total", &[("outcome", outcome)])
        }))
    }

    /// Checks that `work` adds exactly these queries to the page, each once. A query is written as `select
    /// agents success`.
    pub(crate) async fn counts<T>(
        &self,
        what: &str,
        expected: &[&str],
        work: impl Future<Output = T>,
    ) -> Result<T> {
        let before = Counts::read(&self.page()?);
        let outcome = work.await;
        let page = self.page()?;
        let counted = Counts::read(&page).since(&before);
        let expected = Counts::expected(expected);
        ensure!(counted == expected, "{what}: {counted:?}, not {expected:?}");
        Ok(outcome)
    }

    /// Checks that there are `count` connection errors so far, and that all of them have this type.
    pub(crate) fn only_errors(&self, error_type: &str, count: f64) -> Result<()> {
        let page = self.page()?;
        let read = (page.value(ERRORS, &[("error_type", error_type)]), page.sum(ERRORS, &[]));
        ensure!(read == (count, count), "{count} {error_type} expected:\n{}", page.text());
        Ok(())
    }

    pub(crate) fn no_connection_errors(&self) -> Result<()> {
        self.only_errors("other", 0.0)
    }

    /// Waits until the server runs this number of sleeping queries.
    pub(crate) async fn until_sleeping(&self, queries: i64) -> Result<()> {
        let sleeping = "select count(*) from pg_stat_activity
                        where state = 'active' and wait_event = 'PgSleep'";
        eventually("the queries sleep", async || {
            let count: i64 = sqlx::query_scalar(sleeping).fetch_one(&self.admin).await?;
            Ok(count == queries)
        })
        .await
    }
}

/// The number of counted queries by operation, table and status, and the number of timed queries by operation
/// and table.
#[derive(Debug, Default, PartialEq)]
struct Counts {
    queries: BTreeMap<String, f64>,
    durations: BTreeMap<String, f64>,
}

impl Counts {
    fn read(page: &Page) -> Self {
        let by = |name: &str, labels: &[&str]| {
            let moved = page.moved(name).into_iter();
            let key = |labels: Vec<&str>| labels.join(" ");
            moved
                .map(|(s, count)| (key(labels.iter().map(|l| &*s.labels[*l]).collect()), count))
                .collect()
        };
        Self {
            queries: by(QUERIES, &["operation", "table", "status"]),
            durations: by(DURATIONS, &["operation", "table"]),
        }
    }

    fn expected(queries: &[&str]) -> Self {
        let mut expected = Self::default();
        for query in queries {
            *expected.queries.entry((*query).to_owned()).or_default() += 1.0;
            if let Some((timed, _status)) = query.rsplit_once(' ') {
                *expected.durations.entry(timed.to_owned()).or_default() += 1.0;
            }
        }
        expected
    }

    fn since(self, before: &Self) -> Self {
        let less = |now: BTreeMap<String, f64>, before: &BTreeMap<String, f64>| {
            let before = |key: &String| before.get(key).copied().unwrap_or_default();
            let more = now.into_iter().map(|(key, count)| (before(&key), key, count));
            more.filter(|(before, _, count)| before != count)
                .map(|(before, key, count)| (key, count - before))
                .collect()
        };
        Self {
            queries: less(self.queries, &before.queries),
            durations: less(self.durations, &before.durations),
        }
    }
}
