//! Opening the database: one code path for SQLite and Postgres.
//!
//! sqlx's `Any` driver passes the text of a statement to the database unchanged. Every statement
//! therefore uses only what both databases understand: `$1` for parameters, `ON CONFLICT`, `TEXT` and
//! `BIGINT`.

use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use caracal_metrics::MetricsRegistry;
use caracal_metrics::sqlx::{ObservedPool, PoolObserver};
use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::{Any, AnyConnection, ConnectOptions, Connection, Executor};
use tempfile::TempDir;

use crate::database_url::without_password;

/// The maximum number of connections of the pool.
pub const POOL_SIZE: u32 = 5;
/// How long a statement waits for a lock before it fails.
const LOCK_TIMEOUT_MS: u32 = 200;
const ACQUIRE_TIMEOUT: Duration = Duration::from_millis(500);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS policies (
        agent_id TEXT NOT NULL,
        action TEXT NOT NULL,
        effect TEXT NOT NULL,
        PRIMARY KEY (agent_id, action)
    );
    CREATE TABLE IF NOT EXISTS ledger (
        id TEXT PRIMARY KEY,
        agent_id TEXT NOT NULL,
        action TEXT NOT NULL,
        decision TEXT NOT NULL,
        recorded_at BIGINT NOT NULL
    );
    CREATE INDEX IF NOT EXISTS ledger_by_agent ON ledger (agent_id, recorded_at);
";

/// The database of one run.
#[derive(Debug)]
pub struct Database {
    pool: ObservedPool<Any>,
    options: AnyConnectOptions,
    flavour: Flavour,
    /// The URL, without the password.
    shown: String,
    /// The folder and its contents are removed when this is dropped.
    _folder: Option<TempDir>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flavour {
    TemporarySqlite,
    Sqlite,
    Postgres,
}

impl Flavour {
    /// The settings that each connection of the pool executes first.
    ///
    /// SQLite uses a rollback journal here instead of a write-ahead log. With the log, readers would
    /// continue during an exclusive lock, and there would be no outage to show.
    fn settings(self) -> String {
        match self {
            Self::Sqlite | Self::TemporarySqlite => {
                // A database that is removed at exit does not have to survive a power failure.
                let synchronous = if self == Self::Sqlite { "NORMAL" } else { "OFF" };
                format!(
                    "PRAGMA busy_timeout = {LOCK_TIMEOUT_MS};
                     PRAGMA journal_mode = TRUNCATE;
                     PRAGMA synchronous = {synchronous};"
                )
            }
            Self::Postgres => format!("SET lock_timeout = {LOCK_TIMEOUT_MS}"),
        }
    }

    /// Begins a transaction that prevents others from reading and writing.
    fn lock(self) -> &'static str {
        match self {
            Self::Sqlite | Self::TemporarySqlite => "BEGIN EXCLUSIVE",
            Self::Postgres => "BEGIN; LOCK TABLE policies, ledger IN ACCESS EXCLUSIVE MODE",
        }
    }
}

impl Database {
    /// Opens the database at this URL, or a temporary one, and creates the tables.
    ///
    /// # Errors
    ///
    /// Returns an error if the URL is not valid, if the database can't be reached or written, or if the
    /// registry already has a pool.
    pub async fn open(url: Option<&str>, metrics: &MetricsRegistry) -> Result<Self> {
        sqlx::any::install_default_drivers();
        // An empty environment variable counts as not set.
        let (url, folder) = if let Some(url) = url.filter(|url| !url.is_empty()) {
            (url.to_owned(), None)
        } else {
            let folder = tempfile::Builder::new().prefix("caracal-gateway-").tempdir();
            let folder = folder.context("can't create a folder for the database: check TMPDIR")?;
            let file = folder.path().join("gateway.db");
            (format!("sqlite://{}?mode=rwc", file.display()), Some(folder))
        };
        let shown = without_password(&url);
        let options: AnyConnectOptions = url.parse().map_err(because(
            "the database URL is not valid (it begins with postgres:// or sqlite://)",
        ))?;
        let options = options.disable_statement_logging();

        // Not through the pool, which would retry until its timeout and lose the cause.
        let connecting = AnyConnection::connect_with(&options);
        let mut connection = tokio::time::timeout(CONNECT_TIMEOUT, connecting)
            .await
            .with_context(|| format!("the database {shown} does not respond"))?
            .map_err(because(&format!("can't open the database {shown}")))?;
        let flavour = match connection.backend_name() {
            "PostgreSQL" => Flavour::Postgres,
            _ if folder.is_some() => Flavour::TemporarySqlite,
            _ => Flavour::Sqlite,
        };
        let created = connection.execute(sqlx::raw_sql(SCHEMA)).await;
        created.map_err(because(&format!("can't create the tables in {shown}")))?;
        connection.close().await?;

        let pool = AnyPoolOptions::new()
            .max_connections(POOL_SIZE)
            .min_connections(1)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .after_connect(move |connection, _| {
                let settings = sqlx::AssertSqlSafe(flavour.settings());
                Box::pin(
                    async move { connection.execute(sqlx::raw_sql(settings)).await.map(|_| ()) },
                )
            })
            .connect_lazy_with(options.clone());
        let pool = PoolObserver::new(&pool).wrap(metrics)?;
        Ok(Self { pool, options, flavour, shown, _folder: folder })
    }

    /// Returns the URL, without the password.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.shown
    }

    /// Returns a description of the database without secrets.
    #[must_use]
    pub fn description(&self) -> &'static str {
        match self.flavour {
            Flavour::TemporarySqlite => "a temporary SQLite file, removed at exit",
            Flavour::Sqlite => "SQLite",
            Flavour::Postgres => "Postgres",
        }
    }

    /// Returns the pool. Its queries are counted and timed.
    pub fn pool(&self) -> &ObservedPool<Any> {
        &self.pool
    }

    /// Locks policies and ledger on a connection outside of the pool. Until the lock is released,
    /// reading or writing them fails after a short wait.
    ///
    /// # Errors
    ///
    /// Returns an error if the lock can't be acquired.
    pub async fn lock(&self) -> Result<Lock, sqlx::Error> {
        let mut connection = AnyConnection::connect_with(&self.options).await?;
        connection.execute(sqlx::raw_sql(self.flavour.lock())).await?;
        Ok(Lock { connection })
    }
}

/// Adds a description to an error. sqlx's errors already contain the message of their source, so a
/// chain of errors would repeat it.
pub(crate) fn because(what: &str) -> impl Fn(sqlx::Error) -> anyhow::Error {
    move |error| anyhow!("{what}: {error}")
}

/// A lock on the tables. If it is dropped, its connection breaks and the database releases the lock.
#[derive(Debug)]
#[must_use = "the tables are locked only while this is held"]
pub struct Lock {
    connection: AnyConnection,
}

impl Lock {
    /// Releases the lock.
    ///
    /// # Errors
    ///
    /// Returns an error if the connection broke, and the lock was released with it.
    pub async fn release(mut self) -> Result<(), sqlx::Error> {
        self.connection.execute(sqlx::raw_sql("ROLLBACK")).await?;
        self.connection.close().await
    }
}
