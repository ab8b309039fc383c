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

/// The kind of thing that a [`PoolObserver`] attaches.
pub const CONNECTION_POOL: InstanceKind = InstanceKind::new("connection pool");

/// Observes a connection pool.
///
/// | family | value |
/// |---|---|
/// | `caracal_database_connection_pool_size` | `max_connections`: how many the pool may hold |
/// | `…_checked_out` | open connections that are not idle |
/// | `…_overflow` | open connections beyond `min_connections`, or beyond the [`baseline`](Self::baseline); 0 when that is 0 |
/// | `…_open` | connections that exist, those still being dialled included |
/// | `…_idle` | open connections that nobody uses |
/// | `…_min` | `min_connections`, at most `max_connections` |
/// | `…_pending` | callers that wait for a connection of a [wrapped](Self::wrap) pool |
///
/// `checked_out / size` is therefore the share of the capacity that is in use: a pool that opens
/// its connections lazily does not read as full. A connection that was given back stays checked out
/// until sqlx has put it among the idle ones.
///
/// One pool needs no name. To observe several in one registry give each a [name](Self::named),
/// which becomes the label `pool`.
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
    /// An observer of this pool, of which it keeps a clone.
    pub fn new(pool: &impl ObservablePool<Database = DB>) -> Self {
        Self { pool: pool.pool(), name: None, baseline: None, connections: None }
    }

    /// Puts the label `pool` with this value on every series of the pool.
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Counts as overflow what the pool opens beyond this many connections, instead of beyond its
    /// `min_connections`. With 0 nothing is overflow.
    pub fn baseline(mut self, connections: u32) -> Self {
        self.baseline = Some(connections);
        self
    }

    /// Shows how many connections the pool has opened and closed, by a counter that its options had.
    pub fn connections(mut self, counter: &ConnectionCounter) -> Self {
        self.connections = Some(counter.clone());
        self
    }

    /// Puts the pool's gauges into the output, and all types of connection errors at 0.
    ///
    /// # Errors
    ///
    /// When the name is empty or another live pool's, or pools with and without names would stand
    /// in one registry. A pool that is closed, or whose guard is dropped, is in nobody's way.
    pub fn attach(self, metrics: &MetricsRegistry) -> Result<PoolGuard, AttachError> {
        let builder = reserve(metrics, self.name.as_deref())?;
        let Self { pool, name, baseline, connections } = self;
        let label = PoolLabel { pool: name.as_deref() };
        let instance = gauges::attach(pool, baseline, None, connections.as_ref(), label, builder)?;
        Ok(PoolGuard { instance, errors: ConnectionErrors::new(metrics) })
    }

    /// Puts the pool's gauges into the output as [`attach`](Self::attach) does, and gives back a
    /// pool whose queries are counted and timed.
    ///
    /// # Errors
    ///
    /// As [`attach`](Self::attach).
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

/// Reserves the name.
fn reserve(metrics: &MetricsRegistry, name: Option<&str>) -> Result<InstanceBuilder, AttachError> {
    let attach = || metrics.attach(CONNECTION_POOL, name);
    attach().or_else(|error| match error {
        AttachError::NameTaken { .. }
        | AttachError::UnnamedTaken { .. }
        | AttachError::NamedAndUnnamed { .. } => {
            // The one in the way may be closed without a scrape having seen it: a service that
            // replaces its pool can't wait for one.
            metrics.look_at(CONNECTION_POOL);
            attach()
        }
        error => Err(error),
    })
}

/// Keeps the gauges of a pool in the output; dropping it takes them out and frees the name.
///
/// The page then reads as if nothing had been attached: `…_pool_size`, `…_checked_out` and
/// `…_overflow` are families that always stand, without a label and at 0.
///
/// It holds a clone of the pool, since sqlx has no weak handle: the pool's connections stay open
/// until the guard is dropped too, or [`Pool::close`] is called. Closing takes the series away with
/// the next scrape. The registry holds neither the guard nor the pool.
///
/// Bind it to a name: `let _ =` drops it at once, and no compiler warning says so. rustc's lint
/// `let_underscore_drop`, which is off by default, does.
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
    /// The name of the pool in the metrics, if it has one.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.instance.name()
    }

    /// Counts connection errors; clones of it may outlive the guard.
    #[must_use]
    pub fn connection_errors(&self) -> &ConnectionErrors {
        &self.errors
    }
}
