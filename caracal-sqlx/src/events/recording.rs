//! From an event to the series of its statement.

use std::fmt;
use std::time::Duration;

use caracal_metrics_core::adapter::CountedHere;
use caracal_metrics_core::catalogue::{
    DATABASE_QUERIES, DATABASE_QUERY_DURATION, Query, QueryTime,
};
use caracal_metrics_core::{
    Counter, DatabaseOperationType as Operation, DurationHistogram, FamilyError, MetricsRegistry,
    QueryStatus,
};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use super::QueryEvents;
use crate::counted;
use crate::sql::{Dialect, QueryCache, classify, controls_transaction};

/// What statements record into.
#[derive(Debug)]
pub(super) struct Recording {
    metrics: MetricsRegistry,
    queries: QueryCache<Place>,
}

/// Where a statement is recorded.
#[derive(Clone, Debug)]
enum Place {
    /// With those of one operation on one table.
    Series { queries: Counter, duration: DurationHistogram },
    /// Nowhere: it is about a transaction.
    LeftOut,
}

impl Recording {
    pub(super) fn new(metrics: &MetricsRegistry, dialect: Dialect) -> Self {
        Self { metrics: metrics.clone(), queries: QueryCache::new(dialect) }
    }

    fn record(&self, event: &Event<'_>) {
        let mut statement =
            Statement { recording: self, summary: false, read: None, elapsed: None };
        event.record(&mut statement);
        if statement.read.is_none() {
            // A text of up to four words is its own summary.
            statement.summary = true;
            event.record(&mut statement);
        }
        let elapsed = statement.elapsed;
        // An event of a layout that is not sqlx's own so far: a statement that can't be read.
        let place = statement.read.unwrap_or_else(|| self.find(""));
        if let Place::Series { queries, duration } = place {
            queries.inc();
            if let Some(elapsed) = elapsed {
                duration.observe(elapsed);
            }
        }
    }

    fn find(&self, text: &str) -> Place {
        self.queries.get(text, |text, dialect| {
            if controls_transaction(text, dialect) {
                return Place::LeftOut;
            }
            let statement = classify(text, dialect);
            self.place(statement.operation, statement.table()).unwrap_or(Place::LeftOut)
        })
    }

    /// An error would be a family that can't be registered. These are of the catalogue, which every
    /// registry has.
    fn place(&self, operation: Operation, table: &str) -> Result<Place, FamilyError> {
        let query = Query { operation, table, status: QueryStatus::Unknown };
        let queries = self.metrics.family(&DATABASE_QUERIES)?.with(query);
        let duration = self.metrics.family(&DATABASE_QUERY_DURATION)?;
        Ok(Place::Series { queries, duration: duration.with(QueryTime { operation, table }) })
    }
}

/// What an event says of its statement.
struct Statement<'r> {
    recording: &'r Recording,
    /// Whether to take the summary for the text.
    summary: bool,
    read: Option<Place>,
    elapsed: Option<Duration>,
}

impl Visit for Statement<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            // sqlx puts line breaks around the text, and leaves it empty where the summary has it
            // all.
            "db.statement" if !value.is_empty() => {
                let text = value.strip_prefix("\n\n").unwrap_or(value);
                let text = text.strip_suffix('\n').unwrap_or(text);
                self.read = Some(self.recording.find(text));
            }
            "summary" if self.summary => self.read = Some(self.recording.find(value)),
            _ => {}
        }
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        if field.name() == "elapsed_secs" {
            self.elapsed = Duration::try_from_secs_f64(value).ok();
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn fmt::Debug) {}
}

/// Records the events that come.
pub(super) struct QueryLayer {
    events: QueryEvents,
}

impl QueryLayer {
    pub(super) fn new(events: QueryEvents) -> Self {
        Self { events }
    }
}

impl<S> Layer<S> for QueryLayer
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        if CountedHere::is_entered()
            || context.event_span(event).as_ref().is_some_and(counted::is_span)
        {
            return;
        }
        self.events.recording.record(event);
    }
}
