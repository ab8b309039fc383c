//! Queries without a change of types: a `tracing` layer over the events that sqlx emits.

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

/// The kind of thing that a [`QueryEvents`] attaches.
pub const QUERY_EVENTS: InstanceKind = InstanceKind::new("layer of query events");

/// The target of the events that sqlx emits for each statement.
pub(crate) const TARGET: &str = "sqlx::query";

/// Counts and times the queries of every sqlx connection of the process, from the events that sqlx
/// itself emits. No pool is wrapped and no signature changes.
///
/// sqlx emits one `tracing` event with the target `sqlx::query` when a statement ends. A layer of
/// this turns it into `caracal_database_queries_total` and
/// `caracal_database_query_duration_seconds`, with the operation and the table that a wrapped pool
/// would record. It works with sqlx 0.8 and 0.9, on pools and on single connections, in code that is
/// generic over `Acquire`, in migrations, in advisory locks and in `PgListener`.
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
/// - sqlx emits at `DEBUG`, and statements that take a second or longer at `WARN`. The layer takes
///   every level. `ConnectOptions::log_statements` sets the level. With `LevelFilter::Off` sqlx emits
///   nothing, and nothing is counted.
/// - Filter the other layers, each by its own `with_filter`, as in the example. They then print what
///   they printed before. A filter for the whole subscriber (`.with(EnvFilter::…)`) hides from this
///   layer what it hides from the others. Add `sqlx::query=trace` to such a filter.
/// - Build on `tracing_subscriber::registry()`. The builder `tracing_subscriber::fmt()` takes no layer
///   that has a filter, and panics: use `fmt::layer()`, as in the example.
/// - Features of `tracing` such as `release_max_level_info` remove the events at compile time.
/// - A connection to SQLite runs statements on a thread of its own, so the subscriber must be the
///   global default there. The scoped ones of `with_default` and `set_default` do not see them.
///
/// [`check`](Self::check) says whether the events arrive.
///
/// # What the events do not tell
///
/// - How a statement ended. sqlx emits the same event for a statement that succeeded, failed, or was
///   cancelled, so the status is always `unknown`. A statement that the driver never ran (no
///   connection could be had, its future was not polled, its arguments can't be encoded) has no
///   event. `caracal_database_connection_errors_total` is not fed.
/// - The wait for a connection. The clock runs from when the driver takes the statement to when its
///   answer was read or dropped. A stream that is read slowly takes longer.
/// - `COPY` through `copy_in_raw` and `copy_out_raw`, preparing, describing and pinging have no
///   events. Rollbacks of dropped transactions and releases of dropped advisory locks have none
///   either.
/// - Beginning, committing and rolling back, and savepoints: sqlx emits events for some of them,
///   which depends on the driver. They are left out here.
/// - Which database a statement goes to. Texts are read in the [`Dialect`] that [`new`](Self::new) is
///   given.
///
/// sqlx copies the text of each statement into its event, which costs more than counting it does.
///
/// Drivers run statements of their own: Postgres's looks up types, for example. They have events, and
/// are counted.
///
/// # With a wrapped pool
///
/// What runs through an [`ObservedPool`](crate::ObservedPool) is counted by it, with its status, and
/// the event is left out. What runs on [`inner`](crate::ObservedPool::inner) is counted by the event.
/// This holds for all registries: a layer also leaves out what a pool of another registry counted.
///
/// With SQLite, a wrapped pool then makes a span named `counted` around each statement, at `TRACE`
/// where the subscriber lets it through, and otherwise at `ERROR`: by this the layer knows on the
/// thread of the connection what is counted already.
#[derive(Clone, Debug)]
pub struct QueryEvents {
    recording: Arc<Recording>,
    reached: Arc<Reached>,
    _instance: Arc<Instance>,
}

impl QueryEvents {
    /// Records into this registry. Texts are read in this dialect of SQL.
    ///
    /// # Errors
    ///
    /// When the registry has query events already: each query would be counted twice.
    pub fn new(metrics: &MetricsRegistry, dialect: Dialect) -> Result<Self, AttachError> {
        let instance = metrics.attach(QUERY_EVENTS, None)?.build();
        CountedHere::seek();
        Ok(Self {
            recording: Arc::new(Recording::new(metrics, dialect)),
            reached: Arc::default(),
            _instance: Arc::new(instance),
        })
    }

    /// The layer, for one subscriber.
    ///
    /// It has a filter of its own: it enables the events of sqlx for itself, and no others.
    #[must_use = "nothing is counted until the layer is in a subscriber"]
    pub fn layer<S>(&self) -> impl Layer<S> + Send + Sync + use<S>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        recording::QueryLayer::new(self.clone())
            .with_filter(OnlyQueries::new(Arc::clone(&self.reached)))
    }

    /// Whether events of this level reach the layer through the current subscriber. Give it the level
    /// that your `ConnectOptions::log_statements` has. sqlx's default is `DEBUG`.
    ///
    /// Call it when the subscriber is installed. It asks the filters and emits nothing. It can't see
    /// `log_statements(LevelFilter::Off)`.
    ///
    /// # Errors
    ///
    /// When the layer is not in the subscriber, or something hides the events from it.
    pub fn check(&self, level: Level) -> Result<(), HiddenQueryEvents> {
        if level > STATIC_MAX_LEVEL {
            return Err(HiddenQueryEvents::AtCompileTime { level, most: STATIC_MAX_LEVEL });
        }
        let dispatch = tracing::dispatcher::get_default(Clone::clone);
        self.reached.any.store(false, Relaxed);
        self.reached.probe.store(false, Relaxed);
        // A thread remembers what filters said until the event comes, and here none does.
        let ask = || {
            let enabled = dispatch.enabled(filter::probe(level));
            // Nobody filters here unless a filter for the whole subscriber did.
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
