//! The subscriber of the process, a server that logs its statements, and the counts of the page and of the
//! server.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use anyhow::{Context, Result};
use caracal_metrics::MetricsRegistry;
use caracal_metrics::sqlx::{Dialect, QueryEvents};
use integration_tests::{MariaDb, Page, eventually};
use sqlx::mysql::MySqlPoolOptions;
use sqlx::{AssertSqlSafe, Connection, MySqlConnection, MySqlPool, Row};
use tracing::Level;
use tracing_subscriber::layer::SubscriberExt;

/// The number of statements, by operation and table.
pub(crate) type Counts = BTreeMap<(String, String), u64>;

/// Returns the registry that counts the events of this process.
pub(crate) fn events() -> Result<&'static MetricsRegistry> {
    static METRICS: OnceLock<Result<MetricsRegistry>> = OnceLock::new();
    let installed = METRICS.get_or_init(|| {
        let metrics = MetricsRegistry::new();
        let events = QueryEvents::new(&metrics, Dialect::MySql)?;
        let subscriber = tracing_subscriber::registry().with(events.layer());
        tracing::subscriber::set_global_default(subscriber)?;
        events.check(Level::DEBUG)?;
        Ok(metrics)
    });
    installed.as_ref().map_err(|error| anyhow::anyhow!("{error:?}"))
}

/// The maximum number of connections of a user. A test uses all of them.
pub(crate) const MOST_CONNECTIONS: u32 = 8;

/// A server that logs each statement in a table when it receives it.
pub(crate) struct Server {
    server: MariaDb,
    pub(crate) admin: MySqlPool,
}

impl Server {
    pub(crate) async fn start() -> Result<Self> {
        let most = format!("--max-user-connections={MOST_CONNECTIONS}");
        let arguments = ["--general-log=1", "--log-output=TABLE", most.as_str()];
        let server = MariaDb::start(&arguments).await?;
        let options = MySqlPoolOptions::new().max_connections(1);
        let admin = options.connect(&server.admin_url()).await.context("the administrator")?;
        Ok(Self { server, admin })
    }

    pub(crate) fn url(&self) -> String {
        self.server.url()
    }

    /// Opens another session of the administrator.
    pub(crate) async fn admin_session(&self) -> Result<MySqlConnection> {
        Ok(MySqlConnection::connect(&self.server.admin_url()).await?)
    }

    /// Runs statements as the administrator, one by one.
    pub(crate) async fn prepare(&self, schema: &[String]) -> Result<()> {
        for statement in schema {
            sqlx::raw_sql(AssertSqlSafe(statement.clone())).execute(&self.admin).await?;
        }
        Ok(())
    }

    /// Returns the sessions that run this statement in `sleep`.
    async fn sleeping(&self, statement: &str) -> Result<Vec<i64>> {
        let find = "select id from information_schema.processlist
                    where info = ? and state = 'User sleep'";
        Ok(sqlx::query_scalar(find).bind(statement).fetch_all(&self.admin).await?)
    }

    /// Waits until a session runs this statement in `sleep`.
    pub(crate) async fn until_sleeping(&self, statement: &str) -> Result<()> {
        let what = "a session sleeps";
        eventually(what, async || Ok(!self.sleeping(statement).await?.is_empty())).await
    }

    /// Waits for sessions that run this statement in `sleep`, and ends them.
    pub(crate) async fn kill_sleeping(&self, statement: &str) -> Result<()> {
        eventually("a session to end sleeps", async || {
            let sessions = self.sleeping(statement).await?;
            for session in &sessions {
                let kill = AssertSqlSafe(format!("kill {session}"));
                sqlx::raw_sql(kill).execute(&self.admin).await?;
            }
            Ok(!sessions.is_empty())
        })
        .await?;
        eventually("it has ended", async || Ok(self.sleeping(statement).await?.is_empty())).await
    }

    /// Returns the counts of the statements on this table that the server has received from the observed
    /// pool.
    pub(crate) async fn received(&self, table: &str) -> Result<Counts> {
        let log = "select convert(argument using utf8mb4) from mysql.general_log
                   where command_type in ('Execute', 'Query') and user_host like '%[caracal]%'";
        let mut counts = Counts::new();
        for row in sqlx::query(log).fetch_all(&self.admin).await? {
            let text: String = row.try_get(0)?;
            let word = text.split_whitespace().next().unwrap_or_default().to_lowercase();
            // The `WITH` statements of these tests only read.
            let operation = if word == "with" { "select".to_owned() } else { word };
            if text.contains(table) {
                *counts.entry((operation, table.to_owned())).or_default() += 1;
            }
        }
        Ok(counts)
    }
}

/// Returns the counts of a registry for this table, with any status.
pub(crate) fn counted(metrics: &MetricsRegistry, table: &str) -> Result<Counts> {
    let page = Page::of(metrics)?;
    let mut counts = Counts::new();
    for (series, count) in page.moved("caracal_database_queries_total") {
        if series.labels["table"] == table {
            let key = (series.labels["operation"].clone(), table.to_owned());
            let count = count.to_string().parse::<u64>().context("a count")?;
            *counts.entry(key).or_default() += count;
        }
    }
    Ok(counts)
}
