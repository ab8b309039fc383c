//! The observer of one pool.

use caracal_metrics_core::adapter::{Instance, InstanceBuilder, InstanceKind};
use caracal_metrics_core::catalogue::Pool as PoolLabel;
use caracal_metrics_core::{AttachError, MetricsRegistry};
use sqlx::{Database, Pool};

use crate::connection_error::ConnectionErrors;
use crate::connections::ConnectionCounter;
use crate::driver::Driver;
use crate::gauges;
use crate::observed::ObservedPool;
use crate::recorder::{Recorder, Waits};
use crate::transactions::Transactions;
use crate::version::ObservablePool;

/// The kind of instance that a [`PoolObserver`] attaches.
pub const CONNECTION_POOL: InstanceKind = InstanceKind::new("connection pool");

/// Observes a connection pool.
///
/// | family | value |
/// |---|---|
/// | `caracal_database_connection_pool_size` | `max_connections`, the capacity of the pool |
/// | `…_checked_out` | connections that are not idle, including those that are being opened |
/// | `…_overflow` | open connections beyond `min_connections`, or beyond the [`baseline`](Self::baseline); 0 if that is 0 |
/// | `…_open` | connections of the pool, including those that are being opened |
/// | `…_idle` | open connections that are not in use |
/// | `…_min` | `min_connections`, or `max_connections` if that is less |
/// | `…_pending` | callers that wait for a connection of a [wrapped](Self::wrap) pool |
///
/// `checked_out / size` is therefore the share of the capacity that is in use, also for a pool that opens its
/// connections on demand. If the database does not accept connections, this share can reach 1, because the pool
/// keeps trying to open them. A connection that was returned stays checked out until sqlx has put it into the
/// queue of idle connections.
///
/// A single pool does not need a name. To observe several pools in one registry, give each a
/// [name](Self::named), which becomes the label `pool`.
///
/// ```
/// # mod caracal_metrics { pub use caracal_metrics_core::*; pub use caracal_sqlx as sqlx; }
/// use caracal_metrics::MetricsRegistry;
/// use caracal_metrics::sqlx::PoolObserver;
/// # use sqlx::sqlite::SqlitePoolOptions;
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let primary = SqlitePoolOptions::new().max_connections(8).connect_lazy("sqlite::memory:")?;
/// # let replica = SqlitePoolOptions::new().max_connections(3).connect_lazy("sqlite::memory:")?;
/// let metrics = MetricsRegistry::new();
/// let primary = PoolObserver::new(&primary).named("primary").attach(&metrics)?;
/// let replica = PoolObserver::new(&replica).named("replica").attach(&metrics)?;
///
/// let size = |pool| metrics.sample("caracal_database_connection_pool_size", &[("pool", pool)]);
/// assert_eq!((size("primary"), size("replica")), (Some(8.0), Some(3.0)));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "nothing is observed until `attach` or `wrap`"]
pub struct PoolObserver<DB: Database> {
    pool: Pool<DB>,
    name: Option<String>,
    baseline: Option<u32>,
    connections: Option<ConnectionCounter>,
}

impl<DB: Database> PoolObserver<DB> {
    /// Creates an observer of this pool. It keeps a clone of the pool.
    pub fn new(pool: &impl ObservablePool<Database = DB>) -> Self {
        Self { pool: pool.pool(), name: None, baseline: None, connections: None }
    }

    /// Adds the label `pool` with this value to every series of the pool.
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Sets the number of connections beyond which connections count as overflow. Defaults to the pool's
    /// `min_connections`. With 0, the overflow is always 0.
    pub fn baseline(mut self, connections: u32) -> Self {
        self.baseline = Some(connections);
        self
    }

    /// Exports the number of connections that the pool has opened and closed. The options of the pool must
    /// have been given the same counter.
    pub fn connections(mut self, counter: &ConnectionCounter) -> Self {
        self.connections = Some(counter.clone());
        self
    }

