//! Opening the database: one code path for SQLite and Postgres.
//!
//! sqlx's `Any` driver hands the text of a statement to the database as it is, so every statement
//! is written in what both understand: `$1` for parameters, `ON CONFLICT`, `TEXT` and `BIGINT`.

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
    /// Removed with everything in it when dropped.
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
    /// SQLite keeps a rollback journal here and no write-ahead log: with the log, readers would
    /// go on through an exclusive lock, and there would be no outage to show.
    fn settings(self) -> String {
        match self {
            Self::Sqlite | Self::TemporarySqlite => {
                // What is removed at exit need not survive a power cut.
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

    /// Begins a transaction that lets nobody else read or write.
    fn lock(self) -> &'static str {
        match self {
            Self::Sqlite | Self::TemporarySqlite => "BEGIN EXCLUSIVE",
            Self::Postgres => "BEGIN; LOCK TABLE policies, ledger IN ACCESS EXCLUSIVE MODE",
        }
    }
}

impl Database {
    /// Opens the database at this URL, or a temporary one, and sees to the tables.
    ///
    /// # Errors
    ///
    /// Returns an error if the URL is wrong, the database can't be reached or written, or the registry has a
    /// pool already.
    pub async fn open(url: Option<&str>, metrics: &MetricsRegistry) -> Result<Self> {
        sqlx::any::install_default_drivers();
        // Empty is how an environment says that a variable is not set.
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

        // Not through the pool, which would try again until its time is up and lose the cause.
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

    /// Its URL, without the password.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.shown
    }

    /// A description of the database without secrets.
    #[must_use]
    pub fn description(&self) -> &'static str {
        match self.flavour {
            Flavour::TemporarySqlite => "a temporary SQLite file, removed at exit",
            Flavour::Sqlite => "SQLite",
            Flavour::Postgres => "Postgres",
        }
    }

    /// The pool, whose queries are counted and timed.
    pub fn pool(&self) -> &ObservedPool<Any> {
        &self.pool
    }

    /// Locks policies and ledger on a connection beside the pool. Whoever wants to read or write
    /// them meanwhile gets an error after a short wait.
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

/// Says what failed. sqlx's errors tell their source's message already, which a chain of errors
/// would tell again.
pub(crate) fn because(what: &str) -> impl Fn(sqlx::Error) -> anyhow::Error {
    move |error| anyhow!("{what}: {error}")
}

/// A lock on the tables; dropped, its connection breaks and the database lets go of it.
#[derive(Debug)]
#[must_use = "the tables are locked only while this is held"]
pub struct Lock {
    connection: AnyConnection,
}

impl Lock {
    /// Lets others in again.
    ///
    /// # Errors
    ///
    /// Returns an error if the connection broke, and the lock with it.
    pub async fn release(mut self) -> Result<(), sqlx::Error> {
        self.connection.execute(sqlx::raw_sql("ROLLBACK")).await?;
        self.connection.close().await
    }
}
