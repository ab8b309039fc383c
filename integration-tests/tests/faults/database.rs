//! The database of a scenario: the server in its container, and a connection of its administrator.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use integration_tests::{Postgres, free_port};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Connection, PgConnection, PgPool};
use testcontainers::ImageExt;
use testcontainers::core::ContainerPort;

/// The database role of the service.
const ROLE: &str = "service";
const PASSWORD: &str = "first";

const SCHEMA: &str = "
    create extension pg_stat_statements;
    create table policies (agent text primary key, effect text not null, uses bigint default 0);
    create table ledger (id bigserial primary key, agent text not null);
    insert into policies (agent, effect)
        select 'agent-' || n, case when n % 3 = 0 then 'deny' else 'allow' end
        from generate_series(0, 99) n;
    create role service login password 'first';
    grant select, insert, update on all tables in schema public to service;
    grant usage on all sequences in schema public to service;
    select pg_stat_statements_reset();
";

/// Whether agent number `n` in the table may act.
pub(crate) fn allowed(n: usize) -> bool {
    !n.is_multiple_of(3)
}

/// A server with the tables and the role of the service, which counts the statements that it executes.
pub(crate) struct Database {
    postgres: Postgres,
    admin: PgPool,
    /// A session for the first lock that is older than all sessions of the service. A server that stops
    /// ends the younger sessions first, so requests that wait for the lock end before the lock is
    /// released.
    oldest: Mutex<Option<PgConnection>>,
    service_url: String,
}

impl Database {
    pub(crate) async fn start() -> Result<Self> {
        Self::on_port(None).await
    }

    /// Starts a server whose port stays the same when it is stopped and started.
    pub(crate) async fn start_on_fixed_port() -> Result<Self> {
        Self::on_port(Some(free_port()?)).await
    }

    async fn on_port(port: Option<u16>) -> Result<Self> {
        let postgres = Postgres::start_with(|request| {
            let request = request.with_cmd([
                "postgres",
                "-c",
                "shared_preload_libraries=pg_stat_statements",
                "-c",
                "fsync=off",
            ]);
            match port {
                Some(port) => request.with_mapped_port(port, ContainerPort::Tcp(5432)),
                None => request,
            }
        })
        .await?;
        let admin = PgPoolOptions::new().max_connections(2).connect(postgres.url()).await?;
        sqlx::raw_sql(SCHEMA).execute(&admin).await.context("can't create the schema")?;
        let options: PgConnectOptions = postgres.url().parse()?;
        let (host, port) = (options.get_host(), options.get_port());
        let name = options.get_database().context("the URL names no database")?;
        let service_url = format!("postgres://{ROLE}:{PASSWORD}@{host}:{port}/{name}");
        let oldest = Mutex::new(Some(PgConnection::connect(postgres.url()).await?));
        Ok(Self { postgres, admin, oldest, service_url })
    }

    /// The URL for the service.
    pub(crate) fn service_url(&self) -> &str {
        &self.service_url
    }

    pub(crate) fn postgres(&self) -> &Postgres {
        &self.postgres
    }

    /// Runs statements as the administrator.
    pub(crate) async fn run(&self, sql: &'static str) -> Result<()> {
        sqlx::raw_sql(sql).execute(&self.admin).await.context(sql)?;
        Ok(())
    }

    /// How often the service's statements with this beginning were executed, according to the server.
    pub(crate) async fn executed(&self, beginning: &str) -> Result<f64> {
        let calls = "select coalesce(sum(calls), 0)::float8 from pg_stat_statements
                     join pg_roles on pg_roles.oid = userid
                     where rolname = $1 and lower(query) like lower($2) || '%'";
        let calls = sqlx::query_scalar(calls).bind(ROLE).bind(beginning);
        Ok(calls.fetch_one(&self.admin).await?)
    }

    /// Resets the statistics of the server.
    pub(crate) async fn forget_statements(&self) -> Result<()> {
        self.run("select pg_stat_statements_reset()").await
    }

    /// The number of connections of the service, according to the server.
    pub(crate) async fn sessions(&self) -> Result<f64> {
        let count = "select count(*)::float8 from pg_stat_activity where usename = $1";
        Ok(sqlx::query_scalar(count).bind(ROLE).fetch_one(&self.admin).await?)
    }

    /// Ends the connections of the service, as an administrator would. Returns their number.
    pub(crate) async fn terminate_sessions(&self) -> Result<i64> {
        let terminate = "select count(pg_terminate_backend(pid, 5000))
                         from pg_stat_activity where usename = $1";
        Ok(sqlx::query_scalar(terminate).bind(ROLE).fetch_one(&self.admin).await?)
    }

    /// Takes the lock for which `/lock` waits, until it is released.
    pub(crate) async fn lock(&self) -> Result<Lock> {
        let oldest = self.oldest.lock().unwrap_or_else(PoisonError::into_inner).take();
        let mut connection = match oldest {
            Some(connection) => connection,
            None => PgConnection::connect(self.postgres.url()).await?,
        };
        sqlx::query("select pg_advisory_lock(1)").execute(&mut connection).await?;
        Ok(Lock { connection })
    }

    /// The number of the service's statements that wait for this lock.
    pub(crate) async fn waiting(&self) -> Result<usize> {
        let count = "select count(*) from pg_locks where locktype = 'advisory' and not granted";
        let count: i64 = sqlx::query_scalar(count).fetch_one(&self.admin).await?;
        Ok(count.try_into()?)
    }

    /// Stops the server, as its administrator would. Connections are ended.
    pub(crate) async fn stop(&self) -> Result<()> {
        self.postgres.container().stop().await?;
        Ok(())
    }

    /// Starts the server again, and waits until it accepts connections.
    pub(crate) async fn start_again(&self) -> Result<()> {
        self.postgres.container().start().await?;
        let deadline = Instant::now() + Duration::from_mins(1);
        loop {
            match PgConnection::connect(self.postgres.url()).await {
                Ok(connection) => return Ok(connection.close().await?),
                Err(error) if Instant::now() > deadline => {
                    bail!("Postgres does not start again: {error}")
                }
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
    }
}

/// The administrator's lock.
pub(crate) struct Lock {
    connection: PgConnection,
}

impl Lock {
    pub(crate) async fn release(self) -> Result<()> {
        Ok(self.connection.close().await?)
    }
}