    /// Adds the pool's gauges to the output, and the counters of all types of connection errors at 0.
    ///
    /// # Errors
    ///
    /// Returns an error if the name is empty, if another live pool has the name, or if one registry would
    /// contain pools with and without names. A pool is not live if it is closed or its guard was dropped.
    pub fn attach(self, metrics: &MetricsRegistry) -> Result<PoolGuard, AttachError> {
        let builder = reserve(metrics, self.name.as_deref())?;
        let Self { pool, name, baseline, connections } = self;
        let label = PoolLabel { pool: name.as_deref() };
        let instance = gauges::attach(pool, baseline, None, connections.as_ref(), label, builder)?;
        Ok(PoolGuard { instance, errors: ConnectionErrors::new(metrics) })
    }

    /// Adds the pool's gauges to the output, as [`attach`](Self::attach) does, and returns a pool whose
    /// queries are counted and timed.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`attach`](Self::attach).
    pub fn wrap(self, metrics: &MetricsRegistry) -> Result<ObservedPool<DB>, AttachError>
    where
        DB: Driver,
    {
        let mut builder = reserve(metrics, self.name.as_deref())?;
        let Self { pool, name, baseline, connections } = self;
        let label = PoolLabel { pool: name.as_deref() };
        let waits = Waits::new(&mut builder, label)?;
        let transactions = Transactions::new(&mut builder, label)?;
        let pending = Some(waits.pending());
        let connections = connections.as_ref();
        let instance =
            gauges::attach(pool.clone(), baseline, pending, connections, label, builder)?;
        let recorder = Recorder::new(metrics, DB::dialect(&pool), waits, transactions, instance);
        Ok(ObservedPool::new(pool, recorder))
    }
}

/// Reserves the name of the pool in the registry.
fn reserve(metrics: &MetricsRegistry, name: Option<&str>) -> Result<InstanceBuilder, AttachError> {
    let attach = || metrics.attach(CONNECTION_POOL, name);
    attach().or_else(|error| match error {
        AttachError::NameTaken { .. }
        | AttachError::UnnamedTaken { .. }
        | AttachError::NamedAndUnnamed { .. } => {
            // The other pool may be closed, which only a scrape notices. A service that replaces its
            // pool can't wait for one.
            metrics.look_at(CONNECTION_POOL);
            attach()
        }
        error => Err(error),
    })
}

/// Keeps the gauges of a pool in the output. Dropping it removes them and frees the name.
///
/// Afterwards the page is as if the pool had not been attached: `…_pool_size`, `…_checked_out` and
/// `…_overflow` are always on the page, then without a label and at 0.
///
/// The guard holds a clone of the pool, because sqlx has no weak handle. The pool's connections stay open until
/// the guard is dropped as well, or until [`Pool::close`] is called. After closing, the next scrape no longer
/// contains the series. The registry does not hold the guard or the pool.
///
/// Bind it to a name: `let _ =` drops it at once, and the compiler does not warn. The lint
/// `let_underscore_drop` of rustc, which is off by default, warns.
///
/// ```
/// # mod caracal_metrics { pub use caracal_metrics_core::*; pub use caracal_sqlx as sqlx; }
/// use caracal_metrics::MetricsRegistry;
/// use caracal_metrics::sqlx::PoolObserver;
/// # use sqlx::sqlite::SqlitePoolOptions;
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let pool = SqlitePoolOptions::new().max_connections(8).connect_lazy("sqlite::memory:")?;
/// let metrics = MetricsRegistry::new();
/// let size = || metrics.sample("caracal_database_connection_pool_size", &[]);
///
/// let _ = PoolObserver::new(&pool).attach(&metrics)?;
/// assert_eq!(size(), Some(0.0));
///
/// let _guard = PoolObserver::new(&pool).attach(&metrics)?;
/// assert_eq!(size(), Some(8.0));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "the pool's series leave the output when the guard is dropped"]
pub struct PoolGuard {
    instance: Instance,
    errors: ConnectionErrors,
}

impl PoolGuard {
    /// Returns the name of the pool in the metrics, if it has one.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.instance.name()
    }

    /// Returns the counters of connection errors. Clones of them may outlive the guard.
    #[must_use]
    pub fn connection_errors(&self) -> &ConnectionErrors {
        &self.errors
    }
}
