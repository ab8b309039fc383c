//! Counting queries without a change of types: a `tracing` layer for the events that sqlx emits.

mod filter;
mod hidden;
mod recording;

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::thread;

use caracal_metrics_core::adapter::{CountedHere, Instance, InstanceKind};
use caracal_metrics_core::{AttachError, MetricsRegistry};
use tracing::level_filters::STATIC_MAX_LEVEL;
use tracing::{Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::registry::LookupSpan;

use crate::sql::Dialect;
use filter::{OnlyQueries, Reached};
pub use hidden::HiddenQueryEvents;
use recording::Recording;

/// The kind of instance that a [`QueryEvents`] attaches.
pub const QUERY_EVENTS: InstanceKind = InstanceKind::new("layer of query events");

/// The target of the events that sqlx emits for each statement.
pub(crate) const TARGET: &str = "sqlx::query";

/// Counts and times the queries of every sqlx connection of the process, from the events that sqlx
/// emits. You wrap no pool and change no signature.
///
/// sqlx emits one `tracing` event with the target `sqlx::query` when a statement ends. The
/// [`layer`](Self::layer) records it in `caracal_database_queries_total` and
/// `caracal_database_query_duration_seconds`, with the same operation and table as a wrapped pool.
/// It works with sqlx 0.8 and 0.9, with pools and single connections, in code that is generic over
/// `Acquire`, and in migrations, advisory locks and `PgListener`.
///
/// ```
/// # mod caracal_metrics { pub use caracal_metrics_core::*; pub use caracal_sqlx as sqlx; }
/// use caracal_metrics::MetricsRegistry;
/// use caracal_metrics::sqlx::{Dialect, QueryEvents};
/// use tracing_subscriber::filter::LevelFilter;
/// use tracing_subscriber::layer::{Layer, SubscriberExt};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let metrics = MetricsRegistry::new();
/// let events = QueryEvents::new(&metrics, Dialect::Postgres)?;
/// let logs = tracing_subscriber::fmt::layer().with_filter(LevelFilter::INFO);
/// let subscriber = tracing_subscriber::registry().with(events.layer()).with(logs);
/// tracing::subscriber::set_global_default(subscriber)?;
/// events.check(tracing::Level::DEBUG)?;
/// # Ok(())
/// # }
/// ```
///
/// # What the subscriber must let through
///
/// - sqlx emits at `DEBUG`, and at `WARN` if a statement takes a second or longer. The layer takes
///   every level. `ConnectOptions::log_statements` sets the level. With `LevelFilter::Off`, sqlx emits
///   nothing, and nothing is counted.
/// - Filter each of the other layers with its own `with_filter`, as in the example. They then print
///   what they printed before. A filter for the whole subscriber (`.with(EnvFilter::…)`) also hides
///   events from this layer. Add `sqlx::query=trace` to such a filter.
/// - Start with `tracing_subscriber::registry()`. The builder `tracing_subscriber::fmt()` panics if it
///   is given a layer that has a filter. Use `fmt::layer()` instead, as in the example.
/// - Features of `tracing` such as `release_max_level_info` remove the events at compile time.
/// - A connection to SQLite runs statements on its own thread, so the subscriber must be the global
///   default. The scoped subscribers of `with_default` and `set_default` do not get these events.
///
/// [`check`](Self::check) reports whether the events arrive.
///
/// # What the events do not contain
///
/// - How a statement ended. sqlx emits the same event for a statement that succeeded, failed or was
///   cancelled, so the status is always `unknown`. A statement that the driver never ran has no event:
///   there was no connection, its future was not polled, or its arguments can't be encoded. Nothing is
///   recorded in `caracal_database_connection_errors_total`.
/// - The wait for a connection. The duration begins when the driver takes the statement. It ends when
///   the answer was read or dropped, so it is longer for a stream that is read slowly.
/// - `COPY` through `copy_in_raw` and `copy_out_raw`, preparing, describing and pinging. They have no
///   events, and neither have the rollbacks of dropped transactions and the releases of dropped
///   advisory locks.
/// - Transactions. sqlx emits events for some of the statements that begin or end a transaction or a
///   savepoint, depending on the driver. The layer ignores them.
/// - The database of a statement. Texts are read in the [`Dialect`] that you give to
///   [`new`](Self::new).
///
/// sqlx copies the text of each statement into its event, which takes longer than counting it.
///
/// Drivers run their own statements, too. The driver of Postgres looks up types, and the driver of
/// MySQL configures each new connection. These statements have events and are counted.
///
/// # With a wrapped pool
///
/// An [`ObservedPool`](crate::ObservedPool) counts its queries with their status, and the layer ignores
/// their events. The layer counts the queries on [`inner`](crate::ObservedPool::inner). This also holds
/// if the pool and the layer record into different registries.
///
/// With SQLite, a wrapped pool then makes a span named `counted` around each statement. The span tells
/// the layer on the thread of the connection that the statement is already counted. Its level is `TRACE`
/// if the subscriber enables that, and otherwise `ERROR`.
#[derive(Clone, Debug)]
pub struct QueryEvents {
    recording: Arc<Recording>,
    reached: Arc<Reached>,
    _instance: Arc<Instance>,
}

impl QueryEvents {
    /// Records into this registry, and reads statements in this dialect of SQL.
    ///
    /// # Errors
    ///
    /// Returns an error if the registry already has query events: each query would be counted twice.
    pub fn new(metrics: &MetricsRegistry, dialect: Dialect) -> Result<Self, AttachError> {
        let instance = metrics.attach(QUERY_EVENTS, None)?.build();
        CountedHere::seek();
        Ok(Self {
            recording: Arc::new(Recording::new(metrics, dialect)),
            reached: Arc::default(),
            _instance: Arc::new(instance),
        })
    }

    /// Returns the layer, for one subscriber.
    ///
    /// The layer has its own filter, which enables the events of sqlx for this layer only.
    #[must_use = "nothing is counted until the layer is in a subscriber"]
    pub fn layer<S>(&self) -> impl Layer<S> + Send + Sync + use<S>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        recording::QueryLayer::new(self.clone())
            .with_filter(OnlyQueries::new(Arc::clone(&self.reached)))
    }

    /// Checks that events of this level reach the layer through the current subscriber. Pass the level
    /// of your `ConnectOptions::log_statements`, which defaults to `DEBUG`.
    ///
    /// Call it after you have installed the subscriber. It asks the filters and emits no event. It does
    /// not detect `log_statements(LevelFilter::Off)`.
    ///
    /// # Errors
    ///
    /// Returns an error if the layer is not in the subscriber, or if a filter hides the events from it.
    pub fn check(&self, level: Level) -> Result<(), HiddenQueryEvents> {
        if level > STATIC_MAX_LEVEL {
            return Err(HiddenQueryEvents::AtCompileTime { level, most: STATIC_MAX_LEVEL });
        }
        let dispatch = tracing::dispatcher::get_default(Clone::clone);
        self.reached.any.store(false, Relaxed);
        self.reached.probe.store(false, Relaxed);
        // A thread keeps the decisions of the filters until the event comes, and no event comes here.
        let ask = || {
            let enabled = dispatch.enabled(filter::probe(level));
            // It reaches the filter of the layer unless a filter for the whole subscriber hides it.
            dispatch.enabled(filter::probe(Level::ERROR));
            enabled
        };
        let enabled = thread::scope(|scope| scope.spawn(ask).join()).unwrap_or(false);
        let reached = self.reached.probe.load(Relaxed);
        match (enabled && reached, self.reached.any.load(Relaxed)) {
            (true, _) => Ok(()),
            (false, true) => Err(HiddenQueryEvents::ByFilter { level }),
            (false, false) => Err(HiddenQueryEvents::NoLayer),
        }
    }
}
