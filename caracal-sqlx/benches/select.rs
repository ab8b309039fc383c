//! Measures the cost of counting a one-row select, relative to the bare pool in the same process: through a
//! wrapped pool, and from sqlx's events.
//!
//! SQLite in memory answers faster than a server, so the share of the counting is larger. Each round is
//! compared with an adjacent round of the bare pool. The measure is the processor time of the whole process,
//! because SQLite's driver has its own thread. Run it on one processor (`taskset`). On two, the ratios depend
//! on where the scheduler puts that thread. It exits with an error if a median ratio is over the limit.
//!
//! With the argument `bare`, `wrapped` or `events`, it runs the selects of all rounds in that way and does not
//! measure, for a tool that counts instructions. With the argument `ignored`, it measures how long sqlx takes to
//! emit its events if nothing counts them.
#![allow(clippy::print_stdout, reason = "a benchmark reports to its user")]

use std::env;
use std::hint::black_box;
use std::process::ExitCode;

use caracal_metrics_core::MetricsRegistry;
use caracal_sqlx::{Dialect, ObservedPool, PoolObserver, QueryEvents};
use rustix::time::{ClockId, clock_gettime};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool, SqlitePoolOptions};
use sqlx::{ConnectOptions, Executor, Sqlite};
use tracing::{Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt};

const LIMIT: f64 = 1.05;
const ROUNDS: usize = 201;
const SELECTS: usize = 200;

/// The processor time that this process has used, in nanoseconds. Valgrind can't run it: rustix reads the clock
/// from the kernel's page, which valgrind hides.
fn used() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 * 1e9 + time.tv_nsec as f64
}

async fn select<'c>(executor: impl Executor<'c, Database = Sqlite> + Copy) {
    for id in 0..SELECTS {
        let select = sqlx::query_scalar::<_, String>("SELECT name FROM agents WHERE id = $1");
        let id = i64::try_from(id % 3 + 1).unwrap_or(1);
        black_box(select.bind(id).fetch_one(executor).await.expect("the row is there"));
    }
}

async fn open(options: SqliteConnectOptions) -> SqlitePool {
    let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await;
    let pool = pool.expect("memory is always there");
    let schema = "CREATE TABLE agents (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
                  INSERT INTO agents (name) VALUES ('a'), ('b'), ('c')";
    sqlx::raw_sql(schema).execute(&pool).await.expect("the schema is right");
    pool
}

/// Receives the events that are counted otherwise, and ignores them.
struct Ignored;

impl<S: Subscriber> Layer<S> for Ignored {
    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        metadata.target() == "sqlx::query"
    }
}

struct Pools {
    /// Emits no events, as a pool in a process without a subscriber.
    bare: SqlitePool,
    wrapped: ObservedPool<Sqlite>,
    /// Emits events, which are counted.
    events: SqlitePool,
}

impl Pools {
    async fn select(&self, way: &str) -> Option<()> {
        match way {
            "bare" => select(&self.bare).await,
            "wrapped" => select(&self.wrapped).await,
            "events" => select(&self.events).await,
            _ => return None,
        }
        Some(())
    }

    async fn time(&self, way: &str) -> Option<f64> {
        let start = used();
        self.select(way).await?;
        Some(used() - start)
    }

    /// The median of the ratios to the bare pool.
    async fn ratio(&self, way: &str) -> Option<f64> {
        let mut ratios = Vec::new();
        for round in 0..ROUNDS {
            // They alternate, so that the caches are warm for each of them equally often.
            let (bare, counted) = if round % 2 == 0 {
                let bare = self.time("bare").await?;
                (bare, self.time(way).await?)
            } else {
                let counted = self.time(way).await?;
                (self.time("bare").await?, counted)
            };
            ratios.push(counted / bare);
        }
        ratios.sort_by(f64::total_cmp);
        ratios.get(ROUNDS / 2).copied()
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let metrics = MetricsRegistry::new();
    let memory = SqliteConnectOptions::new().in_memory(true);
    let bare = open(memory.clone().disable_statement_logging()).await;
    let wrapped = PoolObserver::new(&bare).wrap(&metrics).expect("the registry is empty");
    let pools = Pools { wrapped, bare, events: open(memory).await };

    let way = env::args().skip(1).find(|way| !way.starts_with("--"));
    if way.as_deref() == Some("ignored") {
        let subscriber = tracing_subscriber::registry().with(Ignored);
        tracing::subscriber::set_global_default(subscriber).expect("there is none yet");
        let ratio = pools.ratio("events").await.unwrap_or(f64::INFINITY);
        println!("select with ignored events / bare select: {ratio:.3}");
        return ExitCode::SUCCESS;
    }
    // A wrapped pool is measured without query events, as it is normally used.
    let mut ratios = Vec::new();
    if way.is_none() {
        ratios.push(("wrapped", pools.ratio("wrapped").await));
    }
    if !matches!(way.as_deref(), Some("bare" | "wrapped")) {
        let events = QueryEvents::new(&metrics, Dialect::Sqlite).expect("there are none yet");
        let subscriber = tracing_subscriber::registry().with(events.layer());
        tracing::subscriber::set_global_default(subscriber).expect("there is none yet");
    }
    if let Some(way) = way {
        for _ in 0..ROUNDS {
            if pools.select(&way).await.is_none() {
                println!("bare, wrapped, events or ignored, not {way}");
                return ExitCode::FAILURE;
            }
        }
        return ExitCode::SUCCESS;
    }
    ratios.push(("events", pools.ratio("events").await));
    let mut is_within = true;
    for (way, ratio) in ratios {
        let ratio = ratio.unwrap_or(f64::INFINITY);
        println!("{way} select / bare select: {ratio:.3}");
        is_within &= ratio <= LIMIT;
    }
    if !is_within {
        println!("over {LIMIT}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
